package counters

import "testing"

func TestLooksLikeLabel(t *testing.T) {
	for label, want := range map[string]bool{
		"joy": true, "": true, "LABEL_0": true, "Not Accepted": true, "n02123045": true, "so \"happy\"/": true, "1": true, "-1": true, "1000": true, "20-30": true,
		"v1.2": true, "é": true, "a:b": true, "e": true, "-": true, "2e": true, "__label__joy": true, "American_water_spaniel": true,

		"0.93": false, "1.0": false, "-12.5": false, "1e-05": false, "250000": false, ".5": false, "+1.5E+2": false,
		"ada@example.com": false, "+1 555 123 4567": false, "2024-01-03T10:00": false, "10.11.12.13:8080": false,
		"550e8400-e29b-41d4-a716-446655440000": false, "a sentence of words": false, "Yes.": false, "line\nbreak": false, "iVBORw0KGgo=": false, "\xff": false,
	} {
		if got := looksLikeLabel([]byte(label)); got != want {
			t.Errorf("%q: %v", label, got)
		}
	}
}
