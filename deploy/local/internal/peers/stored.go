package peers

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"math"
	"math/rand/v2"
	"path/filepath"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/moodring/moodring/deploy/local/internal/payloadlog"
	"github.com/moodring/moodring/deploy/local/internal/ports"
)

// stored holds the sizes of the data that a peer stores.
type stored struct {
	Series    int     // in Prometheus
	BytesADay float64 // in Prometheus's blocks, and for payload logging in the events
	Events    float64 // bytes of these in the events
}

// sampledScrapes is the number of scrapes from which the growth of a series is
// known.
const sampledScrapes = 10

// measureStored sends requests, reads from Prometheus how each series grows, and
// writes a day with this growth into blocks.
func (r *rig) measureStored(ctx context.Context) (s stored, err error) {
	started, replies := time.Now(), r.replies()
	for time.Since(started) < (sampledScrapes+1)*scrapeInterval {
		if err := r.send(ctx, 1); err != nil {
			return s, err
		}
	}
	matrix, err := r.samples.Series(ctx, `{__name__=~".+"}`, started)
	if err != nil {
		return s, err
	}
	s.Series = len(matrix)
	if s.BytesADay, err = writeDay(ctx, filepath.Join(r.dir, "blocks"), matrix, r.replies()-replies); err != nil {
		return s, err
	}
	if r.logger != nil {
		received, err := r.received(ctx)
		if err != nil {
			return s, err
		}
		requestsPerDay := float64(requestsPerScrape * scrapesPerDay)
		s.Events = float64(received.EventBytes) / float64(received.Events) * requestsPerDay
		s.BytesADay += s.Events
	}
	return s, nil
}

// received returns the collector's sums.
func (r *rig) received(ctx context.Context) (received payloadlog.Received, err error) {
	body, err := get(ctx, ports.URL(r.ports.between)+"/received")
	if err == nil {
		err = json.Unmarshal(body, &received)
	}
	return received, err
}

// blockTime is the time span of a block before Prometheus merges blocks.
const blockTime = 2 * time.Hour

// writeDay writes a day of scrapes into Prometheus's blocks, and returns their size.
// Matrix has samples of each series during the given number of requests.
func writeDay(ctx context.Context, dir string, matrix model.Matrix, requests int) (bytes float64, err error) {
	random := rand.New(rand.NewPCG(1, 1))
	var series []*generator
	for _, sampled := range matrix {
		series = append(series, newGenerator(sampled, float64(requestsPerScrape)/float64(requests), random))
	}
	start := time.Unix(0, 0).Add(blockTime)
	for block := range int(24 * time.Hour / blockTime) {
		if err := writeBlock(ctx, dir, start.Add(time.Duration(block)*blockTime), series); err != nil {
			return 0, err
		}
	}
	return sizeOf(dir)
}

func writeBlock(ctx context.Context, dir string, start time.Time, series []*generator) (err error) {
	writer, err := tsdb.NewBlockWriter(slog.New(slog.DiscardHandler), dir, blockTime.Milliseconds())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, writer.Close()) }()
	appender := writer.Appender(ctx)
	for _, s := range series {
		for at := start; at.Before(start.Add(blockTime)); at = at.Add(scrapeEvery) {
			if _, err := appender.Append(0, s.labels, at.UnixMilli(), s.next()); err != nil {
				return errors.Join(err, appender.Rollback())
			}
		}
	}
	if err := appender.Commit(); err != nil {
		return err
	}
	_, err = writer.Flush(ctx)
	return err
}

// generator makes the values of one series: of a counter, growth with the variation
// of independent requests; of another series, the sampled values in any order.
type generator struct {
	labels  labels.Labels
	random  *rand.Rand
	sampled []model.SamplePair
	growth  float64 // of a counter for each scrape; 0 for another series
	value   float64
	isWhole bool
}

// newGenerator multiplies the sampled growth by scale.
func newGenerator(sampled *model.SampleStream, scale float64, random *rand.Rand) *generator {
	names := make(map[string]string, len(sampled.Metric))
	for name, value := range sampled.Metric {
		names[string(name)] = string(value)
	}
	g := &generator{labels: labels.FromMap(names), random: random, sampled: sampled.Values, isWhole: true}
	first, last := sampled.Values[0].Value, sampled.Values[0].Value
	isCounter := true
	for _, pair := range sampled.Values {
		isCounter = isCounter && pair.Value >= last
		g.isWhole = g.isWhole && float64(pair.Value) == math.Trunc(float64(pair.Value))
		last = pair.Value
	}
	g.value = float64(last)
	if isCounter {
		g.growth = float64(last-first) * scale
	}
	return g
}

func (g *generator) next() float64 {
	if g.growth == 0 {
		return float64(g.sampled[g.random.IntN(len(g.sampled))].Value)
	}
	g.value += max(0, g.growth+math.Sqrt(g.growth)*g.random.NormFloat64())
	if g.isWhole {
		return math.Floor(g.value)
	}
	return g.value
}

// sizeOf returns the bytes of all files below a directory.
func sizeOf(dir string) (bytes float64, err error) {
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			bytes += float64(info.Size())
		}
		return err
	})
	return bytes, err
}
