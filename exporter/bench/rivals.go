package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	rivalTargets = 200
	rivalWindow  = 20 * time.Second
)

// rival is a program that scrapes the same gateways each second, and decodes the
// labels in the names by the same rules.
type rival struct {
	name  string
	start func(context.Context) (*process, string, error)
	serve bool // scraped once a second; the other programs send their samples
}

// measureRivals compares the exporter with the programs that a user could run instead.
func (b *bench) measureRivals(ctx context.Context) error {
	fmt.Printf("%d gateways of 60 samples, each second for %s\n", rivalTargets, rivalWindow)
	best := cost{}
	for _, r := range []rival{
		{"exporter", b.startOurs, true},
		{"vmagent", b.startVmagent, false},
		{"prometheus --agent", b.startPrometheus, false},
	} {
		c, err := b.measureRival(ctx, r)
		if err != nil {
			return err
		}
		show(r.name+": processor", c.cpu.Seconds()*1e6, "us CPU a target a scrape")
		show(r.name+": memory", float64(c.rss)/1e6, "MB RSS")
		if r.serve {
			best = c
			continue
		}
		report("processor, of "+r.name+"'s", best.cpu.Seconds()/c.cpu.Seconds(), 1, "times")
		report("memory, of "+r.name+"'s", float64(best.rss)/float64(c.rss), 1, "times")
	}
	return nil
}

type cost struct {
	cpu time.Duration // of one target's scrape
	rss int64
}

func (b *bench) measureRival(ctx context.Context, r rival) (cost, error) {
	p, url, err := r.start(ctx)
	if err != nil {
		return cost{}, err
	}
	defer p.stop()
	if err := wait(ctx, rivalWindow/4); err != nil { // to fill connections and caches
		return cost{}, err
	}
	before := b.farm.scrapes.Load()
	used, err := p.cost(1, func() error { return waitWindow(ctx, r, url) })
	if err != nil {
		return cost{}, err
	}
	scrapes := b.farm.scrapes.Load() - before
	if scrapes < rivalTargets {
		return cost{}, fmt.Errorf("%s made %d scrapes in %s", r.name, scrapes, rivalWindow)
	}
	rss, _, err := p.rss()
	return cost{used / time.Duration(scrapes), rss}, err
}

// waitWindow waits for the window, and gets the page each second if r serves one.
func waitWindow(ctx context.Context, r rival, url string) error {
	for range int(rivalWindow / time.Second) {
		if err := wait(ctx, time.Second); err != nil {
			return err
		}
		if r.serve {
			if _, err := get(ctx, url+"/metrics", gzipped); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) startOurs(ctx context.Context) (*process, string, error) {
	return b.startExporter(ctx, rivalTargets, "interval: 1s")
}

// scrapeConfig returns a configuration for Prometheus and vmagent.
func (b *bench) scrapeConfig() string {
	var text strings.Builder
	text.WriteString("global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n- job_name: gateways\n  metrics_path: /stats/prometheus\n  static_configs:\n")
	for i := range rivalTargets {
		fmt.Fprintf(&text, "  - {targets: ['%s'], labels: {gateway: gateway-%d}}\n", b.farm.address(i), i)
	}
	text.WriteString("  metric_relabel_configs:\n")
	for _, key := range []string{"model", "label", "outcome", "le"} {
		fmt.Fprintf(&text, "  - {source_labels: [__name__], regex: '(?:.*___)?%[1]s___(.*?)___.*moodring_.*', target_label: %[1]s}\n", key)
	}
	text.WriteString("  - {source_labels: [__name__], regex: '.*___(moodring_.*)', target_label: __name__}\n")
	return text.String()
}

func (b *bench) writeConfig(name, text string) (string, error) {
	file := filepath.Join(b.dir, name)
	return file, os.WriteFile(file, []byte(text), 0o600)
}

func (b *bench) sink() string { return "http://" + b.farm.address(0) + "/sink" }

func (b *bench) startVmagent(ctx context.Context) (*process, string, error) {
	path, err := b.tool("vmagent", "make .tools/bin/vmagent")
	if err != nil {
		return nil, "", err
	}
	file, err := b.writeConfig("vmagent.yml", b.scrapeConfig())
	if err != nil {
		return nil, "", err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, "", err
	}
	p, err := start(ctx, b.dir, nil, path, "-promscrape.config="+file, "-remoteWrite.url="+b.sink(),
		"-remoteWrite.tmpDataPath="+filepath.Join(b.dir, "vmagent"), "-httpListenAddr="+address)
	if err != nil {
		return nil, "", err
	}
	return p, "", p.ready(ctx, "http://"+address+"/health")
}

func (b *bench) startPrometheus(ctx context.Context) (*process, string, error) {
	path, err := b.tool("prometheus", "make .tools/bin/prometheus")
	if err != nil {
		return nil, "", err
	}
	file, err := b.writeConfig("prometheus.yml", b.scrapeConfig()+"remote_write: [{url: '"+b.sink()+"'}]\n")
	if err != nil {
		return nil, "", err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, "", err
	}
	p, err := start(ctx, b.dir, nil, path, "--agent", "--config.file="+file, "--storage.agent.path="+filepath.Join(b.dir, "prometheus"),
		"--web.listen-address="+address)
	if err != nil {
		return nil, "", err
	}
	return p, "", p.ready(ctx, "http://"+address+"/-/ready")
}
