package scrape

import (
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func readJSON(text string) ([]Sample, error) { return readJSONWithin(64<<10, text) }

func readJSONWithin(limit int, text string) (samples []Sample, err error) {
	err = ReadJSON(strings.NewReader(text), limit, func(s Sample) { samples = append(samples, s) })
	return samples, err
}

func TestReadJSON(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want []Sample
	}{
		"nothing found": {`{"stats":[]}`, nil},
		"counter":       {`{"stats":[{"name":"wasmcustom.joy","value":6}]}`, []Sample{{Name: "wasmcustom.joy", Value: 6}}},
		"text readout":  {`{"stats":[{"name":"v","value":"1.2"},{"name":"a","value":0}]}` + "\n", []Sample{{Name: "a"}}},
		"more keys":     {`{"stats":[{"value":1,"name":"a","type":"counter"}]}`, []Sample{{Name: "a", Value: 1}}},
		"keys of later": {`{"stats":[{"name":"a","more":{"name":["b"]},"value":1},{"histograms":{"more":{},"details":[]}}]}`, []Sample{{Name: "a", Value: 1}}},
		"no histograms": {`{"stats":[{"histograms":{"supported_percentiles":[0],"details":[]}}]}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readJSON(test.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, withoutSeries(got)); diff != "" {
				t.Errorf("samples (-want +got):\n%s", diff)
			}
		})
	}
}

// The times are from a real page, on which /stats/prometheus had the sum
// 48.494845360824740509997354820371, count 2, and 1 for le="0.5" and le="25".
func TestReadJSONHistogram(t *testing.T) {
	got, err := readJSON(`{"stats":[{"histograms":{"details":[{"name":"t","totals":[
		{"lower_bound":0,"width":0,"count":1},{"lower_bound":48,"width":1,"count":1}]}]}}]}`)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, s := range got {
		values[s.Name+s.Label("le")] = s.Value
	}
	for name, want := range map[string]float64{
		"t_sum": 48.494845360824740509997354820371, "t_count": 2,
		"t_bucket0.5": 1, "t_bucket25": 1, "t_bucket50": 2, "t_bucket3600000": 2, "t_bucket+Inf": 2,
	} {
		if math.Abs(values[name]-want) > 1e-12 {
			t.Errorf("%s: got %v, want %v", name, values[name], want)
		}
	}
}

func TestReadJSONRefuses(t *testing.T) {
	for text, want := range map[string]string{
		``:                                      "the JSON has no end: the page was cut",
		`[]`:                                    "not the JSON of Envoy's /stats: [ where { should be",
		`{"error":1}`:                           "not the JSON of Envoy's /stats: error where stats should be",
		`{"stats":[{"name":"a","value":1}]`:     "the JSON has no end: the page was cut",
		`{"stats":[{"name":"a","value":1`:       "the JSON has no end: the page was cut",
		`{"stats":[]}{}`:                        "the page goes on after its JSON object",
		`{"stats":[{"name":"a","value":true}]}`: "the value of a stat is not a number",
		`{"stats":[{"name":1,"value":1}]}`:      "not the JSON of Envoy's /stats: json: cannot unmarshal number into Go value of type string",
		`{"stats":[1]}`:                         "not the JSON of Envoy's /stats: 1 where { should be",
		`{"stats":[{"histograms":[]}]}`:         "not the JSON of Envoy's /stats: [ where { should be",
		`<html>`:                                "not the JSON of Envoy's /stats: invalid character '<' looking for beginning of value",
	} {
		if _, err := readJSON(text); err == nil || err.Error() != want {
			t.Errorf("%s: got error %v, want %s", text, err, want)
		}
	}
}

// The limit applies to each stat and each histogram, which are read whole, and not
// to the page.
func TestReadJSONLimitsEntries(t *testing.T) {
	const tooLong = "a stat or a histogram is longer than 1024 bytes: if the page is right, raise scrape.max_line_bytes"
	long := strings.Repeat("a", 3000)
	for name, page := range map[string]string{
		"name":      `{"stats":[{"name":"` + long + `","value":1}]}`,
		"value":     `{"stats":[{"name":"a","value":"` + long + `"}]}`,
		"key":       `{"stats":[{"` + long + `":1}]}`,
		"other":     `{"stats":[{"more":["` + strings.Repeat(`a","`, 1000) + `"]}]}`,
		"histogram": `{"stats":[{"histograms":{"details":[{"name":"t","totals":[` + strings.Repeat(`{"count":1},`, 300) + `{}]}]}}]}`,
		"blanks":    `{"stats":[` + strings.Repeat(" ", 3000) + `]}`,
	} {
		if _, err := readJSONWithin(1<<10, page); err == nil || err.Error() != tooLong {
			t.Errorf("%s: got error %v, want %s", name, err, tooLong)
		}
	}
	stat, histogram := `{"name":"`+strings.Repeat("a", 900)+`","value":1},`, `{"name":"t","totals":[{"count":1}]},`
	page := `{"stats":[` + strings.Repeat(stat, 100) + `{"histograms":{"details":[` + strings.Repeat(histogram, 100) + `{"name":"t"}]}}]}`
	if samples, err := readJSONWithin(1<<10, page); err != nil || len(samples) != 100+101*(len(envoyBounds)+3) {
		t.Errorf("%d samples of a page of short entries, %v", len(samples), err)
	}
}

func TestReadJSONPassesOnReadErrors(t *testing.T) {
	want := errors.New("connection lost")
	err := ReadJSON(io.MultiReader(strings.NewReader(`{"stats":[{"name":"a",`), iotest.ErrReader(want)), 1<<10, ignore)
	if err == nil || err.Error() != want.Error() {
		t.Errorf("got %v, want %v", err, want)
	}
}

func TestReadJSONFindsEveryCut(t *testing.T) {
	page := string(readFile(t, "../../testdata/envoy-1.40/istio.json"))
	for end := 0; end < len(page); end += 7 {
		if _, err := readJSON(page[:end]); err == nil {
			t.Fatalf("a page cut after %d of %d bytes passes for a whole one", end, len(page))
		}
	}
}

func FuzzReadJSON(f *testing.F) {
	f.Add([]byte(`{"stats":[{"name":"a","value":1},{"histograms":{"details":[{"name":"t","totals":[{"lower_bound":1,"width":0.1,"count":2}]}]}}]}`))
	f.Add(readFile(f, "../../testdata/envoy-1.40/istio.json"))
	f.Fuzz(func(t *testing.T, page []byte) {
		whole, err := readJSON(string(page))
		if err != nil {
			return
		}
		again, err := readJSON(string(page) + " \n")
		if err != nil || !cmp.Equal(whole, again, cmp.Comparer(func(a, b float64) bool { return a == b || a != a && b != b })) {
			t.Errorf("a blank at the end changes the samples (%v)", err)
		}
	})
}
