package scrape

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// ReadJSON reads what /stats?format=json&histogram_buckets=detailed answers and
// gives each sample to emit; text readouts are passed over. A page with more or
// less than that one JSON object is an error.
func ReadJSON(r io.Reader, emit func(Sample)) error {
	decoder := json.NewDecoder(r)
	if err := expect(decoder, json.Delim('{'), "stats", json.Delim('[')); err != nil {
		return err
	}
	for decoder.More() {
		var entry jsonEntry
		if err := decoder.Decode(&entry); err != nil {
			return notStats(err)
		}
		if err := entry.emit(emit); err != nil {
			return err
		}
	}
	if err := expect(decoder, json.Delim(']'), json.Delim('}')); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the page goes on after its JSON object")
	}
	return nil
}

func expect(decoder *json.Decoder, want ...json.Token) error {
	for _, token := range want {
		got, err := decoder.Token()
		if err != nil {
			return notStats(err)
		}
		if got != token {
			return fmt.Errorf("not the JSON of Envoy's /stats: %v where %v should be", got, token)
		}
	}
	return nil
}

func notStats(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the JSON has no end: the page was cut")
	}
	return fmt.Errorf("not the JSON of Envoy's /stats: %w", err)
}

type jsonEntry struct {
	Name       string          `json:"name"`
	Value      json.RawMessage `json:"value"`
	Histograms struct {
		Details []jsonHistogram `json:"details"`
	} `json:"histograms"`
}

type jsonHistogram struct {
	Name   string    `json:"name"`
	Totals []jsonBin `json:"totals"`
}

// jsonBin is a bin of Envoy's histogram, [Lower, Lower+Width).
type jsonBin struct {
	Lower float64 `json:"lower_bound"`
	Width float64 `json:"width"`
	Count float64 `json:"count"`
}

func (e *jsonEntry) emit(emit func(Sample)) error {
	for i := range e.Histograms.Details {
		e.Histograms.Details[i].emit(emit)
	}
	if len(e.Value) == 0 || bytes.HasPrefix(e.Value, []byte(`"`)) {
		return nil
	}
	value, err := strconv.ParseFloat(string(e.Value), 64)
	if err != nil {
		return fmt.Errorf("the value of a stat is not a number")
	}
	emit(named(e.Name, value))
	return nil
}

// emit gives the samples that /stats/prometheus has for the same histogram.
// Envoy counts a bin under le when the bin begins at or below it, and its sum
// is the bins' (libcircllhist's hist_approx_count_below and hist_approx_sum).
func (h *jsonHistogram) emit(emit func(Sample)) {
	var count, sum float64
	for _, bin := range h.Totals {
		count += bin.Count
		sum += bin.Count * bin.middle()
	}
	for _, bound := range envoyBounds {
		var below float64
		for _, bin := range h.Totals {
			if bin.Lower <= bound.value {
				below += bin.Count
			}
		}
		h.emitBucket(bound.le, below, emit)
	}
	h.emitBucket("+Inf", count, emit)
	emit(named(h.Name+"_sum", sum))
	emit(named(h.Name+"_count", count))
}

// emitBucket's series has a line break, which no raw name has before its end.
func (h *jsonHistogram) emitBucket(le string, value float64, emit func(Sample)) {
	name := h.Name + "_bucket"
	emit(Sample{Series: name + "\n" + le, Name: name, Labels: []Label{{"le", le}}, Value: value})
}

func named(name string, value float64) Sample {
	return Sample{Series: name, Name: name, Value: value}
}

// middle is where libcircllhist puts a bin's samples: the middle of a Pareto
// distribution, not of the bin (hist_bucket_to_double midpoint).
func (b jsonBin) middle() float64 {
	upper := b.Lower + b.Width
	if b.Lower <= 0 {
		return b.Lower
	}
	return 2 * b.Lower * upper / (b.Lower + upper)
}

// envoyBounds are the bounds /stats/prometheus shows by default
// (source/common/stats/histogram_impl.cc, HistogramSettingsImpl::defaultBuckets).
var envoyBounds = [...]struct {
	le    string
	value float64
}{
	{"0.5", 0.5}, {"1", 1}, {"5", 5}, {"10", 10}, {"25", 25}, {"50", 50}, {"100", 100}, {"250", 250}, {"500", 500}, {"1000", 1000},
	{"2500", 2500}, {"5000", 5000}, {"10000", 10000}, {"30000", 30000}, {"60000", 60000}, {"300000", 300000}, {"600000", 600000},
	{"1800000", 1800000}, {"3600000", 3600000},
}
