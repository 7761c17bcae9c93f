package filter

import (
	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/answer"
	"github.com/moodring/moodring/plugin/internal/counters"
)

// reply reads a response body as it streams by, and gathers its counts. They are
// only counted once the reply has ended and its outcome is known.
type reply struct {
	scanner answer.Scanner
	options answer.Options // in use if the request does not name the model
	stream  *stream
	counts  counters.ReplyCounts

	isVersioned bool // whether the model's name in the reply has named the version
}

var _ answer.Visitor = (*reply)(nil)

func (r *reply) reset(counts *counters.Counters, of *stream) {
	r.stream, r.isVersioned = of, false
	of.copyNames()
	r.counts.Reset(counts, &of.model, &of.plugin.counting)
	listed := of.plugin.options(&of.model.Name)
	options := &listed.Options
	if !of.namesModel {
		r.options = listed.Options
		options = &r.options
	}
	r.counts.SetListed(&listed.Listed)
	r.scanner.Reset(of.protocol(), options, r)
}

// Discard implements answer.Visitor.
func (r *reply) Discard() { r.counts.Clear() }

// Model implements answer.Visitor. A name in the path takes precedence.
func (r *reply) Model(name *contract.Text) {
	var buffer, known [contract.MaxLabelBytes]byte
	model, version := r.stream.plugin.splitName(name.Append(buffer[:0]))
	if !r.stream.namesModel {
		setText(name, model)
		r.rename(name)
	}
	if len(version) > 0 && !r.stream.namesVersion && string(r.stream.model.Name.Append(known[:0])) == string(model) {
		var text contract.Text
		setText(&text, version)
		r.stream.setVersion(&text)
		r.isVersioned = true
	}
}

// rename sets the model's name. Some servers of OpenAI's API repeat the name that the
// caller has written, so a model with its service's name only gets a listed name.
func (r *reply) rename(name *contract.Text) {
	listed := r.stream.plugin.options(name)
	if r.stream.isService && listed == &r.stream.plugin.defaults {
		return
	}
	r.stream.setModel(name)
	r.options = listed.Options
	r.counts.SetListed(&listed.Listed)
}

// Version implements answer.Visitor. A version in the path takes precedence.
func (r *reply) Version(version *contract.Text) {
	if !r.stream.namesVersion && !r.isVersioned && !version.IsEmpty() {
		r.stream.setVersion(version)
	}
}

// Value implements answer.Visitor.
func (r *reply) Value(number float64) { r.counts.AddValue(number) }

// Score implements answer.Visitor.
func (r *reply) Score(label *contract.Text, score float64) { r.counts.AddScore(label, score) }

// Prediction implements answer.Visitor.
func (r *reply) Prediction(prediction answer.Prediction) {
	score, margin := float64(counters.Missing), float64(counters.Missing)
	if prediction.IsScored {
		score = prediction.Score
	}
	if prediction.HasMargin {
		margin = prediction.Margin
	}
	r.counts.AddPrediction(prediction.Label, score, margin)
}
