package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/exporter/internal/scrape"
)

const maxLine = 64 << 10

// measureDecoding measures the time to decode a whole page into labelled samples,
// compares it with the official parser's, and checks that both find the same samples.
func (b *bench) measureDecoding(ctx context.Context) error {
	e, err := b.startEnvoy(ctx)
	if err != nil {
		return err
	}
	page, err := get(ctx, e.admin+"/stats/prometheus", nil)
	e.stop()
	if err != nil {
		return err
	}
	fmt.Printf("decoding Envoy's whole page of %.1f MB\n", float64(len(page))/1e6)
	if err := sameSamples(page); err != nil {
		return err
	}
	reader := new(scrape.TextReader)
	samples := 0
	ours, err := timed(5, page, func(r io.Reader) error { return reader.Read(r, maxLine, func(scrape.Sample) { samples++ }) })
	if err != nil {
		return err
	}
	theirs, err := timed(3, page, func(r io.Reader) error {
		parser := expfmt.NewTextParser(model.UTF8Validation)
		_, err := parser.TextToMetricFamilies(r)
		return err
	})
	if err != nil {
		return err
	}
	show("samples, the same by both", float64(samples)/5, "")
	show("exporter", ours.speed, "MB/s")
	show("expfmt", theirs.speed, "MB/s")
	show("exporter", ours.allocated/1e6, "MB allocated")
	show("expfmt", theirs.allocated/1e6, "MB allocated")
	report("time, of expfmt's", theirs.speed/ours.speed, 1.0/5, "times")
	report("allocated, of expfmt's", ours.allocated/theirs.allocated, 1.0/10, "times")
	return nil
}

type pace struct {
	speed     float64 // MB/s, the best
	allocated float64 // bytes, on average
}

func timed(times int, page []byte, read func(io.Reader) error) (pace, error) {
	var p pace
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range times {
		start := time.Now()
		if err := read(bytes.NewReader(page)); err != nil {
			return pace{}, err
		}
		p.speed = max(p.speed, float64(len(page))/1e6/time.Since(start).Seconds())
	}
	runtime.ReadMemStats(&after)
	p.allocated = float64(after.TotalAlloc-before.TotalAlloc) / float64(times)
	return p, nil
}
