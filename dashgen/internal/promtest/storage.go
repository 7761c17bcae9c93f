package promtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
)

// memory holds series of floats for Prometheus's query engine. It must not
// change while it is read. Prometheus's own storage would do, but its module
// needs the SDKs of three clouds.
type memory struct {
	series map[string]*promql.Series // by its labels, as text
	types  map[string]string         // of a metric, by its name
}

// parse reads series in the notation that Server describes.
func parse(text string) (*memory, error) {
	m := &memory{series: map[string]*promql.Series{}, types: map[string]string{}}
	var step time.Duration
	for i, line := range strings.Split(text, "\n") {
		if err := m.parseLine(strings.TrimSpace(line), &step); err != nil {
			return nil, fmt.Errorf("series, line %d: %s: %w", i+1, line, err)
		}
	}
	return m, nil
}

const typeComment = "# TYPE "

func (m *memory) parseLine(line string, step *time.Duration) error {
	if declared, ok := strings.CutPrefix(line, typeComment); ok {
		name, kind, _ := strings.Cut(declared, " ")
		m.types[name] = kind
		return nil
	}
	if line == "" || strings.HasPrefix(line, "#") {
		return nil
	}
	if interval, ok := strings.CutPrefix(line, "load "); ok {
		parsed, err := model.ParseDuration(interval)
		*step = time.Duration(parsed)
		return err
	}
	if *step == 0 {
		return errors.New(`no "load INTERVAL" before it`)
	}
	metric, values, err := parser.NewParser(parser.Options{}).ParseSeriesDesc(line)
	if err != nil {
		return err
	}
	if _, ok := m.series[metric.String()]; ok {
		return errors.New("the series is there already")
	}
	for i, v := range values {
		if v.Histogram != nil {
			return errors.New("native histograms are not supported")
		}
		if !v.Omitted {
			if err := m.append(metric, (time.Duration(i) * *step).Milliseconds(), v.Value); err != nil {
				return err
			}
		}
	}
	return nil
}

// append adds a sample, which must be later than the earlier ones of its series.
func (m *memory) append(metric labels.Labels, milliseconds int64, value float64) error {
	key := metric.String()
	s, ok := m.series[key]
	if !ok {
		s = &promql.Series{Metric: metric}
		m.series[key] = s
	}
	if n := len(s.Floats); n > 0 && s.Floats[n-1].T >= milliseconds {
		return fmt.Errorf("%s has a sample at %d ms already", key, s.Floats[n-1].T)
	}
	s.Floats = append(s.Floats, promql.FPoint{T: milliseconds, F: value})
	return nil
}

// Querier implements storage.Queryable.
func (m *memory) Querier(from, to int64) (storage.Querier, error) {
	return querier{m, from, to}, nil
}

// querier reads the samples from one time to another, in milliseconds.
type querier struct {
	memory   *memory
	from, to int64
}

// find returns the matching series that have samples, sorted by their labels.
func (q querier) find(matchers []*labels.Matcher) []promql.Series {
	var found []promql.Series
	for _, s := range q.memory.series {
		first := sort.Search(len(s.Floats), func(i int) bool { return s.Floats[i].T >= q.from })
		end := sort.Search(len(s.Floats), func(i int) bool { return s.Floats[i].T > q.to })
		if first < end && matches(s.Metric, matchers) {
			found = append(found, promql.Series{Metric: s.Metric, Floats: s.Floats[first:end]})
		}
	}
	slices.SortFunc(found, func(a, b promql.Series) int { return labels.Compare(a.Metric, b.Metric) })
	return found
}

func matches(metric labels.Labels, matchers []*labels.Matcher) bool {
	for _, m := range matchers {
		if !m.Matches(metric.Get(m.Name)) {
			return false
		}
	}
	return true
}

// Select implements storage.Querier.
func (q querier) Select(_ context.Context, _ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	return &seriesSet{rest: q.find(matchers)}
}

// LabelValues implements storage.LabelQuerier.
func (q querier) LabelValues(_ context.Context, name string, _ *storage.LabelHints, matchers ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	values := []string{}
	for _, s := range q.find(matchers) {
		if value := s.Metric.Get(name); value != "" {
			values = append(values, value)
		}
	}
	slices.Sort(values)
	return slices.Compact(values), nil, nil
}

// LabelNames implements storage.LabelQuerier. The engine does not call it.
func (q querier) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, errors.New("promtest: label names are not supported")
}

// Close implements storage.LabelQuerier.
func (q querier) Close() error { return nil }

// seriesSet implements storage.SeriesSet.
type seriesSet struct {
	current promql.Series
	rest    []promql.Series
}

func (s *seriesSet) Next() bool {
	if len(s.rest) == 0 {
		return false
	}
	s.current, s.rest = s.rest[0], s.rest[1:]
	return true
}

func (s *seriesSet) At() storage.Series                { return promql.NewStorageSeries(s.current) }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }
