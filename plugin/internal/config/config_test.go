package config

import "testing"

func TestParse(t *testing.T) {
	defaults := Config{AcceptEncoding: "drop", MaxLabels: 64, MaxModels: 32}
	tests := []struct {
		name, text string
		want       Config
		wantErr    string
	}{
		{"nothing", "", defaults, ""},
		{"an empty object", "{}", defaults, ""},
		{"all keys", `{"plainCounters":true,"acceptEncoding":"keep","maxLabels":3,"maxModels":4}`, Config{true, "keep", 3, 4}, ""},
		{"an unknown key", `{"plaincounter":true}`, Config{}, `pluginConfig: json: unknown field "plaincounter" (known keys: plainCounters, acceptEncoding, maxLabels, maxModels)`},
		{"a wrong type", `{"maxLabels":"3"}`, Config{}, `pluginConfig: json: cannot unmarshal string into Go struct field Config.maxLabels of type int (known keys: plainCounters, acceptEncoding, maxLabels, maxModels)`},
		{"an unknown word", `{"acceptEncoding":"gzip"}`, Config{}, `pluginConfig: acceptEncoding is "gzip"; give drop or keep`},
		{"an impossible value", `{"maxLabels":0}`, Config{}, `pluginConfig: maxLabels is 0; give 1 to 1000`},
		{"too many models", `{"maxModels":1001}`, Config{}, `pluginConfig: maxModels is 1001; give 1 to 1000`},
		{"two objects", `{} {}`, Config{}, `pluginConfig: more follows after the JSON object; give one object`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Parse([]byte(test.text))
			switch {
			case test.wantErr == "" && err != nil:
				t.Fatal(err)
			case test.wantErr != "" && (err == nil || err.Error() != test.wantErr):
				t.Fatalf("error %v, want %s", err, test.wantErr)
			case err == nil && got != test.want:
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}
