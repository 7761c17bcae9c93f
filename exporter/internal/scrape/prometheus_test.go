package scrape

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

const testLine = 64 << 10

func readPrometheus(text string) ([]Sample, error) {
	var samples []Sample
	err := new(TextReader).Read(strings.NewReader(text), testLine, func(s Sample) { samples = append(samples, s.Clone()) })
	return samples, err
}

func TestReadPrometheus(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want []Sample
	}{
		"empty":              {"", nil},
		"comments and blank": {"# TYPE joy counter\n\n  \t\n# anything {\n", nil},
		"no labels":          {"joy 6\n", []Sample{{Name: "joy", Value: 6}}},
		"Envoy's braces":     {"joy{} 6\n", []Sample{{Name: "joy", Value: 6}}},
		"labels": {`a:b_c{model="bert",le="0.5"} 1` + "\n",
			[]Sample{{Name: "a:b_c", Labels: []Label{{"model", "bert"}, {"le", "0.5"}}, Value: 1}}},
		"escapes": {`a{l="so \"happy\"\\\n}"} 1` + "\n",
			[]Sample{{Name: "a", Labels: []Label{{"l", "so \"happy\"\\\n}"}}, Value: 1}}},
		"blanks and last comma": {"\t a \t{ l = \"x\" , } 1 \n",
			[]Sample{{Name: "a", Labels: []Label{{"l", "x"}}, Value: 1}}},
		"timestamp":      {"a 1.5 1712345678901\n", []Sample{{Name: "a", Value: 1.5}}},
		"Envoy's digits": {"a 469.40320393352533301367657259107\n", []Sample{{Name: "a", Value: 469.403203933525333}}},
		"infinity":       {"a +Inf\n", []Sample{{Name: "a", Value: math.Inf(1)}}},
		"a fraction":     {"a 1.5 1712345678.901\n", []Sample{{Name: "a", Value: 1.5}}},
		"exemplars": {"a 1 # {t=\"1\"} 0.5\nb{l=\"x\"} 2 12.5 # {} 1 2\n",
			[]Sample{{Name: "a", Value: 1}, {Name: "b", Labels: []Label{{"l", "x"}}, Value: 2}}},
		"unknown escapes": {`a{l="C:\Temp\new"} 1` + "\n",
			[]Sample{{Name: "a", Labels: []Label{{"l", "C:\\Temp\new"}}, Value: 1}}},
		"quoted names": {`{"a.b"} 1` + "\n" + `{ "a\"b" , "l.m" = "x", n="y" } 2` + "\n" + `a{"l.m"="x"} 3` + "\n",
			[]Sample{{Name: "a.b", Value: 1}, {Name: "a\"b", Labels: []Label{{"l.m", "x"}, {"n", "y"}}, Value: 2}, {Name: "a", Labels: []Label{{"l.m", "x"}}, Value: 3}}},
		"not UTF-8": {"a{l=\"\xff\"} 1\n", []Sample{{Name: "a", Labels: []Label{{"l", "\xff"}}, Value: 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readPrometheus(test.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, withoutSeries(got)); diff != "" {
				t.Errorf("samples (-want +got):\n%s", diff)
			}
		})
	}
}

// withoutSeries clears the samples' Series.
func withoutSeries(samples []Sample) []Sample {
	for i := range samples {
		samples[i].Series = ""
	}
	return samples
}

func TestReadPrometheusKeepsTheSeriesText(t *testing.T) {
	for text, want := range map[string]string{
		"joy 6\n":                        "joy",
		" joy\t6\n":                      "joy",
		"joy{} 6 12\n":                   "joy{}",
		`a:b { l = "}\"\\" , } 1` + "\n": `a:b { l = "}\"\\" , }`,
	} {
		got, err := readPrometheus(text)
		if err != nil || len(got) != 1 || got[0].Series != want {
			t.Errorf("%q: got %v, %v; want series %s", text, got, err, want)
		}
	}
}

// A reader reads another page, also after an error and after long lines.
func TestReadPrometheusAgain(t *testing.T) {
	reader := new(TextReader)
	for _, page := range []string{"a 1\nb", "a{l=\"" + strings.Repeat("x\\n", testLine/4) + "\"} 1\n", "x{l=\"\\t\"} 1\n"} {
		_ = reader.Read(strings.NewReader(page), testLine, func(Sample) {})
		var got []Sample
		err := reader.Read(strings.NewReader("a{l=\"\\n\"} 1\n"), testLine, func(s Sample) { got = append(got, s.Clone()) })
		want := []Sample{{Series: "a{l=\"\\n\"}", Name: "a", Labels: []Label{{"l", "\n"}}, Value: 1}}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("after %.20q: %v, samples (-want +got):\n%s", page, err, diff)
		}
	}
}

// The sizes of the reads do not change the samples.
func TestReadPrometheusInChunks(t *testing.T) {
	page := readFile(t, "../../testdata/envoy-1.40/istio.prom")
	whole, err := readPrometheus(string(page))
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]io.Reader{
		"a byte at a time":    iotest.OneByteReader(bytes.NewReader(page)),
		"half of what it may": iotest.HalfReader(bytes.NewReader(page)),
		"the end with bytes":  iotest.DataErrReader(bytes.NewReader(page)),
	} {
		var got []Sample
		if err := new(TextReader).Read(r, testLine, func(s Sample) { got = append(got, s.Clone()) }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(whole, got); diff != "" {
			t.Errorf("%s: samples (-whole +got):\n%s", name, diff)
		}
	}
}

func TestReadPrometheusRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"a 1\nb 2":               "line 2 has no end: the page was cut",
		"<html>\n":               "line 1 is not in Prometheus's text format: no metric name",
		"a\n":                    "line 1 is not in Prometheus's text format: the value is not a number",
		"a 0x1p-2\n":             "line 1 is not in Prometheus's text format: the value is not a number",
		"a 1 later\n":            "line 1 is not in Prometheus's text format: the text after the value is not a timestamp",
		"a{=\"x\"} 1\n":          "line 1 is not in Prometheus's text format: no label name",
		"a{l\"x\"} 1\n":          "line 1 is not in Prometheus's text format: no = after a label's name",
		"a{l=x} 1\n":             "line 1 is not in Prometheus's text format: no quote before a label's value",
		"a{l=\"x} 1\n":           "line 1 is not in Prometheus's text format: no quote after a label's value",
		"a{l=\"x\\\n":            "line 1 is not in Prometheus's text format: no quote after a label's value",
		"{} 1\n":                 "line 1 is not in Prometheus's text format: no metric name",
		"{\"a\" l=\"x\"} 1\n":    "line 1 is not in Prometheus's text format: no , or } after the metric's name",
		"{\"a} 1\n":              "line 1 is not in Prometheus's text format: no quote after a label's value",
		"a{\"l\"} 1\n":           "line 1 is not in Prometheus's text format: no = after a label's name",
		"a{l=\"x\" k=\"y\"} 1\n": "line 1 is not in Prometheus's text format: no , or } after a label",
		"a{l=\"x\"\n":            "line 1 is not in Prometheus's text format: no , or } after a label",
		strings.Repeat("a", 1e6): "line 1 is longer than 65536 bytes: if the page is right, raise scrape.max_line_bytes",
		"a " + strings.Repeat("0", testLine-1) + "\n": "line 1 is longer than 65536 bytes: if the page is right, raise scrape.max_line_bytes",
	} {
		if _, err := readPrometheus(text); err == nil || err.Error() != want {
			t.Errorf("%.20q: got error %v, want %s", text, err, want)
		}
	}
}

// Lines of metrics that are not used are skipped, if the page has a good line too.
func TestReadPrometheusSkipsUnusedLines(t *testing.T) {
	long := strings.Repeat("a", 2*testLine)
	for _, test := range []struct{ text, want, mistake string }{
		{"a one\n<html>\n{} 1\nused 1\n", "used", ""},
		{"used 1\na{l=\"" + long + "\"} 1\nused 2\n", "used used", ""},
		{"# " + long + "\nused 1\n<" + long, "used", ""},
		{"used 1", "used", ""},
		{"used 1\na", "used", ""},
		{"a one\n<html>\n", "", "line 1 is not in Prometheus's text format: the value is not a number"},
		{"<" + long + "\n", "", "line 1 is longer than 65536 bytes: if the page is right, raise scrape.max_line_bytes"},
		{"used 1\nused one\n", "used", "line 2 is not in Prometheus's text format: the value is not a number"},
		{"used 1\nused ", "used", "line 2 is not in Prometheus's text format: the value is not a number"},
		{"used 1\n" + long, "used", "line 2 is longer than 65536 bytes: if the page is right, raise scrape.max_line_bytes"},
		{"used 1\nused{l=\"" + long, "used", "line 2 is longer than 65536 bytes: if the page is right, raise scrape.max_line_bytes"},
	} {
		reader := TextReader{IsUsed: func(name string) bool { return name == "used" }, IsWhole: true}
		for name, r := range map[string]io.Reader{"at once": strings.NewReader(test.text), "a byte at a time": iotest.OneByteReader(strings.NewReader(test.text))} {
			var names []string
			err := reader.Read(r, testLine, func(s Sample) { names = append(names, strings.Clone(s.Name)) })
			mistake := ""
			if err != nil {
				mistake = err.Error()
			}
			if got := strings.Join(names, " "); got != test.want || mistake != test.mistake {
				t.Errorf("%.20q, %s: got %q and %q, want %q and %q", test.text, name, got, mistake, test.want, test.mistake)
			}
		}
	}
}

// A page that may be cut must end in a newline, also after a long line.
func TestReadPrometheusRefusesACutPage(t *testing.T) {
	for text, want := range map[string]string{
		"used 1\na": "line 2 has no end: the page was cut",
		"used 1\na{l=\"" + strings.Repeat("a", 2*testLine): "line 2 has no end: the page was cut",
	} {
		reader := TextReader{IsUsed: func(name string) bool { return name == "used" }}
		if err := reader.Read(strings.NewReader(text), testLine, func(Sample) {}); err == nil || err.Error() != want {
			t.Errorf("%.20q: got %v, want %s", text, err, want)
		}
	}
}

func TestReadPrometheusTakesALineAtTheLimit(t *testing.T) {
	if _, err := readPrometheus("a " + strings.Repeat("0", testLine-2) + "\n"); err != nil {
		t.Error(err)
	}
}

func TestReadPrometheusPassesOnReadErrors(t *testing.T) {
	broken := io.MultiReader(strings.NewReader("a 1\nb"), &failing{errBroken})
	if err := new(TextReader).Read(broken, testLine, func(Sample) {}); !errors.Is(err, errBroken) {
		t.Errorf("got %v, want %v", err, errBroken)
	}
}

var errBroken = errors.New("connection reset")

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

// On a real page, the official parser finds the same samples.
func TestReadPrometheusAgainstExpfmt(t *testing.T) {
	for _, path := range pages(t, "*.prom") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			page := string(readFile(t, path))
			samples, err := readPrometheus(page)
			if err != nil {
				t.Fatal(err)
			}
			parser := expfmt.NewTextParser(model.UTF8Validation)
			families, err := parser.TextToMetricFamilies(strings.NewReader(page))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(flatten(families), lines(samples)); diff != "" {
				t.Errorf("samples (-expfmt +ours):\n%s", diff)
			}
		})
	}
}

// lines returns each sample as text, sorted.
func lines(samples []Sample) []string {
	var texts []string
	for _, s := range samples {
		texts = append(texts, line(s.Name, s.Value, s.Labels...))
	}
	slices.Sort(texts)
	return texts
}

func line(name string, value float64, labels ...Label) string {
	slices.SortFunc(labels, func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
	return fmt.Sprintf("%s%q %v", name, labels, value)
}

func flatten(families map[string]*dto.MetricFamily) []string {
	var texts []string
	for name, family := range families {
		for _, m := range family.Metric {
			var labels []Label
			for _, pair := range m.Label {
				labels = append(labels, Label{pair.GetName(), pair.GetValue()})
			}
			texts = append(texts, flattenMetric(name, m, labels)...)
		}
	}
	slices.Sort(texts)
	return texts
}

func flattenMetric(name string, m *dto.Metric, labels []Label) []string {
	h := m.Histogram
	if h == nil {
		return []string{line(name, m.Counter.GetValue()+m.Gauge.GetValue()+m.Untyped.GetValue(), labels...)}
	}
	texts := []string{
		line(name+"_sum", h.GetSampleSum(), labels...),
		line(name+"_count", float64(h.GetSampleCount()), labels...),
	}
	for _, b := range h.Bucket {
		le := strconv.FormatFloat(b.GetUpperBound(), 'f', -1, 64)
		texts = append(texts, line(name+"_bucket", float64(b.GetCumulativeCount()), append(slices.Clone(labels), Label{"le", le})...))
	}
	return texts
}

// A page that both of Prometheus's parsers read must be read, with the same samples.
// (The scraper's parser is less strict: it accepts labels without a comma between.)
func FuzzReadPrometheus(f *testing.F) {
	for _, path := range pages(f, "*.prom") {
		f.Add(readFile(f, path)[:4000])
	}
	f.Add([]byte("a{l=\"so \\\"happy\\\"\\\\\\n\\T\",} +Inf 12\nb NaN\n"))
	f.Fuzz(func(t *testing.T, page []byte) {
		want, ok := parsedByPrometheus(page)
		got, err := readPrometheus(string(page))
		if !ok {
			return // we may refuse or read such a page
		}
		if err != nil {
			parser := expfmt.NewTextParser(model.UTF8Validation)
			if _, strictErr := parser.TextToMetricFamilies(bytes.NewReader(page)); strictErr == nil {
				t.Fatalf("ours refuses it: %v", err)
			}
			return
		}
		if diff := cmp.Diff(want, lines(got)); diff != "" {
			t.Errorf("samples (-Prometheus +ours):\n%s", diff)
		}
	})
}

// parsedByPrometheus returns the page's samples by Prometheus's parser. ok is false
// for pages that Envoy never writes and TextReader refuses or reads differently:
// with quoted names, a last line without a newline, a repeated label, carriage
// returns, or numbers in Go's own syntax.
func parsedByPrometheus(page []byte) (texts []string, ok bool) {
	if bytes.ContainsAny(page, "\r\x00") || !bytes.HasSuffix(page, []byte("\n")) {
		return nil, false
	}
	parser := textparse.NewPromParser(page, labels.NewSymbolTable(), false)
	for {
		entry, err := parser.Next()
		if errors.Is(err, io.EOF) {
			slices.Sort(texts)
			return texts, true
		}
		if err != nil {
			return nil, false
		}
		if entry != textparse.EntrySeries {
			continue
		}
		series, _, value := parser.Series()
		if bytes.ContainsAny(series, "\"{") && (series[0] == '{' || bytes.Contains(series, []byte("{\"")) || bytes.Contains(series, []byte(",\""))) {
			return nil, false
		}
		var found labels.Labels
		parser.Labels(&found)
		if _, twice := found.HasDuplicateLabelNames(); twice {
			return nil, false
		}
		texts = append(texts, lineOf(found, value))
	}
}

func lineOf(found labels.Labels, value float64) string {
	var rest []Label
	found.Range(func(l labels.Label) {
		if l.Name != model.MetricNameLabel {
			rest = append(rest, Label{l.Name, l.Value})
		}
	})
	return line(found.Get(model.MetricNameLabel), value, rest...)
}

func pages(t testing.TB, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("../../testdata/envoy-1.40", pattern))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no pages %s: %v", pattern, err)
	}
	return paths
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TextReader and the official parser, on a real page.
func BenchmarkReadPrometheus(b *testing.B) {
	page := readFile(b, "../../testdata/envoy-1.40/istio-unfiltered.prom")
	b.Run("ours", func(b *testing.B) {
		b.SetBytes(int64(len(page)))
		b.ReportAllocs()
		reader := new(TextReader)
		for b.Loop() {
			if err := reader.Read(bytes.NewReader(page), testLine, func(Sample) {}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("expfmt", func(b *testing.B) {
		b.SetBytes(int64(len(page)))
		b.ReportAllocs()
		for b.Loop() {
			parser := expfmt.NewTextParser(model.UTF8Validation)
			if _, err := parser.TextToMetricFamilies(bytes.NewReader(page)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
