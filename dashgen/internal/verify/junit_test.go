package verify

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWriteJUnit(t *testing.T) {
	report := Report{Queries: []Result{
		{Board: "b", Panel: "Mix", Expr: "a < b", State: Answered, Seconds: 0.0014},
		{Board: "b", Panel: "Gone", Expr: "gone", State: Empty},
		{Board: "rules", Panel: "drift", Expr: "psi", State: Off},
		{Board: "b", Panel: "Slow", Expr: "slow", State: Slow, Error: "it took 2 s"},
	}}
	const want = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="b" tests="3" failures="2" skipped="0">
    <testcase classname="b" name="Mix: a &lt; b" time="0.001"></testcase>
    <testcase classname="b" name="Gone: gone" time="0.000">
      <failure message="empty"></failure>
    </testcase>
    <testcase classname="b" name="Slow: slow" time="0.000">
      <failure message="slow">it took 2 s</failure>
    </testcase>
  </testsuite>
  <testsuite name="rules" tests="1" failures="0" skipped="1">
    <testcase classname="rules" name="drift: psi" time="0.000">
      <skipped message="not configured"></skipped>
    </testcase>
  </testsuite>
</testsuites>
`
	var out strings.Builder
	if err := WriteJUnit(&out, report); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
