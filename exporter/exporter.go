package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/moodring/moodring/exporter/internal/expose"
	"github.com/moodring/moodring/exporter/internal/target"
)

// exporter is the rooms wired together: the configuration says where to
// discover, and what is discovered is the fleet.
type exporter struct {
	flags     *flags
	fleet     *fleet
	discovery *target.Discovery
}

func newExporter(ctx context.Context, f *flags, meter *expose.Meter, logger *slog.Logger) *exporter {
	fleet := newFleet(ctx, meter, logger)
	return &exporter{
		flags:     f,
		fleet:     fleet,
		discovery: target.NewDiscovery(target.Options{Logger: logger, Publish: fleet.Apply}),
	}
}

// load reads the configuration and uses it until ctx ends. After an error the
// one before is in use.
func (e *exporter) load(ctx context.Context) error {
	cfg, err := e.flags.configuration()
	if err != nil {
		return err
	}
	if _, err := target.Static(cfg.Gateways, cfg.RelabelConfigs); err != nil {
		return err
	}
	e.fleet.Configure(cfg)
	return e.discovery.Apply(ctx, cfg)
}

// timeout returns how long a scrape of all gateways may take.
func (e *exporter) timeout() time.Duration {
	cfg, _ := e.fleet.settings()
	return time.Duration(cfg.Scrape.Timeout)
}

// wait returns when all has stopped, after the end of its context.
func (e *exporter) wait() {
	e.discovery.Wait()
	e.fleet.Wait()
}
