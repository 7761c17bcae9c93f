package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	scaleTargets  = 1000
	scaleInterval = 15 * time.Second
)

// gzipped holds the headers that Prometheus sends.
var gzipped = map[string]string{"Accept-Encoding": "gzip", "Accept": "text/plain;version=0.0.4"}

// measureScale measures the exporter with a thousand gateways on one core.
func (b *bench) measureScale(ctx context.Context) error {
	fmt.Printf("%d gateways of 60 samples each %s, GOMAXPROCS=1\n", scaleTargets, scaleInterval)
	base, err := b.measureOneGateway(ctx)
	if err != nil {
		return err
	}
	p, url, err := b.startExporter(ctx, scaleTargets, "interval: 15s", "GOMAXPROCS=1")
	if err != nil {
		return err
	}
	err = errors.Join(wait(ctx, scaleInterval+time.Second), b.measurePage(ctx, p, url), b.measureSteadyState(ctx, p, url, base))
	p.stop()
	return errors.Join(err, b.measureTenScrapers(ctx))
}

// measurePage measures the cost of the page: encoded for the first time in a format,
// and served again.
func (b *bench) measurePage(ctx context.Context, p *process, url string) error {
	openMetrics := map[string]string{"Accept-Encoding": "gzip", "Accept": "application/openmetrics-text;version=1.0.0"}
	plain, err := get(ctx, url+"/metrics", map[string]string{"Accept-Encoding": "identity", "Accept": gzipped["Accept"]})
	if err != nil {
		return err
	}
	show("/metrics", float64(bytes.Count(plain, []byte("\n"))-bytes.Count(plain, []byte("\n#"))), "samples")
	show("/metrics", float64(len(plain))/1e6, "MB")
	first, err := p.cost(1, func() error { _, err := get(ctx, url+"/metrics", openMetrics); return err })
	if err != nil {
		return err
	}
	report("/metrics, written for the first time in a form, gzip", first.Seconds()*1e3, 150, "ms CPU")
	again, err := p.cost(20, func() error { _, err := get(ctx, url+"/metrics", gzipped); return err })
	report("/metrics, again, gzip", again.Seconds()*1e3, 150, "ms CPU")
	return err
}

// cost returns the program's processor time for one call of do, on average.
func (p *process) cost(times int, do func() error) (time.Duration, error) {
	before, err := p.cpu()
	if err != nil {
		return 0, err
	}
	for range times {
		if err := do(); err != nil {
			return 0, err
		}
	}
	after, err := p.cpu()
	return (after - before) / time.Duration(times), err
}

// measureOneGateway returns the memory of an exporter with one gateway, after it has
// served its page.
func (b *bench) measureOneGateway(ctx context.Context) (int64, error) {
	p, url, err := b.startExporter(ctx, 1, "interval: 15s", "GOMAXPROCS=1")
	if err != nil {
		return 0, err
	}
	defer p.stop()
	if _, err := get(ctx, url+"/metrics", gzipped); err != nil {
		return 0, err
	}
	now, _, err := p.rss()
	return now, err
}

// measureSteadyState measures the exporter with one scraper, for two intervals. base
// is the memory of an exporter with one gateway.
func (b *bench) measureSteadyState(ctx context.Context, p *process, url string, base int64) error {
	started := time.Now()
	used, err := p.cost(1, func() error {
		for range 2 {
			if err := wait(ctx, scaleInterval); err != nil {
				return err
			}
			if _, err := get(ctx, url+"/metrics", gzipped); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	report("processor, with one scraper", 100*used.Seconds()/time.Since(started).Seconds(), 25, "% of a core")
	now, peak, err := p.rss()
	report("memory", float64(now)/1e6, 150, "MB RSS")
	report("memory, at most", float64(peak)/1e6, 150, "MB RSS")
	show("a gateway: processor, with one scraper", used.Seconds()*1e6/(2*scaleTargets), "us CPU a scrape")
	show("a gateway: memory", float64(now-base)/scaleTargets/1e3, "kB RSS")
	show("with one gateway: memory", float64(base)/1e6, "MB RSS")
	return err
}

// measureTenScrapers counts the scrapes of the gateways for ten requests at once, if
// the gateways are scraped on request.
func (b *bench) measureTenScrapers(ctx context.Context) error {
	const gateways, scrapers = 100, 10
	p, url, err := b.startExporter(ctx, gateways, "min_age: 10s")
	if err != nil {
		return err
	}
	defer p.stop()
	before := b.farm.scrapes.Load()
	var all sync.WaitGroup
	failed := make(chan error, scrapers)
	for range scrapers {
		all.Go(func() {
			if _, err := get(ctx, url+"/metrics", gzipped); err != nil {
				failed <- err
			}
		})
	}
	all.Wait()
	close(failed)
	report("ten scrapers at once", float64(b.farm.scrapes.Load()-before)/gateways, 1, "scrapes")
	return <-failed
}
