package filter

import (
	"math"
	"slices"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/abi"
	"github.com/moodring/moodring/plugin/internal/config"
)

// ledger is all that a VM has counted, by model and label. What replies hold is
// noted here and told to the proxy later, for many replies together: calls to
// the proxy are what a reply costs.
type ledger struct {
	host abi.Proxy

	models   roster[model]
	other    *model // of models that have no room
	overflow map[string]*counter
	faults   counter
	outcomes []string

	// Those of which the proxy has not been told all.
	pendingModels []*model
	pendingLabels []*label

	confidence, margin, batchSize shape

	key          []byte // of the latest model looked for
	latest       *model // if it has room
	isComplained bool
}

// model is one version of a model.
type model struct {
	key               string
	name, version     string
	replies           [contract.OutcomeCount]counter // as ledger.outcomes
	margin, batchSize histogram
	labels            roster[label]
	latest            *label // looked for
	other             *label // of labels that have no room

	isPending bool
	pending   modelCounts
}

// modelCounts are what replies add to one model.
type modelCounts struct {
	replies             [contract.OutcomeCount]uint64 // as ledger.outcomes
	margins, batchSizes sample
}

// counted is the index of contract.OutcomeCounted in contract.Outcomes.
const counted = 0

type label struct {
	of             *model
	name           string
	answers, plain counter
	given          counter
	confidence     histogram

	isPending bool
	pending   counts
}

func newLedger(h abi.Proxy) ledger {
	return ledger{
		host:       h,
		models:     roster[model]{key: []byte(sharedPrefix + "models"), make: keyedModel},
		other:      newModel(contract.Other, ""),
		overflow:   map[string]*counter{},
		outcomes:   contract.Outcomes(),
		confidence: shapeOf(contract.Confidence, 1),
		margin:     shapeOf(contract.Margin, 1),
		batchSize:  shapeOf(contract.BatchSize, math.MaxInt32),
	}
}

// sharedPrefix sets our lists apart from what other plugins of the same vm_id
// share, and from those of a release that keeps them in another form.
const sharedPrefix = "moodring.1."

// appendKey appends a model's key: its name, its version, and a byte for the
// length of the version.
func appendKey(dst []byte, name, version *contract.Text) []byte {
	dst = name.Append(dst)
	nameEnd := len(dst)
	dst = version.Append(dst)
	return append(dst, byte(len(dst)-nameEnd))
}

// splitKey reverses appendKey.
func splitKey[T string | []byte](key T) (name, version T) {
	last := len(key) - 1
	nameEnd := max(0, last-int(key[last]))
	return key[:nameEnd], key[nameEnd:last]
}

func keyedModel(key string) *model {
	made := newModel(splitKey(key))
	made.key = key
	return made
}

func newModel(name, version string) *model {
	made := &model{name: name, version: version}
	newLabel := func(name string) *label { return &label{of: made, name: name} }
	made.labels = roster[label]{
		key:  []byte(sharedPrefix + "labels." + name + "\x00" + version),
		make: newLabel,
	}
	made.other = newLabel(contract.Other)
	return made
}

// label returns that of a name if it has room, and nil otherwise.
func (m *model) label(name []byte) *label {
	if m.latest == nil || m.latest.name != string(name) {
		m.latest = m.labels.find(name, hash(name))
	}
	return m.latest
}

// known returns a stream's model if it has room, and nil otherwise.
func (l *ledger) known(s *stream) *model {
	if s.model != nil {
		return s.model
	}
	l.key = appendKey(l.key[:0], &s.name, &s.version)
	if l.latest == nil || l.latest.key != string(l.key) {
		l.latest = l.models.find(l.key, hash(l.key))
	}
	return l.latest
}

// load takes in what other VMs have admitted of a stream's model.
func (l *ledger) load(s *stream) {
	if l.known(s) == nil {
		l.models.load(l.host)
	}
	if model := l.known(s); model != nil {
		model.labels.load(l.host)
	}
}

// find returns a stream's model, or that of contract.Other where there is no
// room for one more. A model that is not known yet gets room only if it
// isThere: a caller must not fill the room with names it makes up.
func (l *ledger) find(s *stream) (found *model, isFull bool) {
	if found = l.known(s); found != nil {
		return found, false
	}
	if name, _ := splitKey(l.key); !s.isThere || len(name) == 0 {
		return l.other, false
	}
	if found = l.models.admit(l.host, l.key, hash(l.key), s.plugin.config.MaxModels); found != nil {
		return found, false
	}
	return l.other, true
}

// add counts a reply that has ended.
func (l *ledger) add(s *stream, outcome string) {
	if !s.namesName && !s.plugin.follows(&s.name) {
		return
	}
	of, isFull := l.find(s)
	if outcome == contract.OutcomeCounted {
		l.addAnswers(of, s.reply, &s.plugin.config)
		if isFull {
			l.addOverflow(contract.OverflowModels, s.reply.answers)
		}
	}
	l.addReply(of, outcome)
}

func (l *ledger) addReply(of *model, outcome string) {
	l.noteModel(of)
	of.pending.replies[slices.Index(l.outcomes, outcome)]++
}

func (l *ledger) addAnswers(of *model, r *reply, config *config.Config) {
	for i := range r.labels.list {
		name, counts := &r.labels.list[i], &r.labels.counts[i]
		if label := of.labels.admit(l.host, name.text, name.sum, config.MaxLabels); label != nil {
			l.addLabel(label, counts, config)
		} else {
			r.over.add(counts)
		}
	}
	l.addLabel(of.other, &r.over, config)
	l.addOverflow(contract.OverflowLabels, r.over.answers)
	l.addOverflow(contract.OverflowLabelLength, r.cut)
	l.noteModel(of)
	of.pending.margins.addAll(&r.margins)
	if config.BatchSizes {
		of.pending.batchSizes.add(&l.batchSize, float64(r.answers))
	}
}

func (l *ledger) addLabel(to *label, counts *counts, config *config.Config) {
	l.noteLabel(to)
	to.pending.add(counts)
	if config.PlainCounters {
		to.pending.plain += counts.answers
	}
}

// addSole counts a reply that is one answer, of a model that has room.
func (l *ledger) addSole(s *stream) {
	l.noteLabel(s.sole)
	pending := &s.sole.pending
	pending.answers++
	if s.plugin.config.PlainCounters {
		pending.plain++
	}
	pending.scores.add(&l.confidence, s.score)
	l.noteModel(s.model)
	s.model.pending.replies[counted]++
}

func (l *ledger) addOverflow(kind string, n uint64) {
	if n == 0 {
		return
	}
	known := l.overflow[kind]
	if known == nil {
		known = &counter{}
		l.overflow[kind] = known
	}
	if !l.increment(known, n) {
		l.start(known, n, (&series{nil, contract.LabelKind, kind}).stat(contract.Overflow, "", ""))
	}
}

// fault counts a fault of the filter's own.
func (l *ledger) fault(what string) {
	l.complain(what)
	if !l.increment(&l.faults, 1) {
		l.start(&l.faults, 1, (&series{}).stat(contract.Faults, "", ""))
	}
}

func (l *ledger) complainOf(what string, status abi.Status) { l.complain(what + status.String()) }

// complain logs what went wrong, once in a VM: what a hostile reply can repeat
// is not to fill the log.
func (l *ledger) complain(what string) {
	if !l.isComplained {
		l.isComplained = true
		l.host.Log(abi.Error, "moodring: "+what+" (further lines are left out)")
	}
}
