package rules

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/moodring/moodring/dashgen/internal/board"
)

// TestFileIsAsPrometheusReadsIt: strictly, and for the same boards the same bytes.
func TestFileIsAsPrometheusReadsIt(t *testing.T) {
	text := file(t, Usual())
	groups, errs := rulefmt.Parse(text, false, model.UTF8Validation, parser.NewParser(parser.Options{}), promslog.NewNopLogger())
	for _, err := range errs {
		t.Error(err)
	}
	if groups == nil || len(groups.Groups) != 2 || len(groups.Groups[0].Rules) != len(board.All().Recordings) || len(groups.Groups[1].Rules) != len(board.All().Alerts()) {
		t.Errorf("got %+v", groups)
	}
	for range 10 {
		if !bytes.Equal(text, file(t, Usual())) {
			t.Fatal("the same boards gave other bytes")
		}
	}
}

func TestWindows(t *testing.T) {
	text := string(file(t, Windows{Drift: "2m", For: time.Minute}))
	for want, n := range map[string]int{"[2m]": 1, "[30m]": 0, "for: 1m\n": 14, "for: 10m\n": 0} {
		if got := strings.Count(text, want); (got > 0) != (n > 0) {
			t.Errorf("%q stands there %d times", want, got)
		}
	}
}

func file(t *testing.T, w Windows) []byte {
	t.Helper()
	text, err := File(board.All(), w)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
