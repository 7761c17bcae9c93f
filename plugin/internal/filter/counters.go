package filter

import (
	"math"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/config"
)

// counter is a counter in Envoy, made when it is first needed: series that
// never count do not exist.
type counter struct {
	metric    proxywasm.MetricCounter
	isDefined bool
}

func (c *counter) add(n uint64, name string, fields ...contract.Field) {
	if n > 0 && !c.isDefined {
		c.define(contract.AppendStat(nil, name, fields...))
	}
	c.increment(n)
}

func (c *counter) define(name []byte) {
	c.metric, c.isDefined = proxywasm.DefineCounterMetric(string(name)), true
}

func (c *counter) increment(n uint64) {
	if n > 0 {
		c.metric.Increment(n)
	}
}

const boundCount = 10

// counters are all that one plugin has in one VM, within the limits of its
// configuration.
type counters struct {
	config   config.Config
	bounds   []contract.Bound
	models   map[string]*modelCounters
	overflow map[string]*counter // by kind
}

type modelCounters struct {
	name    string
	labels  map[string]*labelCounters
	replies map[string]*counter // by outcome
}

type labelCounters struct {
	name    string
	answers counter
	plain   counter
	scored  counter
	sum     counter
	buckets [boundCount]counter
}

func newCounters(config config.Config) *counters {
	return &counters{
		config:   config,
		bounds:   contract.Bounds(contract.Confidence),
		models:   map[string]*modelCounters{},
		overflow: map[string]*counter{},
	}
}

// model returns the counters of a model, or of contract.Other where there is
// no room for one more. A model that is not known yet gets room only if it
// isThere: a caller must not fill the room with names it makes up.
func (c *counters) model(name string, isThere bool) (counters *modelCounters, isFull bool) {
	var text contract.Text
	text.Reset()
	text.AddAll([]byte(name))
	key := string(text.Append(nil))
	if known := c.models[key]; known != nil {
		return known, false
	}
	if isFull = isThere && c.modelsKept() >= c.config.MaxModels; isFull || !isThere {
		key = contract.Other
		if known := c.models[key]; known != nil {
			return known, isFull
		}
	}
	made := &modelCounters{name: key, labels: map[string]*labelCounters{}, replies: map[string]*counter{}}
	c.models[key] = made
	return made, isFull
}

// modelsKept counts the models that have room of their own.
func (c *counters) modelsKept() int {
	if c.models[contract.Other] != nil {
		return len(c.models) - 1
	}
	return len(c.models)
}

// label returns the counters of a model's label, or of contract.Other where
// there is no room for one more.
func (c *counters) label(model *modelCounters, label []byte) (counters *labelCounters, isFull bool) {
	if known := model.labels[string(label)]; known != nil {
		return known, false
	}
	key := string(label)
	if isFull = len(model.labels) >= c.config.MaxLabels; isFull {
		key = contract.Other
		if known := model.labels[key]; known != nil {
			return known, true
		}
	}
	made := &labelCounters{name: key}
	model.labels[key] = made
	return made, isFull
}

func (c *counters) addOverflow(kind string, n uint64) {
	if n == 0 {
		return
	}
	known := c.overflow[kind]
	if known == nil {
		known = &counter{}
		c.overflow[kind] = known
	}
	known.add(n, contract.Overflow, contract.Field{Key: contract.LabelKind, Value: kind})
}

func (m *modelCounters) addReply(outcome string) {
	known := m.replies[outcome]
	if known == nil {
		known = &counter{}
		m.replies[outcome] = known
	}
	known.add(1, contract.Replies, m.field(), contract.Field{Key: contract.LabelOutcome, Value: outcome})
}

func (m *modelCounters) field() contract.Field {
	return contract.Field{Key: contract.LabelModel, Value: m.name}
}

// addPlain counts under the bare label, of whichever model.
func (l *labelCounters) addPlain(n uint64) {
	if !l.plain.isDefined {
		l.plain.define(contract.AppendPlain(nil, l.name))
	}
	l.plain.increment(n)
}

// tally is what one reply adds to one label's counters.
type tally struct {
	label   *labelCounters
	answers uint64
	scored  uint64
	sum     uint64 // millionths
	buckets [boundCount]uint64
}

// score notes a score between 0 and 1: any other is not a confidence.
func (t *tally) score(bounds []contract.Bound, score float64) {
	if score < 0 || score > 1 {
		return
	}
	t.scored++
	t.sum += uint64(math.Round(score / contract.SumScale))
	for i, bound := range bounds {
		if score <= bound.Value {
			t.buckets[i]++
		}
	}
}

// addTally counts in Envoy what a reply holds.
func (c *counters) addTally(model *modelCounters, t *tally) {
	label := t.label
	fields := [3]contract.Field{model.field(), {Key: contract.LabelLabel, Value: label.name}, {Key: contract.LabelBucket}}
	of := fields[:2]
	label.answers.add(t.answers, contract.Predictions, of...)
	if c.config.PlainCounters {
		label.addPlain(t.answers)
	}
	label.scored.add(t.scored, contract.Confidence+contract.SuffixCount, of...)
	label.sum.add(t.sum, contract.Confidence+contract.SuffixSum, of...)
	for i, bound := range c.bounds {
		fields[2].Value = bound.Le
		label.buckets[i].add(t.buckets[i], contract.Confidence+contract.SuffixBucket, fields[:]...)
	}
}
