package lint

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/dashboard"
	"github.com/moodring/moodring/dashgen/internal/grafana"
)

// ruleCase is a dashboard and the problems that one rule finds in it.
type ruleCase struct {
	name, dashboard string
	want            []string
}

func testRule(t *testing.T, r rule, c Context, cases []ruleCase) {
	t.Helper()
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			d := parse(t, tc.dashboard)
			var got []string
			for _, p := range Check(d, c, onlyRule(r.name)) {
				got = append(got, p.Place+": "+p.Message)
			}
			if diff := cmp.Diff(tc.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// panelOf returns a dashboard with one panel over time, and its query.
func panelOf(expr string) string {
	return fmt.Sprintf(`{"title":"D","panels":[{"title":"P","type":"timeseries","targets":[{"refId":"A","expr":%q}]}]}`, expr)
}

func onlyRule(kept string) map[string]bool {
	disabled := map[string]bool{}
	for _, name := range Names() {
		disabled[name] = name != kept
	}
	return disabled
}

// TestOurs checks that our own dashboards have no problems.
func TestOurs(t *testing.T) {
	for _, b := range board.All().Boards {
		t.Run(b.File, func(t *testing.T) {
			text, err := grafana.Marshal(b)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range Check(parse(t, string(text)), Context{}, nil) {
				t.Errorf("%+v", p)
			}
		})
	}
}

// TestEachRule checks that each rule has a file, a test, a name and a text.
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
		if r.name == "" || seen[r.name] || !strings.HasSuffix(r.rule, ".") || !strings.HasSuffix(r.why, ".") {
			t.Errorf("%+v", r)
		}
		seen[r.name] = true
	}
}

// TestRows checks dashboards of before Grafana 5, whose panels are in rows.
func TestRows(t *testing.T) {
	d := parse(t, `{"title":"D","rows":[{"panels":[{"title":"P"}]}]}`)
	if len(d.panels()) != 1 || d.panels()[0].Title != "P" {
		t.Errorf("got %+v", d)
	}
}

func parse(t *testing.T, text string) Dashboard {
	t.Helper()
	read, err := dashboard.Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	d, err := Parse(read)
	if err != nil {
		t.Fatal(err)
	}
	return d
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
