package discover

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/prom"
)

// Page returns the families of an exporter's page whose names match.
func Page(ctx context.Context, exporter prom.Client, match *regexp.Regexp) ([]Family, error) {
	page, err := exporter.Page(ctx, string(expfmt.NewFormat(expfmt.TypeTextPlain)))
	if err != nil {
		return nil, err
	}
	families, err := Read(bytes.NewReader(page), match)
	if err != nil {
		return nil, fmt.Errorf("reading metrics at %s: %w; is it a page of metrics?", exporter, err)
	}
	return families, nil
}

// Read returns the families of a page in the text format whose names match.
func Read(page io.Reader, match *regexp.Regexp) ([]Family, error) {
	text, err := normal(page)
	if err != nil {
		return nil, err
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	parsed, err := parser.TextToMetricFamilies(text)
	if err != nil {
		return nil, err
	}
	var families []Family
	for name, family := range parsed {
		if match.MatchString(name) {
			families = append(families, Family{name, typeOf(family.GetType()), family.GetHelp(), labelCounts(family.GetMetric())})
		}
	}
	if len(families) == 0 {
		return nil, errors.New("it has no metric of such a name")
	}
	return families, nil
}

func typeOf(t dto.MetricType) contract.Type {
	switch t {
	case dto.MetricType_COUNTER:
		return contract.Counter
	case dto.MetricType_HISTOGRAM:
		return contract.Histogram
	case dto.MetricType_SUMMARY:
		return Summary
	case dto.MetricType_GAUGE:
		return contract.Gauge
	}
	return Untyped
}

func labelCounts(metrics []*dto.Metric) map[string]int {
	values := map[string]map[string]bool{}
	for _, m := range metrics {
		for _, pair := range m.GetLabel() {
			if values[pair.GetName()] == nil {
				values[pair.GetName()] = map[string]bool{}
			}
			values[pair.GetName()][pair.GetValue()] = true
		}
	}
	counts := map[string]int{}
	for name, seen := range values {
		counts[name] = len(seen)
	}
	return counts
}

// Prometheus returns the families with matching names and current series.
func Prometheus(ctx context.Context, prometheus prom.Client, match *regexp.Regexp) ([]Family, error) {
	metadata, err := prometheus.Metadata(ctx)
	if err != nil {
		return nil, err
	}
	var families []Family
	known := map[string]bool{} // a Prometheus that scrapes both formats has a counter twice
	for _, name := range slices.Sorted(maps.Keys(metadata)) {
		entries := metadata[name]
		if len(entries) == 0 {
			continue
		}
		for _, name := range seriesNames(name, contract.Type(entries[0].Type)) {
			f := Family{Name: name, Type: contract.Type(entries[0].Type), Help: entries[0].Help}
			if !match.MatchString(name) || known[name] {
				continue
			}
			known[name] = true
			if f.Labels, err = values(ctx, prometheus, f.series()); err != nil {
				return nil, fmt.Errorf("the labels of %s: %w", name, err)
			}
			families = append(families, f)
		}
	}
	families = slices.DeleteFunc(families, func(f Family) bool { return f.Labels == nil })
	if len(families) == 0 {
		return nil, fmt.Errorf("asking Prometheus at %s: it has no metric of such a name", prometheus)
	}
	return families, nil
}

const total = "_total"

// seriesNames returns the names that series of a metric in the metadata can
// have. Scraped as OpenMetrics, a counter has no suffix in the metadata.
func seriesNames(name string, t contract.Type) []string {
	if t != contract.Counter || strings.HasSuffix(name, total) {
		return []string{name}
	}
	return []string{name, name + total}
}

// values counts the values of each label of a series. The result is nil if the
// series does not exist.
func values(ctx context.Context, prometheus prom.Client, series string) (map[string]int, error) {
	vector, err := prometheus.Vector(ctx, "{__name__="+quoted(series)+"}", time.Time{})
	if err != nil || len(vector) == 0 {
		return nil, err
	}
	seen := map[string][]string{}
	for _, sample := range vector {
		for name, value := range sample.Metric {
			if name != model.MetricNameLabel && !slices.Contains(seen[string(name)], string(value)) {
				seen[string(name)] = append(seen[string(name)], string(value))
			}
		}
	}
	counts := map[string]int{}
	for name, all := range seen {
		counts[name] = len(all)
	}
	return counts, nil
}

func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// Types returns the type of each family by name.
func Types(families []Family) map[string]contract.Type {
	types := map[string]contract.Type{}
	for _, f := range families {
		types[f.Name] = f.Type
	}
	return types
}
