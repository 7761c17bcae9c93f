package demo

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestJudge(t *testing.T) {
	sound := func() Result {
		return Result{
			Answers:     map[string]LabelCounts{"joy": {3, 3, 3, 3}, "fear": {1, 1, 1, 1}},
			Denied:      Refusals{5, 5},
			RateLimited: Refusals{3, 3},
			Verified:    Verified{Panels: Panels{16, 16}},
			Seconds:     12.34,
		}
	}
	const table = `  answers  model server  Envoy  exporter  Prometheus
     fear             1      1         1           1
      joy             3      3         3           3

refused: 5 of 5 denied (403) and 3 of 3 rate-limited (429) calls counted
panels:  16 of 16 answered
result:  all equal, after 12.3 s
`
	tests := []struct {
		name        string
		change      func(*Result)
		differences []string
	}{
		{"sound", func(*Result) {}, nil},
		{"Envoy misses one", func(r *Result) { r.Answers["joy"] = LabelCounts{3, 2, 3, 3} }, []string{`"joy": model server 3, Envoy 2, exporter 3, Prometheus 3`}},
		{"a label that only the exporter has", func(r *Result) { r.Answers["odd"] = LabelCounts{Exporter: 1} }, []string{`"odd": model server 0, Envoy 0, exporter 1, Prometheus 0`}},
		{"a denial is lost", func(r *Result) { r.Denied.Counted = 4 }, []string{"5 calls were denied, 4 counted"}},
		{"a refusal too many", func(r *Result) { r.RateLimited.Counted = 4 }, []string{"3 calls were rate-limited, 4 counted"}},
		{"an empty panel", func(r *Result) { r.Panels.Answered = 15 }, []string{"15 of 16 panels have an answer"}},
		{"no panel at all", func(r *Result) { r.Panels = Panels{} }, []string{"0 of 0 panels have an answer"}},
		{"an unsound alert", func(r *Result) { r.Unsound = []string{"rules, alert A: failed: why"} }, []string{"no sound answer: rules, alert A: failed: why"}},
		{"nothing counted", func(r *Result) { r.Answers = nil }, []string{"no program counted a prediction"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			result := sound()
			test.change(&result)
			result.judge()
			if diff := cmp.Diff(test.differences, result.Differences); diff != "" || result.OK != (len(test.differences) == 0) {
				t.Errorf("ok %t, differences (-want +got):\n%s", result.OK, diff)
			}
			var out strings.Builder
			if err := result.WriteTable(&out); err != nil {
				t.Fatal(err)
			}
			if result.OK {
				if diff := cmp.Diff(table, out.String()); diff != "" {
					t.Errorf("table (-want +got):\n%s", diff)
				}
			} else if want := "DIFFERENT, after 12.3 s\n  " + test.differences[0] + "\n"; !strings.HasSuffix(out.String(), want) {
				t.Errorf("table does not end in %q:\n%s", want, out.String())
			}
		})
	}
}
