package promapi

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/util/annotations"
)

// Target is a target that is scraped, as /api/v1/targets has it.
type Target struct {
	DiscoveredLabels   labels.Labels       `json:"discoveredLabels"`
	Labels             labels.Labels       `json:"labels"`
	ScrapePool         string              `json:"scrapePool"`
	ScrapeURL          string              `json:"scrapeUrl"`
	GlobalURL          string              `json:"globalUrl"`
	LastError          string              `json:"lastError"`
	LastScrape         time.Time           `json:"lastScrape"`
	LastScrapeDuration float64             `json:"lastScrapeDuration"` // seconds
	Health             scrape.TargetHealth `json:"health"`
	ScrapeInterval     string              `json:"scrapeInterval"`
	ScrapeTimeout      string              `json:"scrapeTimeout"`
}

// targets lists the active targets. The local stack relabels nothing, so no
// target is dropped.
func (o Options) targets(*http.Request) (any, annotations.Annotations, error) {
	return map[string]any{
		"activeTargets": o.ActiveTargets(), "droppedTargets": []Target{}, "droppedTargetCounts": o.Scrapes.TargetsDroppedCounts(),
	}, nil, nil
}

// ActiveTargets returns the targets by the name of their pool.
func (o Options) ActiveTargets() []Target {
	active, builder := []Target{}, labels.NewBuilder(labels.EmptyLabels())
	pools := o.Scrapes.TargetsActive()
	for _, pool := range slices.Sorted(maps.Keys(pools)) {
		for _, from := range pools[pool] {
			described := Target{
				DiscoveredLabels: from.DiscoveredLabels(builder), Labels: from.Labels(builder),
				ScrapePool: pool, ScrapeURL: from.URL().String(), GlobalURL: from.URL().String(),
				LastScrape: from.LastScrape(), LastScrapeDuration: from.LastScrapeDuration().Seconds(), Health: from.Health(),
				ScrapeInterval: from.GetValue(model.ScrapeIntervalLabel), ScrapeTimeout: from.GetValue(model.ScrapeTimeoutLabel),
			}
			if err := from.LastError(); err != nil {
				described.LastError = err.Error()
			}
			active = append(active, described)
		}
	}
	return active
}

// metadata lists type, help and unit of the metric families, or of the one in
// the parameter metric.
func (o Options) metadata(r *http.Request) (any, annotations.Annotations, error) {
	limit, err := limitParam(r)
	if err != nil {
		return nil, nil, err
	}
	only := r.FormValue("metric")
	families := map[string][]metadata.Metadata{}
	for _, pool := range o.Scrapes.TargetsActive() {
		for _, from := range pool {
			for _, known := range from.ListMetadata() {
				described := metadata.Metadata{Type: known.Type, Help: known.Help, Unit: known.Unit}
				if (only == "" || only == known.MetricFamily) && !slices.Contains(families[known.MetricFamily], described) {
					families[known.MetricFamily] = append(families[known.MetricFamily], described)
				}
			}
		}
	}
	if names := slices.Sorted(maps.Keys(families)); limit > 0 && len(names) > limit {
		for _, name := range names[limit:] {
			delete(families, name)
		}
	}
	return families, nil, nil
}
