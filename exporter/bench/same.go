package main

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/exporter/internal/scrape"
)

// sameSamples checks that the exporter and the official parser find the same samples
// on a page.
func sameSamples(page []byte) error {
	var ours []string
	err := new(scrape.TextReader).Read(bytes.NewReader(page), maxLine, func(s scrape.Sample) {
		ours = append(ours, line(s.Name, s.Value, s.Labels...))
	})
	if err != nil {
		return err
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(page))
	if err != nil {
		return err
	}
	var theirs []string
	for name, family := range families {
		for _, m := range family.Metric {
			theirs = append(theirs, lines(name, m)...)
		}
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	if len(ours) != len(theirs) {
		return fmt.Errorf("the exporter finds %d samples, expfmt %d", len(ours), len(theirs))
	}
	for i := range ours {
		if ours[i] != theirs[i] {
			return fmt.Errorf("the exporter finds %s, expfmt %s", ours[i], theirs[i])
		}
	}
	return nil
}

func line(name string, value float64, labels ...scrape.Label) string {
	labels = slices.SortedFunc(slices.Values(labels), func(a, b scrape.Label) int { return strings.Compare(a.Name, b.Name) })
	return fmt.Sprintf("%s%q %v", name, labels, value)
}

// lines returns the samples of a metric.
func lines(name string, m *dto.Metric) []string {
	var labels []scrape.Label
	for _, pair := range m.Label {
		labels = append(labels, scrape.Label{Name: pair.GetName(), Value: pair.GetValue()})
	}
	h := m.Histogram
	if h == nil {
		return []string{line(name, m.Counter.GetValue()+m.Gauge.GetValue()+m.Untyped.GetValue(), labels...)}
	}
	texts := []string{line(name+"_sum", h.GetSampleSum(), labels...), line(name+"_count", float64(h.GetSampleCount()), labels...)}
	for _, b := range h.Bucket {
		le := scrape.Label{Name: "le", Value: strconv.FormatFloat(b.GetUpperBound(), 'f', -1, 64)}
		texts = append(texts, line(name+"_bucket", float64(b.GetCumulativeCount()), append(slices.Clone(labels), le)...))
	}
	return texts
}
