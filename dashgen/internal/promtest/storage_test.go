package promtest

import (
	"strings"
	"testing"
)

func TestParseRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ series, want string }{
		"no interval":      {"up 1x3", `line 1: up 1x3: no "load INTERVAL" before it`},
		"bad interval":     {"load soon\n  up 1x3", `line 1: load soon: not a valid duration string: "soon"`},
		"bad series":       {"load 15s\n  up{ 1x3", "line 2:   up{ 1x3: "},
		"a series twice":   {"load 15s\n  up 1x3\n  up 2x3", "line 3:   up 2x3: the series is there already"},
		"native histogram": {"load 15s\n  up {{count:1}}", "line 2:   up {{count:1}}: native histograms are not supported"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := parse(tc.series); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want one with %q", err, tc.want)
			}
		})
	}
}
