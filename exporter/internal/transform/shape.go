// Package shape turns the samples of a gateway's pages into the contract's
// series, and into those of the user's own rules. It knows no clock and no
// network.
package transform

import (
	"math"
	"slices"
	"strings"
	"sync"

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
	MaxSeries int               // of one page, and with it what they take of memory: seriesSize each
}

// Shaper makes the series of one gateway's pages. What it makes of a page
// depends on that page alone; but it remembers what the samples of the last
// pages were for, and so decodes and relabels only what is new.
type Shaper struct {
	options Options
	rules   []rule

	uses     map[string]*use          // by the samples' Series
	entries  map[labels.Labels]*entry // by their labels before relabelling: one string each, without a build tag of Prometheus's
	sorted   []*entry                 // by their labels after it, if isSorted
	isSorted bool

	usesHeld, entriesHeld int // bytes of memory, about

	page    int // how many there were; the numbers below are of it
	used    int // samples that are in uses
	active  int // entries
	size    int // bytes of these on a page of ours, about
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

// What a gateway can make the exporter hold, for each of MaxSeries: a gateway
// within all other limits can send a thousand labels of 60 kB, or a million of
// ten bytes. Of what is more than fits, a series is left out, and a sample is
// decoded again each time.
const (
	seriesSize  = 1 << 10 // of a page of ours
	usesSize    = 2 << 10 // of samples
	entriesSize = 4 << 10 // of series that relabelling drops, or that were on other pages

	overhead = 200 // of what is remembered, beside its text
)

// New returns a Shaper that has seen no page.
func New(options Options) *Shaper {
	s := &Shaper{options: options, rules: newRules(options.Rules)}
	s.forget()
	return s
}

// families are the contract's, by name: the same for all gateways.
var families = sync.OnceValue(func() map[string]*Family {
	families := make(map[string]*Family)
	for _, metric := range contract.Metrics() {
		families[metric.Name] = &Family{
			Type: metric.Type, Help: metric.Help, Unit: unitOf(metric.Name), IsWhole: metric.Name == contract.UpstreamDuration, keys: withoutGateway(metric.Labels),
		}
	}
	return families
})

func withoutGateway(keys []string) []string {
	return slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return key == contract.LabelGateway })
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
	isStale := len(s.uses) > 2*s.used+slack // the gateway shows other stats than it did
	if isStale || s.entriesHeld > entriesSize*s.options.MaxSeries {
		s.forget()
	}
	s.page++
	s.used, s.active, s.size, s.dropped = 0, 0, 0, 0
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

// learn finds out what a sample is for. It remembers that where there is room; a
// new series that has none on the page, or comes to nothing, is forgotten at once.
func (s *Shaper) learn(sample scrape.Sample) *use {
	before, wasSorted := len(s.sorted), s.isSorted
	found, ok := s.find(sample)
	found.isNobodys = !ok
	if added := s.sorted[before:]; len(added) > 0 && (found.entry == nil || slices.Contains(added, found.entry) && !s.canHold(found.entry)) {
		s.undo(before)
		s.isSorted = wasSorted
		return &found
	}
	isOurs := ok || isPlugins(sample.Name) || isEnvoys(sample.Name)
	if held := len(sample.Series) + overhead; isOurs && s.usesHeld+held <= usesSize*s.options.MaxSeries {
		s.uses[sample.Series] = &found
		s.usesHeld += held
	}
	return &found
}

// canHold tells whether a new entry is to be remembered.
func (s *Shaper) canHold(e *entry) bool {
	if e.isUnwanted {
		return s.entriesHeld <= entriesSize*s.options.MaxSeries
	}
	return s.hasRoom(e)
}

// hasRoom tells whether the page does.
func (s *Shaper) hasRoom(e *entry) bool {
	return s.active < s.options.MaxSeries && s.size+e.size <= seriesSize*s.options.MaxSeries
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
		if !s.hasRoom(e) {
			return false
		}
		s.active++
		s.size += e.size
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
		slices.SortFunc(s.sorted, (*entry).compare)
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
