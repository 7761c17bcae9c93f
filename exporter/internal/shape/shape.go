// Package shape turns the samples of a gateway's pages into the contract's
// series, and into those of the user's own rules. It knows no clock and no
// network.
package shape

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/scrape"
)

// Options say what becomes of a gateway's samples.
type Options struct {
	Format    config.Format
	Labels    labels.Labels     // for each series; the gateway label is one
	Relabel   []*relabel.Config // metric_relabel_configs: of whole metrics, a histogram being one series
	Rules     []config.Rule     // for stats that are none of the contract's
	MaxSeries int               // of one page
}

// Shaper makes the series of one gateway's pages. What it makes of a page
// depends on that page alone; but it remembers what the samples of the last
// pages were for, and so decodes and relabels only what is new.
type Shaper struct {
	options  Options
	families map[string]*Family
	stats    []envoyStat
	rules    []rule

	uses     map[string]*use   // by the samples' Series
	entries  map[string]*entry // by their labels before relabelling
	sorted   []*entry          // by their labels after it, if isSorted
	isSorted bool

	page    int // how many there were; the numbers below are of it
	used    int // samples that are in uses
	active  int // entries
	dropped int // samples and series that could not be used
}

// use says what a sample is for: scale times its value is added to cell.
type use struct {
	entry     *entry // nil where the sample cannot be used
	cell      *cell
	scale     float64
	isSingle  bool // no two stats of Envoy's come to this text
	isNobodys bool
	page      int // on which it last was
}

// usesPerSeries bounds what is remembered, together with MaxSeries: a histogram
// of Envoy's is 22 samples, and so far as a page has more, they are decoded
// again each time.
const usesPerSeries = 24

// New returns a Shaper that has seen no page.
func New(options Options) *Shaper {
	s := &Shaper{options: options, families: make(map[string]*Family), stats: envoyStats(), rules: newRules(options.Rules)}
	for _, metric := range contract.Metrics() {
		s.families[metric.Name] = &Family{Type: metric.Type, Help: metric.Help, Unit: unitOf(metric.Name), IsWhole: metric.Name == contract.UpstreamDuration}
	}
	s.forget()
	return s
}

func unitOf(name string) string {
	if strings.HasSuffix(name, "_seconds") {
		return "seconds"
	}
	return ""
}

// Begin begins a page. One that was begun and not ended has never been.
func (s *Shaper) Begin() {
	const slack = 100
	if len(s.uses) > 2*s.used+slack { // the gateway shows other stats than it did
		s.forget()
	}
	s.page++
	s.used, s.active, s.dropped = 0, 0, 0
}

// Add adds a sample to its series, if it is one's. It keeps nothing of the
// sample's memory.
func (s *Shaper) Add(sample scrape.Sample) {
	known := s.uses[sample.Series]
	if known == nil {
		if !s.isCandidate(sample.Name) {
			return
		}
		known = s.learn(sample.Clone())
	}
	s.apply(known, sample.Value)
}

// learn finds out what a sample is for.
func (s *Shaper) learn(sample scrape.Sample) *use {
	found, ok := s.find(sample)
	found.isNobodys = !ok
	isRemembered := ok || isPlugins(sample.Name) || isEnvoys(sample.Name)
	if isRemembered && max(len(s.uses), len(s.entries)) < usesPerSeries*s.options.MaxSeries {
		s.uses[sample.Series] = &found
	}
	return &found
}

// find is false for a sample that is nobody's.
func (s *Shaper) find(sample scrape.Sample) (use, bool) {
	if isPlugins(sample.Name) {
		return s.pluginUse(sample), true
	}
	if found, ok := s.envoyUse(sample); ok {
		return found, true
	}
	return s.ruleUse(sample)
}

// isCandidate tells in short whether a sample could be anybody's: of a page that
// was not filtered, nearly none is.
func (s *Shaper) isCandidate(name string) bool {
	return isPlugins(name) || isEnvoys(name) || len(s.rules) > 0
}

// apply adds value to what it is for.
func (s *Shaper) apply(u *use, value float64) {
	isAgain := u.page == s.page
	u.page = s.page
	if !isAgain {
		s.used++
	}
	switch {
	case u.isNobodys:
	case u.entry == nil, isAgain && u.isSingle, !isCount(value) && u.entry.Type != contract.Gauge, !s.activate(u.entry):
		s.dropped++
	default:
		u.cell.add(s.page, value*u.scale)
	}
}

// isCount tells whether value can be a counter's.
func isCount(value float64) bool { return value >= 0 && !math.IsInf(value, 1) }

// activate puts an entry on the page, if there is room.
func (s *Shaper) activate(e *entry) bool {
	if e.page == s.page {
		return true
	}
	if !e.isUnwanted {
		if s.active >= s.options.MaxSeries {
			return false
		}
		s.active++
	}
	e.page = s.page
	return true
}

// End ends a page and returns its series, sorted by their labels. Samples that
// are nobody's were passed over; dropped counts those that looked as if they
// were somebody's and could not be used, and what was over the limit. Samples of
// one gateway that come to the same labels are added up: they count the same thing.
func (s *Shaper) End() (series []Series, dropped int) {
	if !s.isSorted {
		slices.SortFunc(s.sorted, func(a, b *entry) int {
			return cmp.Or(labels.Compare(a.labels, b.labels), strings.Compare(a.key, b.key))
		})
		s.isSorted = true
	}
	s.fillGroups()
	series = make([]Series, 0, s.active)
	for _, e := range s.sorted {
		if e.page != s.page || e.isUnwanted {
			continue
		}
		if one, ok := e.series(s.page); ok && e.name != "" {
			series = append(series, one)
		} else {
			s.dropped++
		}
	}
	series, clashes := merged(series)
	return series, s.dropped + clashes
}

// fillGroups adds, at 0, the members not seen yet of each closed set that has
// begun: Envoy shows no counter before its first count, and rate() cannot see
// an increase from nothing, so that a gateway's first refusal would go unnoticed.
func (s *Shaper) fillGroups() {
	for _, e := range s.sorted {
		if e.page != s.page {
			continue
		}
		for _, member := range e.group {
			s.activate(member)
		}
	}
}
