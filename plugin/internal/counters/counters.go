// Package counters counts predictions and replies by model and label, in counters
// of the proxy. It limits how many models and labels are counted separately, for
// all VMs of the proxy together. It knows neither streams nor the formats of
// replies.
package counters

import (
	"math"
	"slices"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/abi"
)

// Counters holds all counts of a VM. Add notes the counts of a reply here, and
// Flush adds them to the proxy's counters, for many replies at once: the calls to
// the proxy are most of the cost of a reply.
type Counters struct {
	proxy abi.Proxy

	services  sharedNames[*Service]
	anonymous *Service                            // of models without a namespace and a service
	other     *Service                            // for services past the limit
	overflow  [contract.OverflowKindCount]counter // by index in contract.OverflowKinds
	faults    counter

	unfollowed        counter
	pendingUnfollowed uint64
	outcomes, kinds   []string // all of the contract

	// Models and labels with counts that Flush has not written yet.
	pendingModels []*Model
	pendingLabels []*Label

	confidence, margin, batchSize metric

	key       []byte // of the model that Known last looked up
	hasLogged bool
}

// Options configures how the replies of one plugin configuration are counted.
type Options struct {
	MaxServices, MaxModels, MaxLabels int

	PlainCounters bool // also count predictions under the bare label
	BatchSizes    bool
}

// Service holds the models of one service of a namespace.
type Service struct {
	key             string
	namespace, name string
	models          sharedNames[*Model]
	latest          *Model // that Known last returned, or nil
	other           *Model // for models past the limit
}

// Model holds the counts of one version of a model.
type Model struct {
	service           *Service
	key               string
	name, version     string
	replies           [contract.OutcomeCount]counter // by index in contract.Outcomes
	margin, batchSize histogram
	values            *valueHistogram // or nil
	findings          findings
	labels            sharedNames[*Label]
	repeats           int    // predictions of labels that were admitted before
	texts             int    // predictions without the form of a label
	unread            int    // replies without a prediction that counts, before the first that has one
	isRead            bool   // a reply has had a prediction that counts
	latest            *Label // that Label last returned, or nil
	other             *Label // for labels past the limit

	isPending bool
	pending   modelCounts
}

// modelCounts holds the counts of one model since the last Flush.
type modelCounts struct {
	replies             [contract.OutcomeCount]uint64 // by index in contract.Outcomes
	margins, batchSizes sample
}

// counted is the index of contract.OutcomeCounted in contract.Outcomes.
const counted = 0

// Label holds the counts of one label of a model.
type Label struct {
	model              *Model
	name               string
	predictions, plain counter
	scoreSum           counter
	confidence         histogram

	isPending bool
	pending   labelCounts
}

// ModelID identifies the model of a reply.
type ModelID struct {
	Service *Service
	Known   *Model // if it has been looked up; Name and Version are then unused

	// MayAdmit says whether the model may be admitted if it is unknown. It is false
	// if only the caller has named the model: callers must not use up the limit
	// with invented names.
	MayAdmit bool

	Name, Version contract.Text
}

// New returns empty counters for a VM of the proxy.
func New(proxy abi.Proxy) *Counters {
	made := &Counters{
		proxy:      proxy,
		anonymous:  keyedService(""),
		other:      keyedService(string(appendKey(nil, nil, []byte(contract.Other)))),
		outcomes:   contract.Outcomes(),
		kinds:      contract.OverflowKinds(),
		confidence: newMetric(contract.Confidence, 1),
		margin:     newMetric(contract.Margin, 1),
		batchSize:  newMetric(contract.BatchSize, math.MaxInt32),
	}
	made.services.key, made.services.make = []byte(sharedPrefix+"services"), keyedService
	return made
}

// sharedPrefix distinguishes the lists from the shared data of other plugins with
// the same vm_id, and from lists of releases with another format.
const sharedPrefix = "moodring.1."

// appendKey appends the key of a service or a model: two names, and the length of
// the second in one byte.
func appendKey(dst, first, second []byte) []byte {
	dst = append(dst, first...)
	dst = append(dst, second...)
	return append(dst, byte(len(second)))
}

// splitKey reverses appendKey.
func splitKey[T string | []byte](key T) (first, second T) {
	last := len(key) - 1
	if last < 0 {
		return key, key
	}
	end := max(0, last-int(key[last]))
	return key[:end], key[end:last]
}

func keyedService(key string) *Service {
	made := &Service{key: key}
	made.namespace, made.name = splitKey(key)
	newModel := func(key string) *Model { return newModel(made, key) }
	made.models.key, made.models.make = []byte(sharedPrefix+"models."+key), newModel
	made.other = newModel(string(appendKey(nil, []byte(contract.Other), nil)))
	return made
}

func newModel(service *Service, key string) *Model {
	made := &Model{service: service, key: key}
	made.name, made.version = splitKey(key)
	newLabel := func(name string) *Label { return &Label{model: made, name: name} }
	made.labels.key, made.labels.make = labelsKey(service.key, key), newLabel
	made.other = newLabel(contract.Other)
	made.findings.key = append([]byte(sharedPrefix+"findings."), made.labels.key...)
	return made
}

// labelsKey returns the key of the list of a model's labels. The length of the
// service's key stands before it, so that no two models have the same key.
func labelsKey(service, model string) []byte {
	key := append([]byte(sharedPrefix+"labels."), byte(len(service)>>8), byte(len(service)))
	return append(append(key, service...), model...)
}

// Service returns the service of a namespace. If it has not been admitted and the
// limit is reached, Service returns the service for contract.Other. A model without
// a namespace and a service is counted without these labels.
func (c *Counters) Service(namespace, name string, limit int) *Service {
	if namespace == "" && name == "" {
		return c.anonymous
	}
	key := appendKey(nil, whole(namespace), whole(name))
	if known := c.services.admit(c.proxy, key, Hash(key), limit); known != nil {
		return known
	}
	return c.other
}

// whole cuts a name that is too long for a label.
func whole(name string) []byte {
	var text contract.Text
	text.AddAll([]byte(name))
	return text.Append(nil)
}

// Label returns a label by its name, or nil if the name has not been admitted.
func (m *Model) Label(name []byte) *Label {
	if m.latest == nil || m.latest.name != string(name) {
		m.latest = m.labels.find(name, Hash(name))
	}
	return m.latest
}

// Known returns a model, or nil if it has not been admitted.
func (c *Counters) Known(id *ModelID) *Model {
	if id.Known != nil {
		return id.Known
	}
	c.key = id.Name.Append(c.key[:0])
	nameEnd := len(c.key)
	c.key = id.Version.Append(c.key)
	c.key = append(c.key, byte(len(c.key)-nameEnd))
	of := id.Service
	if of.latest == nil || of.latest.key != string(c.key) {
		of.latest = of.models.find(c.key, Hash(c.key))
	}
	return of.latest
}

// load loads a model that another VM has admitted, and its labels.
func (c *Counters) load(id *ModelID) {
	if c.Known(id) == nil {
		id.Service.models.load(c.proxy)
	}
	if model := c.Known(id); model != nil {
		model.labels.load(c.proxy)
	}
}

// admit returns a known model, or admits an unknown model if id.MayAdmit is set.
// Otherwise admit returns the service's model for contract.Other. full is the kind
// of the limit that is the reason, or empty.
func (c *Counters) admit(id *ModelID, limit int) (model *Model, full string) {
	if id.Service == c.other {
		return c.other.other, contract.OverflowServices
	}
	if model = c.Known(id); model != nil {
		return model, ""
	}
	if name, _ := splitKey(c.key); !id.MayAdmit || len(name) == 0 {
		return id.Service.other, ""
	}
	if model = id.Service.models.admit(c.proxy, c.key, Hash(c.key), limit); model != nil {
		return model, ""
	}
	return id.Service.other, contract.OverflowModels
}

// Judge returns the outcome under which a reply counts. findings are bits about the
// meaning of its numbers, or 0. supports reports whether the reply has predictions,
// by the findings of all replies of the model.
//
// A model is no classifier if none of its first maxUnread replies has predictions. A log
// line then asks for its configuration.
func (c *Counters) Judge(id *ModelID, outcome string, findings byte, supports func(all byte) bool, options *Options) string {
	model, _ := c.admit(id, options.MaxModels)
	isNamed := model != model.service.other
	if outcome == contract.OutcomeCounted && findings != 0 {
		all := findings
		if isNamed {
			all = model.findings.add(c.proxy, findings)
		}
		if !supports(all) {
			outcome = contract.OutcomeUnparsed
		}
	}
	if outcome != contract.OutcomeUnparsed || !isNamed || model.isRead || model.labels.names.Len() > 0 {
		return outcome
	}
	if model.unread++; model.unread <= maxUnread {
		return outcome
	}
	c.logUnread(model)
	return contract.OutcomeNotClassifier
}

// maxUnread is the number of replies after which a model without a prediction is no
// classifier.
const maxUnread = 10

// logUnread asks for the configuration of a model, once for all VMs of the proxy.
func (c *Counters) logUnread(model *Model) {
	if model.unread > maxUnread+1 || model.findings.add(c.proxy, 0)&isLogged != 0 {
		return
	}
	model.findings.add(c.proxy, isLogged)
	c.proxy.Log(abi.Warn, "moodring: the first replies of "+quoted(model.name)+" have no predictions that the plugin can count: "+
		"it is not a classifier, or its answers need an explanation. In pluginConfig, give the model under models "+
		"answer: class, probability, labels or number, or answer: none to leave it alone")
}

// quoted returns a name on a single line.
func quoted(name string) string {
	line := []byte(name)
	for i, c := range line {
		if c < ' ' || c == 0x7f {
			line[i] = '?'
		}
	}
	return `"` + string(line) + `"`
}

// isLogged is the finding that the line about a model has been logged. The other
// bits are the caller's.
const isLogged = 1 << 7

// Add counts a reply that has ended. reply is only used if the outcome is
// contract.OutcomeCounted.
func (c *Counters) Add(id *ModelID, outcome string, reply *ReplyCounts, options *Options) {
	model, full := c.admit(id, options.MaxModels)
	if outcome == contract.OutcomeCounted {
		c.addPredictions(model, reply, options)
		if full != "" {
			c.addOverflow(full, reply.predictions)
		}
	}
	c.addPendingModel(model)
	model.pending.replies[slices.Index(c.outcomes, outcome)]++
}

func (c *Counters) addPredictions(model *Model, r *ReplyCounts, options *Options) {
	model.isRead = true
	model.texts += int(r.overflow[isText] + r.overflow[isCut])
	for i := range r.labels.list {
		c.addNamed(model, r, i, options)
	}
	if r.other.predictions > 0 || r.other.scoreSum > 0 {
		c.addLabel(model.other, &r.other, options)
	}
	for i, kind := range labelOverflows {
		c.addOverflow(kind, r.overflow[i])
	}
	if r.numbers.count > 0 {
		c.valuesOf(model, r.listed.Bounds).pending.addAll(&r.numbers)
	}
	c.addPendingModel(model)
	model.pending.margins.addAll(&r.margins)
	if options.BatchSizes {
		model.pending.batchSizes.add(&c.batchSize, float64(r.predictions))
	}
}

// addNamed counts a label of a reply, under its name or under contract.Other.
func (c *Counters) addNamed(model *Model, r *ReplyCounts, number int, options *Options) {
	name, counts := &r.labels.list[number], &r.labels.counts[number]
	known := model.labels.find(name.text, name.hash)
	label, limit := known, options.MaxLabels
	if known == nil {
		if !r.listed.has(name.text, name.hash) {
			limit = model.labelLimit(limit)
		} else {
			limit = math.MaxInt
		}
		if label = model.labels.admit(c.proxy, name.text, name.hash, limit); label == nil && limit < options.MaxLabels {
			model.labels.load(c.proxy) // another VM, with a higher limit, may have admitted it
			known = model.labels.find(name.text, name.hash)
			label = known
		}
	}
	switch {
	case known != nil:
		model.repeats += max(1, int(counts.predictions))
	case label != nil:
		model.repeats += max(1, int(counts.predictions)) - 1
	case limit < options.MaxLabels:
		r.addOther(counts, newLabel)
		return
	default:
		r.addOther(counts, pastLimit)
		return
	}
	c.addLabel(label, counts, options)
}

func (c *Counters) addLabel(label *Label, counts *labelCounts, options *Options) {
	c.addPendingLabel(label)
	label.pending.add(counts)
	if options.PlainCounters {
		label.pending.plain += counts.predictions
	}
}

// AddOne counts a reply with a single prediction, of a label that has been
// admitted.
func (c *Counters) AddOne(label *Label, score float64, options *Options) {
	c.addPendingLabel(label)
	pending := &label.pending
	pending.predictions++
	if options.PlainCounters {
		pending.plain++
	}
	pending.confidence.add(&c.confidence, score)
	model := label.model
	model.repeats++
	c.addPendingModel(model)
	model.pending.replies[counted]++
}

func (c *Counters) addOverflow(kind string, n uint64) {
	if n == 0 {
		return
	}
	known := &c.overflow[slices.Index(c.kinds, kind)]
	if !c.increment(known, n) {
		c.define(known, n, (&series{nil, contract.LabelKind, kind}).stat(contract.Overflow, "", ""))
	}
}

// AddUnfollowed counts a request that looks like a prediction, and that no rule
// follows.
func (c *Counters) AddUnfollowed() { c.pendingUnfollowed++ }

// AddFault logs and counts a fault of the filter.
func (c *Counters) AddFault(message string) {
	c.logOnce(message)
	if !c.increment(&c.faults, 1) {
		c.define(&c.faults, 1, (&series{}).stat(contract.Faults, "", ""))
	}
}

// LogStatus logs a failed host call, unless the VM has logged an error before.
func (c *Counters) LogStatus(message string, status abi.Status) { c.logOnce(message + status.String()) }

// logOnce logs the first error of a VM. Further errors are left out, because a
// hostile reply could fill the log with them.
func (c *Counters) logOnce(message string) {
	if !c.hasLogged {
		c.hasLogged = true
		c.proxy.Log(abi.Error, "moodring: "+message+" (further lines are left out)")
	}
}
