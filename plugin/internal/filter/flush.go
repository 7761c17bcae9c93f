package filter

import "github.com/moodring/moodring/contract"

// noteModel and noteLabel note that there is something to tell the proxy of.
func (l *ledger) noteModel(model *model) {
	if !model.isPending {
		model.isPending = true
		l.pendingModels = append(l.pendingModels, model)
	}
}

func (l *ledger) noteLabel(label *label) {
	if !label.isPending {
		label.isPending = true
		l.pendingLabels = append(l.pendingLabels, label)
	}
}

// flush tells the proxy what was counted since it was last told.
func (l *ledger) flush() {
	for _, label := range l.pendingLabels {
		label.isPending = false
		l.flushLabel(label)
		label.pending = counts{}
	}
	l.pendingLabels = l.pendingLabels[:0]
	for _, model := range l.pendingModels {
		model.isPending = false
		l.flushModel(model)
		model.pending = modelCounts{}
	}
	l.pendingModels = l.pendingModels[:0]
}

func (l *ledger) flushLabel(label *label) {
	pending, series := &label.pending, series{label.of, contract.LabelLabel, label.name}
	if !l.increment(&label.answers, pending.answers) {
		l.start(&label.answers, pending.answers, series.stat(contract.Predictions, "", ""))
	}
	if !l.increment(&label.plain, pending.plain) {
		l.start(&label.plain, pending.plain, contract.AppendPlain(nil, label.name))
	}
	if !l.increment(&label.given, pending.given) {
		l.start(&label.given, pending.given, series.stat(contract.LabelScores, contract.SuffixMillionths, ""))
	}
	l.incrementAll(&label.confidence, &pending.scores, &series, &l.confidence)
}

func (l *ledger) flushModel(model *model) {
	for i, n := range model.pending.replies {
		if !l.increment(&model.replies[i], n) {
			series := series{model, contract.LabelOutcome, l.outcomes[i]}
			l.start(&model.replies[i], n, series.stat(contract.Replies, "", ""))
		}
	}
	series := series{model: model}
	l.incrementAll(&model.margin, &model.pending.margins, &series, &l.margin)
	l.incrementAll(&model.batchSize, &model.pending.batchSizes, &series, &l.batchSize)
}
