package demo

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadVerified(t *testing.T) {
	const panels = `{"panels": {"total": 2, "answered": 2, "off": 1}, "queries": [`
	for name, tc := range map[string]struct {
		text    string
		unsound []string
	}{
		"sound":      {`{"board": "b", "panel": "p", "state": "answered", "sound": true}]}`, nil},
		"annotation": {`{"board": "b", "panel": "annotation Alerts", "state": "failed", "error": "parse error", "sound": false}]}`, []string{"b, annotation Alerts: failed: parse error"}},
		"variable":   {`{"board": "b", "panel": "variable model", "state": "empty", "error": "", "sound": false}]}`, []string{"b, variable model: empty"}},
		"rule":       {`{"board": "rules", "panel": "alert A", "state": "slow", "error": "it took 2 s", "sound": false}]}`, []string{"rules, alert A: slow: it took 2 s"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ReadVerified([]byte(panels + tc.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(Verified{Panels{2, 2}, tc.unsound}, got); diff != "" || got.IsSound() != (tc.unsound == nil) {
				t.Errorf("sound %t, -want +got:\n%s", got.IsSound(), diff)
			}
		})
	}
	if _, err := ReadVerified([]byte("Usage")); err == nil {
		t.Error("text that is not a report was read")
	}
}
