// Package expose serves what was scraped, and how the scraping went.
package expose

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/shape"
)

// Snapshot is what one scrape of one gateway gave.
type Snapshot struct {
	Gateway  string
	Up       bool
	Duration time.Duration
	Bytes    int64
	Series   []shape.Series
	Dropped  int            // samples and series that could not be used
	Kept     []shape.Series // of an earlier scrape, where this one failed
	IsGone   bool           // there is no such gateway any more: only what was kept is shown
}

// page gathers the families of a page.
type page struct {
	families map[string]*dto.MetricFamily
	seen     map[string]bool // series, by their labels
}

// families merges snapshots, and tells for each gateway how many of its series
// had to be left out: relabelling gave them the labels of another gateway's, or
// the name of a metric of another type, and values of different gateways are
// never added up.
func families(snapshots []Snapshot) (merged []*dto.MetricFamily, dropped map[string]int) {
	p := page{make(map[string]*dto.MetricFamily), make(map[string]bool)}
	dropped = make(map[string]int)
	for _, snapshot := range snapshots {
		for _, series := range slices.Concat(snapshot.own(), snapshot.Series, snapshot.Kept) {
			if !p.add(series) {
				dropped[snapshot.Gateway]++
			}
		}
	}
	byName := func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) }
	return slices.SortedFunc(maps.Values(p.families), byName), dropped
}

// own returns the exporter's series about the scrape itself. A gateway that is
// gone has none: a target_up of 0 would be an alarm about what was wanted.
func (s Snapshot) own() []shape.Series {
	if s.IsGone {
		return nil
	}
	up := 0.0
	if s.Up {
		up = 1
	}
	return []shape.Series{
		s.gauge(contract.ExporterUp, up),
		s.gauge(contract.ExporterDuration, s.Duration.Seconds()),
		s.gauge(contract.ExporterSamples, float64(len(s.Series))),
	}
}

func (s Snapshot) gauge(name string, value float64) shape.Series {
	row := metric(name)
	return shape.Series{
		Family: &shape.Family{Type: row.Type, Help: row.Help},
		Name:   name,
		Labels: labels.FromStrings(model.MetricNameLabel, name, contract.LabelGateway, s.Gateway),
		Value:  value,
	}
}

// metric returns the contract's row of name, which is one of its constants.
func metric(name string) contract.Metric {
	row, _ := contract.Find(name)
	return row
}

func (p *page) add(series shape.Series) bool {
	name, key := series.Name, string(series.Labels.Bytes(nil))
	family := p.families[name]
	if family == nil {
		family = &dto.MetricFamily{Name: &name, Help: &series.Help, Type: dtoType(series.Type)}
		p.families[name] = family
	}
	if p.seen[key] || family.GetType() != *dtoType(series.Type) {
		return false
	}
	p.seen[key] = true
	family.Metric = append(family.Metric, toDTO(series))
	return true
}

func dtoType(t contract.Type) *dto.MetricType {
	switch t {
	case contract.Counter:
		return dto.MetricType_COUNTER.Enum()
	case contract.Histogram:
		return dto.MetricType_HISTOGRAM.Enum()
	}
	return dto.MetricType_GAUGE.Enum()
}

func toDTO(series shape.Series) *dto.Metric {
	m := &dto.Metric{Label: pairs(series.Labels)}
	switch series.Type {
	case contract.Counter:
		m.Counter = &dto.Counter{Value: &series.Value}
	case contract.Histogram:
		m.Histogram = histogram(series.Histogram)
	default:
		m.Gauge = &dto.Gauge{Value: &series.Value}
	}
	return m
}

// pairs returns the labels sorted by name, without the metric's.
func pairs(all labels.Labels) []*dto.LabelPair {
	var pairs []*dto.LabelPair
	all.Range(func(l labels.Label) {
		if l.Name != model.MetricNameLabel {
			pairs = append(pairs, &dto.LabelPair{Name: &l.Name, Value: &l.Value})
		}
	})
	slices.SortFunc(pairs, func(a, b *dto.LabelPair) int { return cmp.Compare(a.GetName(), b.GetName()) })
	return pairs
}

func histogram(h *shape.Histogram) *dto.Histogram {
	buckets := make([]*dto.Bucket, len(h.Buckets))
	for i := range h.Buckets {
		buckets[i] = &dto.Bucket{UpperBound: &h.Buckets[i].Bound, CumulativeCount: &h.Buckets[i].Count}
	}
	return &dto.Histogram{SampleCount: &h.Count, SampleSum: &h.Sum, Bucket: buckets}
}
