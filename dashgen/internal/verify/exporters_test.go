package verify

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/promtest"
	"github.com/moodring/moodring/dashgen/internal/rules"
)

// TestSecondExporter checks that no query changes when a second exporter scrapes
// the same gateways, as during each rollout of the exporter. Only the panel Versions,
// and the alert about a refused configuration, count exporters.
func TestSecondExporter(t *testing.T) {
	all := board.All()
	text, err := rules.File(all, rules.Windows{Drift: window})
	if err != nil {
		t.Fatal(err)
	}
	doubled := promtest.Dial(t, promtest.Server(t, withSecondExporter(promtest.Stack()), promtest.Now, promtest.Baseline, string(text)).URL)
	alone := healthy(t, all)
	for _, s := range shownQueries(all) {
		if strings.HasSuffix(s.place, ": Versions") || strings.HasSuffix(s.place, "MoodringConfigurationRefused") {
			continue
		}
		if diff := cmp.Diff(s.lines(t, alone), s.lines(t, doubled)); diff != "" {
			t.Errorf("%s: -alone +doubled:\n%s\n%s", s.place, diff, strings.Join(s.exprs, "\n"))
		}
	}
}

// withSecondExporter adds a copy of each metric of the contract, with another
// instance.
func withSecondExporter(series string) string {
	var out strings.Builder
	for line := range strings.Lines(series) {
		out.WriteString(line)
		name, rest, ok := strings.Cut(strings.TrimSpace(line), "{")
		metric, _, _ := contract.CutPart(name)
		_, isWhole := contract.Find(name)
		_, isPart := contract.Find(metric)
		if ok && (isWhole || isPart) {
			out.WriteString("  " + name + `{instance="second",` + rest + "\n")
		}
	}
	return out.String()
}
