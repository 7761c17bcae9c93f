// Package kiali writes a custom dashboard for Kiali, which shows the metrics on the
// page of the exporter's workload. The types repeat Kiali's config/dashboards. A test
// in another module compares them with Kiali's, so that a build of dashgen does not
// download Kiali.
package kiali

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/board"
)

// dashboard is Kiali's MonitoringDashboard.
type dashboard struct {
	Name       string `yaml:"name"`
	Title      string `yaml:"title"`
	DiscoverOn string `yaml:"discoverOn"`
	Items      []item `yaml:"items"`
	Links      []link `yaml:"externalLinks"`
}

type item struct {
	Chart chart `yaml:"chart"`
}

type chart struct {
	Name         string        `yaml:"name"`
	Unit         string        `yaml:"unit,omitempty"`
	Spans        int           `yaml:"spans"`
	Min          *int          `yaml:"min,omitempty"`
	MetricName   string        `yaml:"metricName"`
	DataType     string        `yaml:"dataType"`
	Aggregator   string        `yaml:"aggregator,omitempty"`
	GroupLabels  []string      `yaml:"groupLabels,omitempty"`
	Aggregations []aggregation `yaml:"aggregations,omitempty"`
}

type aggregation struct {
	Label       string `yaml:"label"`
	DisplayName string `yaml:"displayName"`
}

// link is a link to a Grafana dashboard. Kiali finds the dashboard by its title.
type link struct {
	Type string `yaml:"type"`
	Name string `yaml:"name"`
}

const (
	name    = "moodring"
	columns = 12 // of Kiali's page
	perLine = 3  // charts side by side
)

// dashboards returns Kiali's custom dashboards.
func dashboards(all board.Set) []dashboard {
	d := dashboard{Name: name, Title: "Moodring", DiscoverOn: contract.Predictions}
	zero := 0
	for _, m := range contract.Metrics() {
		if m.Name == contract.ExporterBuild {
			continue // its value is always 1
		}
		d.Items = append(d.Items, item{Chart: chart{
			Name:         title(m),
			Unit:         unit(m),
			Spans:        columns / perLine,
			Min:          &zero,
			MetricName:   m.Name,
			DataType:     dataType(m),
			Aggregator:   aggregator(m),
			GroupLabels:  grouped(m),
			Aggregations: aggregations(m),
		}})
	}
	for _, b := range all.Boards {
		d.Links = append(d.Links, link{Type: "grafana", Name: b.Title})
	}
	return []dashboard{d}
}

// title returns the title of a chart: the metric's help text up to the first comma,
// semicolon or full stop.
func title(m contract.Metric) string {
	text, _, _ := strings.Cut(m.Help, ";")
	text, _, _ = strings.Cut(text, ",")
	return strings.TrimSuffix(text, ".")
}

func unit(m contract.Metric) string {
	switch {
	case m.Type == contract.Counter:
		return "ops"
	case m.Name == contract.UpstreamDuration || m.Name == contract.ExporterDuration:
		return "s"
	}
	return ""
}

func dataType(m contract.Metric) string {
	switch m.Type {
	case contract.Counter:
		return "rate"
	case contract.Histogram:
		return "histogram"
	}
	return "raw"
}

// aggregator returns Kiali's aggregator for gauges: the maximum, or for the up metric
// the minimum, so that one gateway that is down is visible.
func aggregator(m contract.Metric) string {
	switch {
	case m.Type != contract.Gauge:
		return ""
	case m.Name == contract.ExporterUp:
		return "min"
	}
	return "max"
}

// grouped returns the labels for which a chart always has separate lines.
func grouped(m contract.Metric) []string {
	var labels []string
	for _, label := range []string{contract.LabelLabel, contract.LabelOutcome, contract.LabelKind, contract.LabelResult, contract.LabelCodeClass, contract.LabelUpstream} {
		if m.Type != contract.Histogram && slices.Contains(m.Labels, label) {
			labels = append(labels, label)
		}
	}
	return labels
}

// aggregations returns the labels by which the reader can split a chart.
func aggregations(m contract.Metric) []aggregation {
	var all []aggregation
	for _, label := range m.Labels {
		if !slices.Contains(grouped(m), label) {
			all = append(all, aggregation{Label: label, DisplayName: label})
		}
	}
	return all
}

const configComment = `# Written by dashgen from the metric contract; do not edit.
# Kiali's custom dashboard for Moodring, as part of Kiali's configuration: put it under spec in the Kiali resource, or at the
# top level of config.yaml in Istio's ConfigMap kiali. kiali-patch.yaml adds it without a change to Kiali.
`

// Config returns the custom dashboards as a part of Kiali's configuration.
func Config(all board.Set) ([]byte, error) {
	return marshal(configComment, map[string]any{"custom_dashboards": dashboards(all)})
}

const patchComment = `# Written by dashgen from the metric contract; do not edit.
# The same custom dashboard as an annotation of the exporter's namespace, which Kiali also reads:
#   kubectl patch namespace istio-system --patch-file kiali-patch.yaml
`

// annotation is Kiali's DashboardTemplateAnnotation.
const annotation = "dashboards.kiali.io/templates"

// Patch returns a patch for the exporter's namespace.
func Patch(all board.Set) ([]byte, error) {
	list, err := marshal("", dashboards(all))
	if err != nil {
		return nil, err
	}
	annotations := map[string]any{"annotations": map[string]string{annotation: string(list)}}
	return marshal(patchComment, map[string]any{"metadata": annotations})
}

func marshal(comment string, value any) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(comment)
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("writing Kiali's dashboards: %w", err)
	}
	return out.Bytes(), nil
}
