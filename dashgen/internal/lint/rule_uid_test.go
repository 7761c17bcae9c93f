package lint

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDashboardUID(t *testing.T) {
	long := strings.Repeat("a", 41)
	testRule(t, dashboardUID(), Context{}, []ruleCase{
		{"too long", `{"title":"D","uid":"` + long + `"}`, []string{`dashboard: has the uid "` + long + `", which Grafana refuses: use at most 40 of A-Z, a-z, 0-9, _ and -`}},
		{"other characters", `{"title":"D","uid":"a b/ü"}`, []string{`dashboard: has the uid "a b/ü", which Grafana refuses: use at most 40 of A-Z, a-z, 0-9, _ and -`}},
		{"valid", `{"title":"D","uid":"A_b-9"}`, nil},
		{"none", `{"title":"D"}`, nil},
	})
}

// TestSeveralFiles checks uids and titles of several files.
func TestSeveralFiles(t *testing.T) {
	file := func(name, text string) File { return File{name, parse(t, text)} }
	problems := CheckAll([]File{
		file("a.json", `{"title":"A","uid":"one"}`), file("b.json", `{"title":"B","uid":"one"}`), file("c.json", `{"title":"A"}`), file("d.json", `{"title":"D"}`),
	}, Context{}, onlyRule("dashboard-uid"))
	want := [][]Problem{
		nil,
		{{"dashboard-uid", "dashboard", "has the uid one, as has a.json"}},
		{{"dashboard-uid", "dashboard", `has the title "A", as has a.json`}},
		nil,
	}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
