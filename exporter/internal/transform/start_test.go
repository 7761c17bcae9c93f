package transform

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"

	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/scrape"
)

// startsOf returns the starts of a page's predictions by label, in seconds.
func startsOf(t *testing.T, s *Transformer, page string, began, restart time.Time) map[string]int64 {
	t.Helper()
	s.Begin()
	if err := new(scrape.TextReader).Read(strings.NewReader(page), 64<<10, s.Add); err != nil {
		t.Fatal(err)
	}
	starts := make(map[string]int64)
	series, _ := s.End(began, restart)
	for _, one := range series {
		starts[one.Labels.Get("label")] = int64(one.Start) / 1000
	}
	return starts
}

const (
	joy   = "label___joy___moodring_predictions_total{} 3\n"
	grief = "label___grief___moodring_predictions_total{} 1\n"
)

// The start of a series is the last page without it. A series of the first page has
// none: it may have counted for long. After a restart, all have one.
func TestStarts(t *testing.T) {
	s := New(Options{Format: config.Prometheus, MaxSeries: 1000})
	for i, step := range []struct {
		page       string
		restart    int64
		joy, grief int64
	}{
		{joy, 0, 0, 0},
		{joy + grief, 0, 0, 100},
		{joy + grief, 0, 0, 100},
		{joy, 0, 0, 0}, // Envoy evicted the other
		{joy + grief, 0, 0, 400},
		{joy + grief, 555, 555, 555},
		{joy + grief, 0, 555, 555},
	} {
		var restart time.Time
		if step.restart > 0 {
			restart = time.Unix(step.restart, 0)
		}
		got := startsOf(t, s, step.page, time.Unix(int64(i+1)*100, 0), restart)
		if got["joy"] != step.joy || got["grief"] != step.grief {
			t.Errorf("page %d: got %v, want joy %d and grief %d", i+1, got, step.joy, step.grief)
		}
	}
}

// A page that did not end, or that was cut by a limit, says nothing about the series
// that it lacks.
func TestStartsAfterIncompletePages(t *testing.T) {
	page := New(Options{Format: config.Prometheus, MaxSeries: 1000})
	startsOf(t, page, joy, time.Unix(100, 0), time.Time{})
	page.Begin()
	if got := startsOf(t, page, joy+grief, time.Unix(300, 0), time.Time{}); got["grief"] != 100 {
		t.Errorf("after a page that did not end: got %v, want grief 100", got)
	}
	cut := New(Options{Format: config.Prometheus, MaxSeries: 1})
	startsOf(t, cut, joy+grief, time.Unix(100, 0), time.Time{})
	if got := startsOf(t, cut, grief, time.Unix(200, 0), time.Time{}); got["grief"] != 0 {
		t.Errorf("after a page that was cut: got %v, want an unknown start", got)
	}
}

// Of series that relabelling adds up, one may have counted for long.
func TestStartOfASum(t *testing.T) {
	drop := &relabel.Config{Regex: relabel.MustNewRegexp("label"), Action: relabel.LabelDrop, NameValidationScheme: model.UTF8Validation}
	s := New(Options{Format: config.Prometheus, Labels: labels.FromStrings("gateway", "g"), Relabel: []*relabel.Config{drop}, MaxSeries: 1000})
	startsOf(t, s, joy, time.Unix(100, 0), time.Time{})
	if got := startsOf(t, s, joy+grief, time.Unix(200, 0), time.Time{}); got[""] != 0 {
		t.Errorf("got %v, want an unknown start", got)
	}
}

// A start is on pages in OpenMetrics for a while only: for a Prometheus that does not
// know starts, it is one more series.
func TestNewStarts(t *testing.T) {
	at := StartAt(time.Unix(1000, 0))
	for start, want := range map[Start]bool{0: false, at: true, at - 300_000: true, at - 300_001: false} {
		if got := start.isNew(at); got != want {
			t.Errorf("a start %d ms ago is new: %v", at-start, got)
		}
	}
}
