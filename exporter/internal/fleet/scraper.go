package fleet

import (
	"context"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/moodring/moodring/exporter/internal/discovery"
	"github.com/moodring/moodring/exporter/internal/expose"
	"github.com/moodring/moodring/exporter/internal/scrape"
	"github.com/moodring/moodring/exporter/internal/transform"
)

// scraper makes a gateway's scrapes, and keeps the connection and the transformer
// between them.
type scraper struct {
	link    *scrape.Link
	agent   scrape.Agent
	process scrape.Process

	transformer *transform.Transformer // for settings and labels; nil before the first scrape
	settings    *settings
	labels      labels.Labels
}

// scrape gets a page of the target, and returns its series or the error. No series
// with older values has been served since lastServed.
func (p *scraper) scrape(ctx context.Context, settings *settings, t discovery.Target, lastServed func() time.Time) expose.Snapshot {
	result := expose.Snapshot{Gateway: t.Gateway, URL: t.URL.Redacted(), At: time.Now()}
	p.prepare(settings, t)
	series, err := p.read(ctx, settings.client, t, lastServed, &result)
	result.Up, result.Err = err == nil, err
	if err == nil {
		result.Series = expose.NewBlock(t.Gateway, series)
	}
	result.Duration = time.Since(result.At)
	return result
}

// prepare makes a new transformer if the configuration or the target's labels have
// changed.
func (p *scraper) prepare(s *settings, t discovery.Target) {
	if p.transformer != nil && p.settings == s && labels.Equal(p.labels, t.Labels) {
		return
	}
	p.settings, p.labels = s, t.Labels
	p.transformer = transform.New(transform.Options{
		Format: s.scrape.Format, Labels: t.Labels, Relabel: s.MetricRelabelConfigs, Rules: s.Rules, MaxSeries: s.scrape.MaxSeries,
	})
}

// read gets a page, transforms its samples to series, and sets the result's counts.
func (p *scraper) read(ctx context.Context, client *scrape.Client, t discovery.Target, lastServed func() time.Time, result *expose.Snapshot) (series []transform.Series, err error) {
	p.transformer.Begin()
	p.agent.Begin()
	p.process.Begin()
	result.Bytes, err = client.Page(ctx, p.link, t.URL, func(sample scrape.Sample) {
		p.agent.Add(sample)
		p.process.Add(sample)
		p.transformer.Add(sample)
	})
	if err != nil {
		return nil, err
	}
	if p.agent.End() && p.transformer.IsEmpty() {
		return nil, client.At(t.URL, scrape.ErrNoEnvoy)
	}
	var restart time.Time
	if now := time.Now(); p.process.End(result.At, now) {
		restart = between(lastServed(), result.At, now)
	}
	series, result.Dropped = p.transformer.End(result.At, restart)
	return series, nil
}

// between returns a time between the last response with a gateway's old counts and
// the first with its new counts. Prometheus puts a 0 there, and takes no sample that
// is older than one it has. In the middle, the clocks of the two may differ most. The
// first response can be one that waits for this scrape, or a later one.
func between(served, began, now time.Time) time.Time {
	if served.After(began) { // during the scrape
		began = now
	}
	return served.Add(began.Sub(served) / 2)
}
