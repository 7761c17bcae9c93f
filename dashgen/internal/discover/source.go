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
	"strconv"
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
	return typed(families), nil
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
	values := labelValues{}
	for _, m := range metrics {
		for _, pair := range m.GetLabel() {
			values.add(pair.GetName(), pair.GetValue())
		}
	}
	return values.counts()
}

// labelValues has the values of each label.
type labelValues map[string]map[string]bool

func (v labelValues) add(name, value string) {
	if v[name] == nil {
		v[name] = map[string]bool{}
	}
	v[name][value] = true
}

func (v labelValues) counts() map[string]int {
	counts := map[string]int{}
	for name, seen := range v {
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
	seen := map[string]bool{} // a Prometheus that scrapes both formats has a counter twice
	for _, name := range slices.Sorted(maps.Keys(metadata)) {
		entries := metadata[name]
		if len(entries) == 0 {
			continue
		}
		for _, name := range seriesNames(name, contract.Type(entries[0].Type)) {
			f := Family{Name: name, Type: known(contract.Type(entries[0].Type)), Help: entries[0].Help}
			if !match.MatchString(name) || seen[name] {
				continue
			}
			seen[name] = true
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
	return typed(families), nil
}

// values counts the values of each label of a series. The result is nil if the
// series does not exist.
func values(ctx context.Context, prometheus prom.Client, series string) (map[string]int, error) {
	vector, err := prometheus.Vector(ctx, "{__name__="+strconv.Quote(series)+"}", time.Time{})
	if err != nil || len(vector) == 0 {
		return nil, err
	}
	values := labelValues{}
	for _, sample := range vector {
		for name, value := range sample.Metric {
			if name != model.MetricNameLabel {
				values.add(string(name), string(value))
			}
		}
	}
	return values.counts(), nil
}

// Types returns the type of each family by name.
func Types(families []Family) map[string]contract.Type {
	types := map[string]contract.Type{}
	for _, f := range families {
		types[f.Name] = f.Type
	}
	return types
}
