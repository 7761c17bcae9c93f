package counters

import "github.com/moodring/moodring/contract"

// addPendingModel adds a model to the list for Flush.
func (c *Counters) addPendingModel(model *Model) {
	if !model.isPending {
		model.isPending = true
		c.pendingModels = append(c.pendingModels, model)
	}
}

func (c *Counters) addPendingLabel(label *Label) {
	if !label.isPending {
		label.isPending = true
		c.pendingLabels = append(c.pendingLabels, label)
	}
}

// Flush adds all counts since the last Flush to the proxy's counters.
func (c *Counters) Flush() {
	for _, label := range c.pendingLabels {
		label.isPending = false
		c.flushLabel(label)
		label.pending = labelCounts{}
	}
	c.pendingLabels = c.pendingLabels[:0]
	for _, model := range c.pendingModels {
		model.isPending = false
		c.flushModel(model)
		model.pending = modelCounts{}
	}
	c.pendingModels = c.pendingModels[:0]
	if !c.increment(&c.unfollowed, c.pendingUnfollowed) {
		c.define(&c.unfollowed, c.pendingUnfollowed, (&series{}).stat(contract.Unfollowed, "", ""))
	}
	c.pendingUnfollowed = 0
}

func (c *Counters) flushLabel(label *Label) {
	pending, series := &label.pending, series{label.model, contract.LabelLabel, label.name}
	if !c.increment(&label.predictions, pending.predictions) {
		c.define(&label.predictions, pending.predictions, series.stat(contract.Predictions, "", ""))
	}
	if !c.increment(&label.plain, pending.plain) {
		c.define(&label.plain, pending.plain, contract.AppendPlain(nil, label.name))
	}
	if !c.increment(&label.scoreSum, pending.scoreSum) {
		c.define(&label.scoreSum, pending.scoreSum, series.stat(contract.LabelScores, contract.SuffixMillionths, ""))
	}
	c.incrementAll(&label.confidence, &pending.confidence, &series, &c.confidence)
}

func (c *Counters) flushModel(model *Model) {
	for i, n := range model.pending.replies {
		if !c.increment(&model.replies[i], n) {
			series := series{model, contract.LabelOutcome, c.outcomes[i]}
			c.define(&model.replies[i], n, series.stat(contract.Replies, "", ""))
		}
	}
	series := series{model: model}
	c.incrementAll(&model.margin, &model.pending.margins, &series, &c.margin)
	c.flushValues(model)
	c.incrementAll(&model.batchSize, &model.pending.batchSizes, &series, &c.batchSize)
}
