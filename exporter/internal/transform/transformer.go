// Package transform turns the samples of a gateway's pages into series: those of
// the metrics contract, and those of the user's own rules. It uses no clock and no
// network.
package transform

import (
	"math"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"

	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/scrape"
)

// Options configure a Transformer.
type Options struct {
	Format    config.Format
	Labels    labels.Labels     // added to each series, among them the gateway label
	Relabel   []*relabel.Config // metric_relabel_configs; a whole histogram is relabelled as one series
	Rules     []config.Rule     // for stats that the contract does not use
	MaxSeries int               // of one page; limits memory too, by seriesBytes for each
}

// Transformer makes series of one gateway's pages, one page after another. The
// values depend on the page alone; the starts also depend on earlier pages. The
// Transformer remembers the mapping of
// each sample of recent pages, so only new samples are decoded and relabelled.
type Transformer struct {
	options Options
	rules   []rule

	mappings  map[string]*mapping      // by Sample.Series
	entries   map[labels.Labels]*entry // by the labels before relabelling, which are one string in Prometheus's default build
	upstreams map[string]*entry        // the upstream times, by upstream.key
	sorted    []*entry                 // by the labels after relabelling, if isSorted
	isSorted  bool

	mappingBytes, entryBytes int // memory of mappings and entries, about

	page    int  // number of the current page; the counts below are of this page
	used    int  // mappings
	active  int  // entries that are exported
	bytes   int  // of these in the exporter's own page, about
	dropped int  // samples and series that could not be used
	isCut   bool // a limit left out a series

	last endedPage
}

// endedPage is the last page that ended. Its number is 0 if there is none, or if its
// entries are forgotten.
type endedPage struct {
	number int
	at     Start
	isCut  bool
}

// mapping says how a sample is used: scale times its value is added to cell.
type mapping struct {
	entry    *entry // nil if the sample cannot be used
	cell     *cell
	scale    float64
	isSingle bool // only one stat of Envoy can have this text, so a second sample is an error
	isUnused bool // neither the contract nor a rule uses the sample
	page     int  // the last page with the sample
}

// Limits of memory, for each of MaxSeries. A gateway can stay within all other
// limits and still send a thousand labels of 60 kB, or a million of ten bytes.
// Beyond the limits, a series is left out of the page, and a sample is decoded
// again on each page.
const (
	seriesBytes  = 1 << 10 // of the exporter's own page
	mappingLimit = 2 << 10 // bytes of mappings
	entryLimit   = 4 << 10 // bytes of entries, also for dropped series and series of earlier pages

	mostSeries = 1 << 40 // more is no limit, and its bytes fit an int

	overhead = 200 // bytes of a mapping or an entry, besides its text
)

// New returns a Transformer that has seen no page.
func New(options Options) *Transformer {
	options.MaxSeries = min(options.MaxSeries, mostSeries)
	t := &Transformer{options: options, rules: newRules(options.Rules)}
	t.forget()
	return t
}

// Begin begins a page. A page that was begun and not ended has no effect.
func (t *Transformer) Begin() {
	const slack = 100
	isStale := len(t.mappings) > 2*t.used+slack // the gateway no longer has most of these stats
	if isStale || t.entryBytes > entryLimit*t.options.MaxSeries {
		t.forget()
	}
	t.page++
	t.used, t.active, t.bytes, t.dropped, t.isCut = 0, 0, 0, 0, false
}

// forget drops all mappings and entries.
func (t *Transformer) forget() {
	t.mappings, t.entries, t.sorted = make(map[string]*mapping), make(map[labels.Labels]*entry), nil
	t.upstreams = make(map[string]*entry)
	t.mappingBytes, t.entryBytes = 0, 0
	t.last = endedPage{}
}

// Add adds a sample to its series, if any. It keeps no reference to the sample's
// memory.
func (t *Transformer) Add(sample scrape.Sample) {
	m := t.mappings[sample.Series]
	if m == nil {
		if !t.isCandidate(sample.Name) {
			return
		}
		m = t.learn(sample.Clone())
	}
	t.apply(m, sample.Value)
}

// learn decodes a new sample, and remembers the mapping if the limits allow. A new
// entry is forgotten at once if it does not fit the page or is not used after all.
func (t *Transformer) learn(sample scrape.Sample) *mapping {
	before, wasSorted := len(t.sorted), t.isSorted
	m, ok := t.mappingOf(sample)
	m.isUnused = !ok
	if added := t.sorted[before:]; len(added) > 0 && (m.entry == nil || slices.Contains(added, m.entry) && !t.canRemember(m.entry)) {
		t.isCut = t.isCut || m.entry != nil && !m.entry.isUnwanted
		t.undo(before)
		t.isSorted = wasSorted
		return &m
	}
	isRelevant := ok || mayBePlugin(sample.Name) || mayBeEnvoy(sample.Name)
	if bytes := len(sample.Series) + overhead; isRelevant && t.mappingBytes+bytes <= mappingLimit*t.options.MaxSeries {
		t.mappings[sample.Series] = &m
		t.mappingBytes += bytes
	}
	return &m
}

// undo drops the entries made since there were n of them. No mapping refers to
// them yet.
func (t *Transformer) undo(n int) {
	for _, e := range t.sorted[n:] {
		delete(t.entries, e.from)
		if e.upstream != nil {
			delete(t.upstreams, e.upstream.key)
		}
		t.entryBytes -= e.memory()
	}
	clear(t.sorted[n:])
	t.sorted = t.sorted[:n]
}

// canRemember reports whether the limits allow to remember a new entry.
func (t *Transformer) canRemember(e *entry) bool {
	if e.isUnwanted || e.mayRepeat() {
		return t.entryBytes <= entryLimit*t.options.MaxSeries
	}
	return t.fitsPage(e)
}

// fitsPage reports whether the limits allow another entry on the page.
func (t *Transformer) fitsPage(e *entry) bool {
	return t.active < t.options.MaxSeries && t.bytes+e.pageBytes <= seriesBytes*t.options.MaxSeries
}

// mappingOf decodes a sample. ok is false if neither the contract nor a rule uses
// the sample.
func (t *Transformer) mappingOf(sample scrape.Sample) (m mapping, ok bool) {
	if mayBePlugin(sample.Name) {
		return t.pluginMapping(sample), true
	}
	m, ok = t.envoyMapping(sample)
	if ok && (m.entry == nil || !m.entry.mayRepeat()) {
		return m, true
	}
	if byRule, isRule := t.ruleMapping(sample); isRule {
		return byRule, true
	}
	return m, ok
}

// isCandidate is a fast check whether a sample can be used at all. On a page that
// Envoy did not filter, it excludes nearly all samples.
func (t *Transformer) isCandidate(name string) bool {
	return mayBePlugin(name) || mayBeEnvoy(name) || len(t.rules) > 0
}

// apply adds a sample's value as its mapping says.
func (t *Transformer) apply(m *mapping, value float64) {
	isAgain := m.page == t.page
	m.page = t.page
	if !isAgain {
		t.used++
	}
	switch {
	case m.isUnused:
	case m.entry == nil, isAgain && m.isSingle, !isCount(value) && !m.entry.isGauge(), !t.activate(m.entry):
		t.dropped++
	default:
		m.cell.add(t.page, value*m.scale)
	}
}

// isCount reports whether value can be a counter's.
func isCount(value float64) bool { return value >= 0 && !math.IsInf(value, 1) }

// activate puts an entry on the page, and reports whether it fits.
func (t *Transformer) activate(e *entry) bool {
	if e.page == t.page {
		return true
	}
	if !e.isUnwanted && !e.mayRepeat() && !t.admit(e) {
		return false
	}
	e.page = t.page
	return true
}

// admit gives an entry its place on the page, and reports whether it fits.
func (t *Transformer) admit(e *entry) bool {
	if !t.fitsPage(e) {
		t.isCut = true
		return false
	}
	t.active++
	t.bytes += e.pageBytes
	return true
}

// IsEmpty reports whether the page has no sample that a series uses.
func (t *Transformer) IsEmpty() bool { return t.active == 0 }

// End ends a page that was requested at began, and returns its series, sorted by
// labels. Series with the same labels after relabelling are added up: they count
// events of one gateway. restart is a time since which all counters on the page have
// counted from 0, or the zero time.
//
// dropped counts samples that look like the contract's or a rule's and could not
// be decoded, and series beyond the limits. Unused samples are not counted.
func (t *Transformer) End(began, restart time.Time) (series []Series, dropped int) {
	if !t.isSorted {
		slices.SortFunc(t.sorted, (*entry).compare)
		t.isSorted = true
	}
	t.fillClosedSets()
	series = make([]Series, 0, t.active)
	for _, e := range t.sorted {
		if e.page != t.page || e.isUnwanted || t.isRepetition(e) {
			continue
		}
		isAdmitted := !e.mayRepeat() || t.admit(e)
		e.start = t.startOf(e, StartAt(restart))
		if s, ok := e.series(t.page); ok && isAdmitted && e.name != "" {
			e.exported, s.IsNew = t.page, e.start.isNew(StartAt(began))
			series = append(series, s)
		} else {
			t.dropped++
		}
	}
	series, conflicts := merged(series)
	t.last = endedPage{number: t.page, at: StartAt(began), isCut: t.isCut || conflicts > 0}
	return series, t.dropped + conflicts
}

// startOf returns when an entry on the page was last known to be 0: at restart, or
// when the last page was requested if that page had no such series.
func (t *Transformer) startOf(e *entry, restart Start) Start {
	switch {
	case e.isGauge():
		return 0
	case restart > 0:
		return restart
	case e.exported == t.last.number:
		return e.start
	case t.last.isCut: // perhaps a limit left out the series
		return 0
	}
	return t.last.at
}

// fillClosedSets adds, at 0, the missing members of each closed set that has a
// member on the page. Envoy does not show a counter before its first count, and
// rate() does not see an increase from a missing series, so a gateway's first
// refusal would go unnoticed.
func (t *Transformer) fillClosedSets() {
	for _, e := range t.sorted {
		if e.page != t.page {
			continue
		}
		for _, member := range e.closedSet {
			t.activate(member)
		}
	}
}
