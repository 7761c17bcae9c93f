package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/grafana"
)

func write(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "dashgen.yaml")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestRead(t *testing.T) {
	c, err := Read(write(t, "rules: {window: 6h, for: 30m, limits: {MoodringLabelMixDrift: 0.25}, without: [MoodringOverflow], labels: {team: ml}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	w := c.Windows()
	if w.Drift != "6h" || w.For != 30*time.Minute || w.Limits["MoodringLabelMixDrift"] != 0.25 || !w.Without["MoodringOverflow"] || w.Labels["team"] != "ml" {
		t.Errorf("got %+v", w)
	}
	if c, err := Read(write(t, "")); err != nil || c.Windows().Drift != "30m" {
		t.Errorf("an empty file gave %+v, %v", c, err)
	}
}

// TestReadRefuses checks that an error names the file, and the line or the key.
func TestReadRefuses(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"an unknown key", "rules:\n  window: 1h\n  thresholds: {a: 1}\n", "line 3: field thresholds is unknown; docs/command-line.md has all keys"},
		{"text for a number", "rules:\n  limits: {MoodringLabelMixDrift: high}\n", "line 2: wrong type of value: !!str `high`"},
		{"a bad duration", "rules:\n  window: soon\n", `line 2: "soon" is not a duration; write one such as 30m or 6h`},
		{"a duration without a unit", "dashboards: {refresh: 6}\n", `line 1: "6" is not a duration; write one such as 30m or 6h`},
		{"two documents", "selector: a=\"b\"\n---\nselector: a=\"c\"\n", "more than one YAML document: keep one"},
		{"no such alert", "rules: {limits: {Nothing: 1}}\n", "no alert Nothing has a limit; these have one: "},
		{"no such dashboard", "dashboards: {titles: {nothing: A}}\n", "dashboards.titles: no dashboard nothing; there are moodring-overview, "},
		{"no title", "dashboards: {titles: {moodring-overview: \"\"}}\n", "the title of moodring-overview is empty"},
		{"a bad matcher", "selector: cluster\n", `selector: 1:`},
		{"a bad label", "rules: {labels: {a-b: c}}\n", `rules.labels: "a-b" is not a valid name of a label`},
		{"a bad external label", "dashboards: {external_label: a-b}\n", `dashboards.external_label: "a-b" is not`},
		{"a bad time", "dashboards: {from: yesterday}\n", `dashboards.from: "yesterday" is not a time as now-6h or now/d`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Read(write(t, tc.text))
			if err == nil || !strings.Contains(err.Error(), "dashgen.yaml: ") || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
	if _, err := Read("/nowhere/dashgen.yaml"); err == nil {
		t.Error("a missing file is no error")
	}
}

// TestBoards checks each choice in the dashboards' JSON.
func TestBoards(t *testing.T) {
	c, err := Read(write(t, `
selector: job="moodring"
rules: {limits: {MoodringLabelMixDrift: 0.3}}
dashboards: {titles: {moodring-model: Models}, tags: [ml], from: now-6h, refresh: 1m, window: 30m, external_label: cluster}
`))
	if err != nil {
		t.Fatal(err)
	}
	all := c.Boards(board.All())
	if err := all.Validate(); err != nil {
		t.Fatal(err)
	}
	text := marshal(t, all, "moodring-model")
	for _, want := range []string{
		`"title": "Models"`, `"from": "now-6h"`, `"refresh": "1m"`, `"query": "30m,5m,1m,2h"`, `"ml"`,
		`"query": "label_values(moodring_exporter_target_up{job=\"moodring\"}, cluster)"`,
		`label_values(moodring_replies_total{cluster=\"$cluster\",job=\"moodring\"`,
		`moodring_predictions_total{cluster=\"$cluster\",job=\"moodring\",`,
		`moodring:label_drift:psi{cluster=\"$cluster\",model=`,
		`moodring:label_drift:psi \u003e 0.3`,
		`"value": 0.3`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the dashboard lacks %s", want)
		}
	}
	if overview := marshal(t, all, "moodring-overview"); !strings.Contains(overview, `${cluster:queryparam}"`) {
		t.Error("a link to the model's dashboard loses the cluster")
	}
	if usual := marshal(t, Config{}.Boards(board.All()), "moodring-model"); usual != marshal(t, board.All(), "moodring-model") {
		t.Error("no choices change a dashboard")
	}
}

func marshal(t *testing.T, all board.Set, uid string) string {
	t.Helper()
	at := slices.IndexFunc(all.Boards, func(b board.Board) bool { return b.UID == uid })
	text, err := grafana.Marshal(all.Boards[at])
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestMoved(t *testing.T) {
	thresholds := []board.Threshold{{Level: board.Good}, {From: 0.1, Level: board.Warn}, {From: 0.25, Level: board.Bad}}
	for _, tc := range []struct {
		to   float64
		want []float64
	}{{0.2, []float64{0, 0.2, 0.25}}, {0.3, []float64{0, 0.3}}} {
		var got []float64
		for _, threshold := range moved(thresholds, 0.1, tc.to) {
			got = append(got, threshold.From)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Error(diff)
		}
	}
}
