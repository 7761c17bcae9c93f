package contract

import "testing"

func TestCutPart(t *testing.T) {
	for _, c := range []struct {
		name, metric, part string
		ok                 bool
	}{
		{"a_seconds_bucket", "a_seconds", SuffixBucket, true},
		{"a_seconds_sum", "a_seconds", SuffixSum, true},
		{"a_seconds_count", "a_seconds", SuffixCount, true},
		{"a_count_sum", "a_count", SuffixSum, true},
		{"a_seconds", "a_seconds", "", false},
		{"a_count_total", "a_count_total", "", false},
		{"", "", "", false},
	} {
		if metric, part, ok := CutPart(c.name); metric != c.metric || part != c.part || ok != c.ok {
			t.Errorf("CutPart(%q) = %q, %q, %v", c.name, metric, part, ok)
		}
	}
}
