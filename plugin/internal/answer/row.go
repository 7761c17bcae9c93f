package answer

import "github.com/moodring/moodring/contract"

// row is one prediction in the making: scores of classes, scored labels, or
// labels without a score, of which the first leads.
type row struct {
	options *Options
	answers Answers

	entrants int
	ranks    ranking
	leader   contract.Text // its label, unless it is a class
	class    int           // of the leader
	isClass  bool
	name     contract.Text // of a class, for Answers.Score
}

func (r *row) begin() { r.entrants, r.ranks = 0, ranking{} }

// enterLabel takes a label without a score.
func (r *row) enterLabel(label *contract.Text) {
	if r.entrants++; r.entrants == 1 {
		r.leader, r.isClass = *label, false
	}
}

func (r *row) enterScored(label *contract.Text, score float64) {
	if r.options.Scores {
		r.answers.Score(label, score)
	}
	r.entrants++
	if r.ranks.add(score) {
		r.leader, r.isClass = *label, false
	}
}

func (r *row) enterClass(class int, score float64) {
	if r.options.Scores {
		r.options.name(&r.name, class)
		r.answers.Score(&r.name, score)
	}
	r.entrants++
	if r.ranks.add(score) {
		r.class, r.isClass = class, true
	}
}

// end answers.
func (r *row) end() {
	if r.isClass {
		r.options.name(&r.leader, r.class)
	}
	prediction := Prediction{Label: &r.leader, Score: r.ranks.top, IsScored: r.ranks.n > 0}
	if r.options.Margins && r.ranks.n > 1 {
		prediction.Margin, prediction.HasMargin = r.ranks.top-r.ranks.second, true
	}
	r.answers.Answer(prediction)
}
