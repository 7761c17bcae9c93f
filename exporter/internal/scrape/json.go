package scrape

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/moodring/moodring/contract"
)

// ReadJSON reads a page of /stats?format=json&histogram_buckets=detailed and gives
// each sample to emit. Text readouts are skipped. A page that is not exactly one
// JSON object is an error, and so is a stat or a histogram longer than maxEntry
// bytes. Only one stat or histogram is in memory at a time.
func ReadJSON(r io.Reader, maxEntry int, emit func(Sample)) error {
	limit := &entryLimit{r: r, limit: maxEntry}
	page := &jsonPage{Decoder: json.NewDecoder(limit), emit: emit}
	limit.decoder = page.Decoder
	if err := page.expect(json.Delim('{'), "stats", json.Delim('[')); err != nil {
		return err
	}
	for page.More() {
		if err := page.entry(); err != nil {
			return err
		}
	}
	if err := page.expect(json.Delim(']'), json.Delim('}')); err != nil {
		return err
	}
	if _, err := page.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the page goes on after its JSON object")
	}
	return nil
}

// entryLimit returns an error if the decoder reads on although it already has more
// than limit bytes of an incomplete value.
type entryLimit struct {
	r       io.Reader
	decoder *json.Decoder
	read    int64
	limit   int
}

func (l *entryLimit) Read(p []byte) (int, error) {
	if l.read-l.decoder.InputOffset() > int64(l.limit) {
		return 0, fmt.Errorf("a stat or a histogram is longer than %d bytes: if the page is right, raise scrape.max_line_bytes", l.limit)
	}
	n, err := l.r.Read(p)
	l.read += int64(n)
	return n, err
}

// jsonPage reads a page.
type jsonPage struct {
	*json.Decoder
	emit           func(Sample)
	value, skipped json.RawMessage // memory that entries share
}

func (p *jsonPage) expect(want ...json.Token) error {
	for _, token := range want {
		got, err := p.Token()
		if err != nil {
			return notStats(err)
		}
		if got != token {
			return fmt.Errorf("not the JSON of Envoy's /stats: %.60v where %v should be", got, token)
		}
	}
	return nil
}

func notStats(err error) error {
	var syntax *json.SyntaxError
	var other *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the JSON has no end: the page was cut")
	case errors.As(err, &syntax), errors.As(err, &other):
		return fmt.Errorf("not the JSON of Envoy's /stats: %w", err)
	}
	return err
}

// object reads an object. member reads the value of each key.
func (p *jsonPage) object(member func(key json.Token) error) error {
	if err := p.expect(json.Delim('{')); err != nil {
		return err
	}
	for p.More() {
		key, err := p.Token()
		if err != nil {
			return notStats(err)
		}
		if err := member(key); err != nil {
			return err
		}
	}
	return p.expect(json.Delim('}'))
}

func (p *jsonPage) decode(into any) error {
	if err := p.Decode(into); err != nil {
		return notStats(err)
	}
	return nil
}

func (p *jsonPage) skip() error { return p.decode(&p.skipped) }

// entry reads a stat, or the entry with all histograms.
func (p *jsonPage) entry() error {
	var name string
	p.value = p.value[:0]
	err := p.object(func(key json.Token) error {
		switch key {
		case "name":
			return p.decode(&name)
		case "value":
			return p.decode(&p.value)
		case "histograms":
			return p.object(p.histograms)
		}
		return p.skip()
	})
	if err != nil || len(p.value) == 0 || bytes.HasPrefix(p.value, []byte(`"`)) {
		return err
	}
	number, err := strconv.ParseFloat(string(p.value), 64)
	if err != nil {
		return errors.New("the value of a stat is not a number")
	}
	p.emit(named(name, number))
	return nil
}

func (p *jsonPage) histograms(key json.Token) error {
	if key != "details" {
		return p.skip()
	}
	if err := p.expect(json.Delim('[')); err != nil {
		return err
	}
	for p.More() {
		var histogram jsonHistogram
		if err := p.decode(&histogram); err != nil {
			return err
		}
		histogram.emit(p.emit)
	}
	return p.expect(json.Delim(']'))
}

type jsonHistogram struct {
	Name   string    `json:"name"`
	Totals []jsonBin `json:"totals"`
}

// jsonBin is a bin [Lower, Lower+Width) of Envoy's histogram.
type jsonBin struct {
	Lower float64 `json:"lower_bound"`
	Width float64 `json:"width"`
	Count float64 `json:"count"`
}

// emit gives the samples that /stats/prometheus has for the same histogram. As
// there, a bin counts under le if it begins at or below le, and the sum is
// estimated from the bins (libcircllhist's hist_approx_count_below and
// hist_approx_sum).
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
	emit(named(h.Name+contract.SuffixSum, sum))
	emit(named(h.Name+contract.SuffixCount, count))
}

// emitBucket gives a bucket's sample. The line break in Series makes the text
// different from all names of stats.
func (h *jsonHistogram) emitBucket(le string, value float64, emit func(Sample)) {
	name := h.Name + contract.SuffixBucket
	emit(Sample{Series: name + "\n" + le, Name: name, Labels: []Label{{contract.LabelBucket, le}}, Value: value})
}

func named(name string, value float64) Sample {
	return Sample{Series: name, Name: name, Value: value}
}

// middle returns the value that libcircllhist takes for all observations of a bin:
// the midpoint of a Pareto distribution, not of the bin (hist_bucket_to_double).
func (b jsonBin) middle() float64 {
	upper := b.Lower + b.Width
	if b.Lower <= 0 {
		return b.Lower
	}
	return 2 * b.Lower * upper / (b.Lower + upper)
}

// envoyBounds are the default bounds of /stats/prometheus
// (source/common/stats/histogram_impl.cc, HistogramSettingsImpl::defaultBuckets).
var envoyBounds = [...]struct {
	le    string
	value float64
}{
	{"0.5", 0.5}, {"1", 1}, {"5", 5}, {"10", 10}, {"25", 25}, {"50", 50}, {"100", 100}, {"250", 250}, {"500", 500}, {"1000", 1000},
	{"2500", 2500}, {"5000", 5000}, {"10000", 10000}, {"30000", 30000}, {"60000", 60000}, {"300000", 300000}, {"600000", 600000},
	{"1800000", 1800000}, {"3600000", 3600000},
}
