package promapi

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
)

var errTruncated = errors.New("results truncated due to limit")

// selection is the part of the storage that a request asks for.
type selection struct {
	storage.Querier
	start, end int64 // Unix milliseconds
	limit      int   // 0 for none
	matchers   [][]*labels.Matcher
}

// selection opens a querier, which the caller closes if err is nil.
func (o Options) selection(r *http.Request) (s selection, err error) {
	if s.start, s.end, err = timeRange(r); err != nil {
		return selection{}, err
	}
	if s.limit, err = limitParam(r); err != nil {
		return selection{}, err
	}
	if s.matchers, err = o.matcherSets(r); err != nil {
		return selection{}, err
	}
	s.Querier, err = o.Storage.Querier(s.start, s.end)
	return s, err
}

func (o Options) series(r *http.Request) (any, annotations.Annotations, error) {
	s, err := o.selection(r)
	if err != nil {
		return nil, nil, err
	}
	defer s.Close()
	if len(s.matchers) == 0 {
		return nil, nil, badData{errors.New("no match[] parameter provided")}
	}
	// Func "series" tells the storage that no samples are needed.
	hints := &storage.SelectHints{Start: s.start, End: s.end, Func: "series"}
	var sets []storage.SeriesSet
	for _, matchers := range s.matchers {
		sets = append(sets, s.Select(r.Context(), true, hints, matchers...))
	}
	found, merged := []labels.Labels{}, storage.NewMergeSeriesSet(sets, 0, storage.ChainedSeriesMerge)
	for merged.Next() {
		found = append(found, merged.At().Labels())
	}
	kept, warnings := truncate(found, s.limit, merged.Warnings())
	return kept, warnings, merged.Err()
}

func (o Options) labelNames(r *http.Request) (any, annotations.Annotations, error) {
	s, err := o.selection(r)
	if err != nil {
		return nil, nil, err
	}
	defer s.Close()
	return s.union(func(matchers []*labels.Matcher) ([]string, annotations.Annotations, error) {
		return s.LabelNames(r.Context(), nil, matchers...)
	})
}

func (o Options) labelValues(r *http.Request) (any, annotations.Annotations, error) {
	name := r.PathValue("name")
	if !model.UTF8Validation.IsValidLabelName(name) {
		return nil, nil, badData{fmt.Errorf("invalid label name: %q", name)}
	}
	s, err := o.selection(r)
	if err != nil {
		return nil, nil, err
	}
	defer s.Close()
	return s.union(func(matchers []*labels.Matcher) ([]string, annotations.Annotations, error) {
		return s.LabelValues(r.Context(), name, nil, matchers...)
	})
}

// union returns the distinct texts that read gives for the selectors, sorted.
// Without a selector, read is called once and gives all.
func (s selection) union(read func([]*labels.Matcher) ([]string, annotations.Annotations, error)) (any, annotations.Annotations, error) {
	sets := s.matchers
	if len(sets) == 0 {
		sets = [][]*labels.Matcher{nil}
	}
	distinct, warnings := map[string]bool{}, annotations.Annotations{}
	for _, matchers := range sets {
		texts, more, err := read(matchers)
		if err != nil {
			return nil, nil, err
		}
		warnings.Merge(more)
		for _, text := range texts {
			distinct[text] = true
		}
	}
	sorted := slices.AppendSeq([]string{}, maps.Keys(distinct)) // [] in JSON, not null
	slices.Sort(sorted)
	kept, warnings := truncate(sorted, s.limit, warnings)
	return kept, warnings, nil
}

// truncate keeps the first results, and warns if it drops any. A limit of 0
// keeps all.
func truncate[T any](results []T, limit int, warnings annotations.Annotations) ([]T, annotations.Annotations) {
	if limit == 0 || len(results) <= limit {
		return results, warnings
	}
	return results[:limit], warnings.Add(errTruncated)
}
