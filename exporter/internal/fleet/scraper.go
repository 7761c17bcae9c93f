package fleet

import (
	"context"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/discovery"
	"github.com/moodring/moodring/exporter/internal/expose"
	"github.com/moodring/moodring/exporter/internal/scrape"
	"github.com/moodring/moodring/exporter/internal/transform"
)

// scraper makes a gateway's scrapes, and keeps the connection and the transformer
// between them.
type scraper struct {
	link  *scrape.Link
	agent scrape.Agent

	transformer *transform.Transformer // for config and labels; nil before the first scrape
	config      *config.Config
	labels      labels.Labels
}

// scrape gets a page of the target, and returns its series or the error.
func (p *scraper) scrape(ctx context.Context, settings *settings, t discovery.Target) expose.Snapshot {
	result := expose.Snapshot{Gateway: t.Gateway, URL: t.URL.Redacted(), At: time.Now()}
	p.prepare(settings.Config, t)
	series, err := p.read(ctx, settings.client, t, &result)
	result.Up, result.Err = err == nil, err
	if err == nil {
		result.Series = expose.NewBlock(t.Gateway, series)
	}
	result.Duration = time.Since(result.At)
	return result
}

// prepare makes a new transformer if the configuration or the target's labels have
// changed.
func (p *scraper) prepare(cfg *config.Config, t discovery.Target) {
	if p.transformer != nil && p.config == cfg && labels.Equal(p.labels, t.Labels) {
		return
	}
	p.config, p.labels = cfg, t.Labels
	p.transformer = transform.New(transform.Options{
		Format: cfg.Scrape.Format, Labels: t.Labels, Relabel: cfg.MetricRelabelConfigs, Rules: cfg.Rules, MaxSeries: cfg.Scrape.MaxSeries,
	})
}

// read gets a page, transforms its samples to series, and sets the result's counts.
func (p *scraper) read(ctx context.Context, client *scrape.Client, t discovery.Target, result *expose.Snapshot) (series []transform.Series, err error) {
	p.transformer.Begin()
	p.agent.Begin()
	result.Bytes, err = client.Page(ctx, p.link, t.URL, func(sample scrape.Sample) {
		p.agent.Add(sample)
		p.transformer.Add(sample)
	})
	if err != nil {
		return nil, err
	}
	series, result.Dropped = p.transformer.End()
	if p.agent.End() && len(series) == 0 {
		return nil, client.At(t.URL, scrape.ErrNoEnvoy)
	}
	return series, nil
}
