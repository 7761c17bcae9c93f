package filter

import (
	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/answer"
)

// reply gathers what one reply holds while it streams by: answer.Visitor.
// Nothing of it is counted, or takes a label's room, before the reply has ended
// soundly.
type reply struct {
	scanner answer.Scanner
	options answer.Options // where the reply itself names its model

	ledger *ledger
	stream *stream

	answers uint64
	cut     uint64 // answers with a label that was cut
	margins sample
	labels  tallies
	over    counts // of labels that there is no room to tell apart
	hasAll  bool   // the labels that other VMs have admitted are known
}

var _ answer.Visitor = (*reply)(nil)

func (r *reply) reset(ledger *ledger, of *stream) {
	r.ledger, r.stream = ledger, of
	of.takeNames()
	r.Discard()
	options := &r.options
	if of.namesName {
		options = of.plugin.options(&of.name)
	} else {
		r.options = of.plugin.others
	}
	r.scanner.Reset(of.protocol(), options, r)
}

// Discard implements answer.Visitor.
func (r *reply) Discard() {
	r.answers, r.cut, r.hasAll = 0, 0, false
	r.margins, r.over = sample{}, counts{}
	r.labels.reset()
}

// Model implements answer.Visitor. What the path names is not the reply's to
// tell.
func (r *reply) Model(name *contract.Text) {
	if !r.stream.namesName {
		r.stream.setName(name)
		r.options = *r.stream.plugin.options(name)
	}
}

// Version implements answer.Visitor.
func (r *reply) Version(version *contract.Text) {
	if !r.stream.hasVersion {
		r.stream.setVersion(version)
	}
}

// Score implements answer.Visitor.
func (r *reply) Score(label *contract.Text, score float64) {
	if score >= 0 && score <= 1 {
		r.counts(label).given += millionths(score)
	}
}

// Prediction implements answer.Visitor.
func (r *reply) Prediction(prediction answer.Prediction) {
	r.answers++
	if prediction.Label.IsCut() {
		r.cut++
	}
	counts := r.counts(prediction.Label)
	counts.answers++
	if prediction.IsScored {
		counts.scores.add(&r.ledger.confidence, prediction.Score)
	}
	if prediction.HasMargin {
		r.margins.add(&r.ledger.margin, prediction.Margin)
	}
}

// counts returns those of a label.
func (r *reply) counts(label *contract.Text) *counts {
	var buffer [contract.MaxLabelBytes]byte
	name := label.Append(buffer[:0])
	sum := hash(name)
	if known := r.labels.find(name, sum); known != nil {
		return known
	}
	if r.labels.len() >= r.stream.plugin.config.MaxLabels && !r.isAdmitted(name, sum) {
		return &r.over
	}
	return r.labels.add(name, sum)
}

// isAdmitted tells whether the model has room for a label already, in whichever
// VM it got it. It is asked when a reply holds more labels than may be kept
// apart.
func (r *reply) isAdmitted(label []byte, sum uint32) bool {
	if !r.hasAll {
		r.ledger.load(r.stream)
		r.hasAll = true
	}
	model := r.ledger.known(r.stream)
	return model != nil && model.labels.find(label, sum) != nil
}
