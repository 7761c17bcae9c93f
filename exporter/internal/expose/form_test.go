package expose

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/prometheus/model/labels"
	"google.golang.org/protobuf/encoding/protodelim"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/transform"
)

// encodedIn returns a page of the series in a form, without the exporter's own
// metrics.
func encodedIn(t testing.TB, f form, series []transform.Series) []byte {
	t.Helper()
	var page bytes.Buffer
	if err := newPage(f, []Snapshot{{Gateway: "a", IsGone: true, Kept: NewBlock("a", series)}}, nil).writeTo(&page); err != nil {
		t.Fatal(err)
	}
	return page.Bytes()
}

// official returns a page by the official encoder.
func official(t testing.TB, format expfmt.Format, families []*dto.MetricFamily) []byte {
	t.Helper()
	var page bytes.Buffer
	encoder := expfmt.NewEncoder(&page, format, expfmt.WithCreatedLines())
	for _, family := range families {
		if err := encoder.Encode(family); err != nil {
			t.Fatal(err)
		}
	}
	if err := encoder.(expfmt.Closer).Close(); err != nil {
		t.Fatal(err)
	}
	return page.Bytes()
}

// familiesOf returns the series in the official library's types.
func familiesOf(series []transform.Series) []*dto.MetricFamily {
	var families []*dto.MetricFamily
	for _, c := range NewBlock("a", series).in(formText, new([]byte)) {
		family := familyHeader(c.name, c.family)
		for _, s := range c.series {
			family.Metric = append(family.Metric, toDTO(s))
		}
		families = append(families, family)
	}
	return families
}

func wantAsOfficial(t testing.TB, series []transform.Series) {
	t.Helper()
	families := familiesOf(series)
	for f, format := range map[form]expfmt.Format{formText: expfmt.FmtText, formOpenMetrics: expfmt.FmtOpenMetrics_1_0_0} {
		if diff := cmp.Diff(string(official(t, format, families)), string(encodedIn(t, f, series))); diff != "" {
			t.Errorf("%s (-official +ours):\n%s", format, diff)
		}
	}
	var got []*dto.MetricFamily
	reader := bufio.NewReader(bytes.NewReader(encodedIn(t, formProtobuf, series)))
	for {
		family := new(dto.MetricFamily)
		if err := protodelim.UnmarshalFrom(reader, family); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		got = append(got, family)
	}
	if diff := cmp.Diff(families, got, protocmp.Transform(), cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("protobuf (-official +ours):\n%s", diff)
	}
}

func one(name string, kind contract.Type, unit string, value float64, pairs ...string) transform.Series {
	return transform.Series{
		Family: &transform.Family{Type: kind, Help: "Help with \\ and \"quotes\"\nand a line.", Unit: unit},
		Name:   name, Value: value, Labels: labels.FromStrings(append(pairs, "__name__", name, "gateway", "a")...),
	}
}

func TestFormsAreTheOfficialOnes(t *testing.T) {
	empty := one("empty", contract.Histogram, "", 0)
	empty.Histogram = &transform.Histogram{}
	duration := one("duration_seconds", contract.Histogram, "seconds", 0, "le_", "x", "up", "\"\\\n☕")
	duration.Histogram = &transform.Histogram{Count: 1e7, Sum: 1e-7, Buckets: []transform.Bucket{{Bound: 0.0005, Count: 0}, {Bound: 1, Count: 2}, {Bound: 2.5e6, Count: 9999999}}}
	wantAsOfficial(t, []transform.Series{
		one("a_total", contract.Counter, "", 1), one("a_total", contract.Counter, "", 999999, "z", ""), one("a_total", contract.Counter, "", 1000000, "z", "1"),
		one("a_seconds_total", contract.Counter, "seconds", 0.1), one("not_so_called", contract.Counter, "", 12345678.5),
		one("gauge", contract.Gauge, "", -1), one("gauge", contract.Gauge, "", math.NaN(), "z", "nan"), one("gauge", contract.Gauge, "", math.Inf(-1), "z", "inf"),
		one("gauge", contract.Gauge, "", math.Copysign(0, -1), "z", "0"), one("gauge", contract.Gauge, "", 1e21, "z", "big"),
		empty, duration,
		started(one("started_total", contract.Counter, "", 3)), started(duration),
	})
	wantAsOfficial(t, nil)
}

// started returns a series that has just started.
func started(s transform.Series) transform.Series {
	s.Start, s.IsNew = 1520879607789, true
	s.Labels = labels.NewBuilder(s.Labels).Set("started", "now").Labels()
	return s
}

func FuzzForms(f *testing.F) {
	f.Add("help", "label", 1.5, uint64(3))
	f.Add("\\\"\n", "\\\"\n", math.Inf(1), uint64(1<<63))
	f.Fuzz(func(t *testing.T, help, label string, value float64, count uint64) {
		if !isText(help) || !isText(label) {
			return // transform gives only valid UTF-8
		}
		h := one("h", contract.Histogram, "", 0, "label", label)
		h.Histogram = &transform.Histogram{Count: count, Sum: value, Buckets: []transform.Bucket{{Bound: math.Abs(value), Count: count / 2}}}
		if math.IsNaN(value) || math.IsInf(value, 0) {
			h.Histogram.Buckets = nil
		}
		series := []transform.Series{one("c_total", contract.Counter, "", value, "label", label), h}
		for i := range series {
			series[i].Help = help
		}
		wantAsOfficial(t, series)
	})
}

func BenchmarkBlock(b *testing.B) {
	series := manySeries(60)
	for name, f := range map[string]form{"text": formText, "openmetrics": formOpenMetrics, "protobuf": formProtobuf} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var scratch []byte
			for b.Loop() {
				NewBlock("a", series).in(f, &scratch)
			}
		})
	}
}

func isText(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }

// manySeries returns a gateway's series: counters, and each tenth a histogram.
func manySeries(n int) []transform.Series {
	var all []transform.Series
	for i := range n {
		s := one(contract.Predictions, contract.Counter, "", float64(i*i), "model", "bert-emotion-model", "label", fmt.Sprint("label", i))
		if i%10 == 0 {
			s.Name, s.Family = contract.Confidence, &transform.Family{Type: contract.Histogram, Help: "Help."}
			s.Histogram = &transform.Histogram{Count: 90, Sum: 81.5}
			for _, b := range contract.Bounds(contract.Confidence) {
				s.Histogram.Buckets = append(s.Histogram.Buckets, transform.Bucket{Bound: b.Value, Count: uint64(b.Value * 90)})
			}
		}
		all = append(all, s)
	}
	return all
}
