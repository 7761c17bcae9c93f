package docs

import (
	"strings"
	"testing"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/board"
)

// TestMetricsIsComplete: each metric and each label of the contract has its row.
func TestMetricsIsComplete(t *testing.T) {
	text := Metrics(board.All())
	for _, m := range contract.Metrics() {
		row(t, text, "| `"+m.Name+"` | "+string(m.Type)+" | "+strings.Join(m.Labels, ", ")+" |")
		if m.Name == contract.ExporterBuild {
			continue // its labels are the exporter's version and Go's
		}
		for _, label := range m.Labels {
			row(t, text, "| `"+label+"` |")
		}
	}
}

func row(t *testing.T, text, start string) {
	t.Helper()
	if n := strings.Count(text, "\n"+start); n != 1 {
		t.Errorf("got %d rows that start with %q, want 1", n, start)
	}
}

// TestTablesHold: a | in a text would add a column to its row.
func TestTablesHold(t *testing.T) {
	columns := 0
	for _, line := range strings.Split(Metrics(board.All()), "\n") {
		n := strings.Count(line, "|")
		if n > 0 && columns > 0 && n != columns {
			t.Errorf("got %d columns, want %d: %s", n-1, columns-1, line)
		}
		columns = n
	}
}
