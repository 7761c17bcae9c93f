package counters

import "testing"

func TestLooksLikeLabel(t *testing.T) {
	for label, want := range map[string]bool{
		"joy": true, "": true, "LABEL_0": true, "Not Accepted": true, "n02123045": true, "so \"happy\"/": true, "1": true, "-1": true, "1000": true, "20-30": true,
		"v1.2": true, "é": true, "a:b": true, "e": true, "-": true, "2e": true, "__label__joy": true, "American_water_spaniel": true,
		"отрицательный": true, "सकारात्मक": true, "ネガティブな感情": true, "消极": true, "αρνητικό συναίσθημα": true, "<=50K": true, "18-24": true, "+": true,
		"Cell Phones & Accessories": true, "n/a": true, "Sci/Tec": true, "J45.901": true, "3.5-turbo": true, "50%": true, "10:30": true, "C#": true, "😀": true, "naïve": true, "US$": true, "5 stars": true, "Q4 2024": true,

		"2024-01-03": false, "12/05/1990": false, "555-1234": false, "90210-1234": false, "100-5000": false,
		"$12.50": false, "12.50 EUR": false, "12.50€": false, "12.5%": false, "1,234.50": false, "0.5-1.0": false, "about 3.5 km": false, "€ 1234567": false,
		"https://example.com/x": false, `["a", "b"]`: false, "[0.1, 0.9]": false, `{"a":1}`: false, "这个产品的质量非常好我很喜欢": false,

		"one\u2028two": false, "a\u202eb": false, "I\u00a0am\u00a0so\u00a0sad": false, "你\u3000好\u3000吗\u3000我": false, "٠١٢٣٤٥٦٧٨": false, "０３１２３４５": false,
		"très\u00a0bon": true, "می\u200cخواهم": true, "प्रकार २": true,

		"0.93": false, "1.0": false, "-12.5": false, "1e-05": false, "250000": false, ".5": false, "+1.5E+2": false,
		"ada@example.com": false, "+1 555 123 4567": false, "2024-01-03T10:00": false, "10.11.12.13:8080": false,
		"550e8400-e29b-41d4-a716-446655440000": false, "a sentence of words": false, "Yes.": false, "line\nbreak": false, "iVBORw0KGgo=": false, "\xff": false,
	} {
		if got := looksLikeLabel([]byte(label)); got != want {
			t.Errorf("%q: %v", label, got)
		}
	}
}
