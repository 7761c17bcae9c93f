package lint

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/grafana"
)

// sight is a dashboard and what one rule has against it.
type sight struct {
	name, dashboard string
	want            []string
}

func look(t *testing.T, r rule, c Context, cases []sight) {
	t.Helper()
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			d, err := Parse([]byte(tc.dashboard))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range Check(d, c, allBut(r.name)) {
				got = append(got, p.Place+": "+p.Message)
			}
			if diff := cmp.Diff(tc.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func allBut(kept string) map[string]bool {
	without := map[string]bool{}
	for _, name := range Names() {
		without[name] = name != kept
	}
	return without
}

// TestOurs: nothing is to be said against our own boards.
func TestOurs(t *testing.T) {
	for _, b := range board.All().Boards {
		t.Run(b.File, func(t *testing.T) {
			text, err := grafana.Marshal(b)
			if err != nil {
				t.Fatal(err)
			}
			d, err := Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range Check(d, Context{}, nil) {
				t.Errorf("%+v", p)
			}
		})
	}
}

// TestEachRule has its file and its test, and tells its name, what and why.
func TestEachRule(t *testing.T) {
	tests, err := filepath.Glob("rule_*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("rule_*.go")
	if err != nil {
		t.Fatal(err)
	}
	if len(tests) != len(rules()) || len(files) != 2*len(rules()) {
		t.Errorf("got %d tests in %d files for %d rules", len(tests), len(files), len(rules()))
	}
	seen := map[string]bool{}
	for _, r := range rules() {
		if r.name == "" || seen[r.name] || !strings.HasSuffix(r.what, ".") || !strings.HasSuffix(r.why, ".") {
			t.Errorf("%+v", r)
		}
		seen[r.name] = true
	}
}

func TestParseRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"no JSON":       {"title: D", "no JSON of a dashboard"},
		"no dashboard":  {`{"a": 1}`, "neither a title nor panels"},
		"a list":        {`[]`, "no JSON of a dashboard"},
		"v2":            {`{"title": "D", "elements": {"panel-1": {"kind": "Panel"}}}`, "of Grafana's v2 schema: export it in the classic one"},
		"v2, as object": {`{"apiVersion": "dashboard.grafana.app/v2beta1", "kind": "Dashboard", "spec": {"title": "D", "elements": {}}}`, "of Grafana's v2 schema"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse([]byte(tc.text)); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want one with %q", err, tc.want)
			}
		})
	}
}

// TestParseWrapped: what Grafana's APIs answer with is a dashboard too, and what
// was made before 2018 has its panels in rows.
func TestParseWrapped(t *testing.T) {
	for _, text := range []string{
		`{"meta":{},"dashboard":{"title":"D","panels":[{"type":"row","panels":[{"title":"P"}]}]}}`,
		`{"title":"D","rows":[{"panels":[{"title":"P"}]}]}`,
		`{"apiVersion":"dashboard.grafana.app/v1","kind":"Dashboard","metadata":{"name":"d"},"spec":{"title":"D","panels":[{"title":"P"}]}}`,
	} {
		d, err := Parse([]byte(text))
		if err != nil || len(d.panels()) != 1 || d.panels()[0].Title != "P" {
			t.Errorf("%s: got %+v, %v", text, d, err)
		}
	}
}

func TestDocument(t *testing.T) {
	committed, err := os.ReadFile("../../../docs/lint.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Document(), string(committed)); diff != "" {
		t.Errorf("stale; in the repository's root: go run ./dashgen lint --rules > docs/lint.md\n%s", diff)
	}
}
