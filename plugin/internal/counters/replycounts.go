package counters

import (
	"unicode/utf8"

	"github.com/moodring/moodring/contract"
)

// ReplyCounts gathers the counts of one reply. Until Counters.Add nothing is
// counted, and no label is admitted. The zero value must be Reset before use.
type ReplyCounts struct {
	counters *Counters
	model    *ModelID
	options  *Options

	listed   *Listed
	other    labelCounts                 // of labels that are not counted separately
	overflow [len(labelOverflows)]uint64 // predictions by the reason, an index of labelOverflows

	predictions uint64
	margins     sample
	labels      replyLabels
	numbers     values
	isLoaded    bool // whether the labels of other VMs have been loaded
	isBinary    bool // whether a label is not UTF-8
}

// Listed holds the configuration of a model's labels.
type Listed struct {
	Labels Names            // labels that are always counted separately
	Bounds []contract.Bound // of the histogram of numbers
}

func (l *Listed) has(label []byte, hash uint32) bool {
	return l != nil && l.Labels.Find(label, hash) >= 0
}

// reason says why predictions of a label count under contract.Other. A reason is an
// index of labelOverflows.
type reason uint8

const (
	pastLimit reason = iota
	isCut
	isText
	newLabel
)

var labelOverflows = [...]string{
	contract.OverflowLabels, contract.OverflowLabelLength, contract.OverflowLabelForm, contract.OverflowNewLabels,
}

// Missing stands for a missing score or margin.
const Missing = -1

// Reset prepares r for a reply of model. model may change until Counters.Add.
func (r *ReplyCounts) Reset(counters *Counters, model *ModelID, options *Options) {
	r.counters, r.model, r.options, r.listed = counters, model, options, nil
	r.Clear()
}

// SetListed sets the configuration of the model's labels. Before SetListed,
// no label of the model is listed.
func (r *ReplyCounts) SetListed(listed *Listed) { r.listed = listed }

// Clear removes all counts.
func (r *ReplyCounts) Clear() {
	r.predictions, r.isLoaded, r.isBinary = 0, false, false
	r.margins, r.other, r.numbers, r.overflow = sample{}, labelCounts{}, values{}, [len(labelOverflows)]uint64{}
	r.labels.reset()
}

// IsBinary reports whether a label is not UTF-8.
func (r *ReplyCounts) IsBinary() bool { return r.isBinary }

// AddValue counts a prediction that is a number.
func (r *ReplyCounts) AddValue(number float64) {
	r.predictions++
	if r.listed != nil {
		r.numbers.add(number, r.listed.Bounds)
	}
}

// AddScore adds to the score sum of a label. A score outside of 0 to 1 is left
// out.
func (r *ReplyCounts) AddScore(label *contract.Text, score float64) {
	if score >= 0 && score <= 1 {
		counts, _ := r.label(label)
		counts.scoreSum += millionths(score)
	}
}

// AddPrediction counts a prediction. A score or a margin outside of 0 to 1, such
// as Missing, is left out of its histogram.
func (r *ReplyCounts) AddPrediction(label *contract.Text, score, margin float64) {
	r.predictions++
	counts, why := r.label(label)
	if counts == &r.other {
		r.overflow[why]++
	}
	counts.predictions++
	counts.confidence.add(&r.counters.confidence, score)
	r.margins.add(&r.counters.margin, margin)
}

// label returns the counts of a label. If these are the counts of other labels,
// why is the reason.
func (r *ReplyCounts) label(label *contract.Text) (counts *labelCounts, why reason) {
	var buffer [contract.MaxLabelBytes]byte
	name := label.Append(buffer[:0])
	hash := Hash(name)
	if known := r.labels.find(name, hash); known != nil {
		return known, 0
	}
	switch isListed := r.listed.has(name, hash); {
	case isListed:
	case label.IsCut():
		return &r.other, isCut
	case !looksLikeLabel(name):
		r.isBinary = r.isBinary || !utf8.Valid(name)
		return &r.other, isText
	case r.labels.Len() >= r.options.MaxLabels && !r.isAdmitted(name, hash):
		return &r.other, pastLimit
	}
	return r.labels.add(name, hash), 0
}

// addOther moves the counts of a label to the counts of other labels.
func (r *ReplyCounts) addOther(counts *labelCounts, why reason) {
	r.other.add(counts)
	r.overflow[why] += counts.predictions
}

// isAdmitted reports whether any VM has admitted a label of the reply's model. It
// is called when a reply has more labels than the limit.
func (r *ReplyCounts) isAdmitted(label []byte, hash uint32) bool {
	if !r.isLoaded {
		r.counters.load(r.model)
		r.isLoaded = true
	}
	model := r.counters.Known(r.model)
	return model != nil && model.labels.find(label, hash) != nil
}

// replyLabels holds the counts of one reply by label.
type replyLabels struct {
	Names
	counts []labelCounts // by the label's number
}

func (l *replyLabels) find(label []byte, hash uint32) *labelCounts {
	if number := l.Find(label, hash); number >= 0 {
		return &l.counts[number]
	}
	return nil
}

// add adds a label that is not in l yet.
func (l *replyLabels) add(label []byte, hash uint32) *labelCounts {
	number := l.Add(label, hash)
	l.counts = append(l.counts[:number], labelCounts{})
	return &l.counts[number]
}

// labelCounts holds the counts of one label.
type labelCounts struct {
	predictions uint64
	plain       uint64 // predictions that are also counted under the bare label
	scoreSum    uint64 // of all predictions that score the label, in millionths
	confidence  sample
}

func (c *labelCounts) add(other *labelCounts) {
	c.predictions += other.predictions
	c.scoreSum += other.scoreSum
	c.confidence.addAll(&other.confidence)
}

// sample holds the values of a histogram since the last Flush.
type sample struct {
	count, sum uint64                     // the sum is in millionths
	buckets    [contract.MaxBounds]uint64 // not cumulative
}

// add adds a value, if it is in the metric's range.
func (s *sample) add(of *metric, value float64) {
	if !of.includes(value) {
		return
	}
	s.count++
	s.sum += millionths(value)
	i := len(of.bounds)
	for i > 0 && value <= of.bounds[i-1].Value {
		i--
	}
	if i < len(of.bounds) {
		s.buckets[i]++
	}
}

func (s *sample) addAll(other *sample) {
	if other.count == 0 {
		return
	}
	s.count += other.count
	s.sum += other.sum
	for i, n := range other.buckets {
		s.buckets[i] += n
	}
}

// millionths rounds a value of at least 0. math.Round takes many instructions in
// Wasm.
func millionths(value float64) uint64 { return uint64(value*(1/contract.SumScale) + 0.5) }

// metric describes the histograms of one metric.
type metric struct {
	name   string
	bounds []contract.Bound
	most   float64 // largest value
}

// includes reports whether a value is in the metric's range. A score outside of 0
// to 1 is not a confidence.
func (m *metric) includes(value float64) bool { return value >= 0 && value <= m.most }

func newMetric(name string, most float64) metric {
	return metric{name: name, bounds: contract.Bounds(name), most: most}
}
