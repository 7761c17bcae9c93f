package board

import (
	"slices"
	"time"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

const modelUID = "moodring-model"

// The needs of panels that do not always have data.
const (
	needsBaseline = "Moodring's rules in Prometheus, and a baseline of the model (dashgen baseline)"
	needsMix      = needsBaseline + ", and more than 50 predictions for each label in the rules' window, because the mix of fewer predictions is due to chance"
	needsPolicy   = "an authorization policy at the gateway"
	needsLimits   = "rate limits at the gateway"
	needsScored   = "a model whose replies have scores"
	needsMargins  = "the plugin's option margins"
	needsNumbers  = "a model with answer: number in the plugin's configuration"
	needsScores   = "the plugin's option scoreSums"
	needsBatches  = "the plugin's option batchSizes"
)

// versionLegend is the legend of series that only differ by version.
const versionLegend = "version {{version}}"

// noVersion renames the series of a model without versions, whose legend would
// end after the word version.
func noVersion() *Rename { return &Rename{Pattern: "^version ?$", Name: "no version"} }

// noVersionOf shows the label alone where a model has no versions.
func noVersionOf() *Rename {
	return &Rename{Pattern: Separator + "$", Name: "${__field.labels." + contract.LabelLabel + "}"}
}

// modelLegend is the legend of series by model.
const modelLegend = "{{model}}" + Separator + "{{service}}" + Separator + "{{namespace}}"

// shortModel shortens the legend of a model without a namespace, or without a service.
func shortModel() *Rename {
	return &Rename{Pattern: Separator + "$", Name: "${__field.labels.model} ${__field.labels.service}"}
}

// Model is the dashboard of one model and its versions.
func Model() Board {
	return Board{
		UID:         modelUID,
		File:        "grafana-model",
		Title:       "Moodring: model",
		Description: "The predictions of one model and their confidence, the drift from its baseline, and the differences between its versions.",
		Variables: slices.Concat(gatewayVariables(), serviceVariables(true), promql.Variables{
			promql.Variable{Title: "Model", Metric: contract.Replies, Label: contract.LabelModel, Single: true},
			promql.Variable{Title: "Version", Metric: contract.Replies, Label: contract.LabelVersion},
			promql.Variable{Title: "Label", Metric: contract.Predictions, Label: contract.LabelLabel}}),
		Windows:     windows(),
		Annotations: []Annotation{rollouts(), gatewayRestarts(), exporterRestarts(), firing()},
		Rows: []Row{
			{Title: "Predictions", Panels: []Panel{predictionsTotal(), predictionsByLabel(), labelMix()}},
			{Title: "Confidence", Panels: []Panel{confidence(), medianConfidence(), lowConfidence()}},
			{Title: "Drift from the baseline", Panels: []Panel{labelDrift(), shiftedLabels(), silentLabels(), confidenceDrift(), ambiguous()}},
			{Title: "Versions", Panels: []Panel{predictionsByVersion(), mixByVersion(), versionGap(), confidenceByVersion(), lowConfidenceByVersion()}},
			{Title: "Replies", Panels: []Panel{repliesByOutcome(), unreadByVersion()}},
			{Title: "Predicted values", Panels: []Panel{values(), medianValue(), valueDrift()}, Collapsed: true},
			{Title: "Margins, scores and batches", Panels: []Panel{margins(), medianMargin(), labelScores(), batches(), meanBatch()}, Collapsed: true},
		},
	}
}

func lowConfidence() Panel {
	low := promql.SumBy(smoothed(promql.SelectBuckets(contract.Confidence, promql.Matcher{Label: contract.LabelBucket, Value: "0.5"})), contract.LabelLabel)
	return Panel{
		Title:    "Low confidence",
		Question: "Which share of the predictions of each label has a score of at most 0.5?",
		Kind:     TimeSeries,
		Unit:     Share,
		Series:   []Series{{promql.Div(low, promql.SumBy(smoothed(promql.SelectCount(contract.Confidence)), contract.LabelLabel)), "{{label}}"}},
		Colors:   labelColors(),
		Needs:    needsScored,
		NoAlert:  "MoodringConfidenceLow and MoodringConfidenceDrop watch the model as a whole",
		Next:     "If only one label has low scores, the training data has too few examples of it, or it is similar to another label: see Median margin.",
	}
}

func labelDrift() Panel {
	return Panel{
		Title:    "Label drift",
		Question: "How far is the mix of labels from its baseline, by the population stability index and by the Jensen-Shannon distance?",
		Kind:     TimeSeries,
		Unit:     Distance,
		Series: []Series{
			{promql.MaxBy(stabilityIndex().Select(), contract.LabelVersion), "index {{version}}"},
			{promql.MaxBy(mixDistance().Select(), contract.LabelVersion), "distance {{version}}"},
		},
		Thresholds: driftLevels(),
		Needs:      needsMix,
		Alert: &Alert{
			Name:     "MoodringLabelMixDrift",
			Severity: Warning,
			Summary:  "The labels of {{ $labels.model }}" + OfService + OfVersion + " have drifted from their baseline: index {{ $value | printf \"%.2f\" }}, limit LIMIT.",
			Limit:    limit(psiWarning),
			Expr:     promql.OverLimit(stabilityIndex().Select(), psiWarning),
			For:      10 * time.Minute,
			Steps: []string{
				"On the model's dashboard, see in Shifted labels which labels gained and which lost.",
				"Compare the versions in Label mix by version. If only the new version drifts, stop its rollout.",
				"If all versions drift together, the inputs have changed: look for a new caller, other data, or a change in the preparation of the inputs.",
				"If the change is intended, record a new baseline: dashgen baseline.",
			},
		},
		Next: "By convention, an index under 0.1 is no change, and an index over 0.25 is a great change. The distance is from 0, the same mix, to 1, no common label; it is also exact for labels that the baseline lacks, for which the index assumes a share of 0.0001. Shifted labels shows which labels changed.",
	}
}

func driftLevels() []Threshold {
	return []Threshold{{Level: Good}, {From: psiWarning, Level: Warn}, {From: psiGreat, Level: Bad}}
}

func driftNow() Panel {
	return Panel{
		Title:      "Label drift now",
		Question:   "Which models have drifted from the label mix of their baseline, by the population stability index?",
		Kind:       BarGauge,
		Unit:       Distance,
		Series:     []Series{{promql.MaxBy(stabilityIndex().Select(), byModel()...), modelLegend}},
		Thresholds: driftLevels(),
		Rename:     shortModel(),
		Needs:      needsMix,
		Link:       &DataLink{UID: modelUID, Labels: byModel()},
		NoAlert:    "MoodringLabelMixDrift watches each version",
		Next:       "Click a bar to open the model's dashboard. Its panel Shifted labels shows which labels changed.",
	}
}

func shiftedLabels() Panel {
	return Panel{
		Title:    "Shifted labels",
		Question: "Which labels have a greater share of the predictions than in the baseline, and which a smaller one?",
		Kind:     TimeSeries,
		Unit:     ShareDifference,
		Series:   []Series{{promql.MaxBy(labelShift().Select(), contract.LabelLabel, contract.LabelVersion), "{{label}}" + Separator + "{{version}}"}},
		Colors:   labelColors(),
		Rename:   noVersionOf(),
		Needs:    needsMix,
		Alert: &Alert{
			Name:     "MoodringLabelMixFar",
			Severity: Critical,
			Summary:  "The label mix of {{ $labels.model }}" + OfService + OfVersion + " is far from its baseline: distance {{ $value | printf \"%.2f\" }} of 1, limit LIMIT.",
			Limit:    limit(distanceGreat),
			Expr:     promql.OverLimit(mixDistance().Select(), distanceGreat),
			For:      10 * time.Minute,
			Steps: []string{
				"The callers are seldom the cause of such a great change. See which model is deployed: kubectl get inferenceservice, and the annotation Rollouts on the dashboard.",
				"See in Shifted labels whether labels swapped places. If so, the new revision has its labels in another order.",
				"Roll back to the last revision. The distance then falls within the rules' window.",
			},
		},
		Next: "If a label gains, others lose. If a label gains from all others equally, the model often predicts it for inputs that it does not know.",
	}
}

func silentLabels() Panel {
	return Panel{
		Title:    "Silent labels",
		Question: "Which labels of the baseline get no predictions, and how many predictions were expected?",
		Kind:     TimeSeries,
		Unit:     Count,
		Series: []Series{{
			promql.Or(promql.SumBy(labelSilent().Select(), contract.LabelLabel), promql.ScalarSub(1, promql.GroupBy(labelBaseline().Select(), contract.LabelLabel))),
			"{{label}}",
		}},
		Colors: labelColors(),
		Needs:  needsBaseline,
		Alert: &Alert{
			Name:     "MoodringLabelSilent",
			Severity: Warning,
			Summary:  "{{ $labels.model }}" + OfService + " no longer predicts {{ $labels.label }}; {{ $value | printf \"%.0f\" }} predictions were expected.",
			Expr:     labelSilent().Select(),
			For:      10 * time.Minute,
			Steps: []string{
				"See whether the model predicts the label under another spelling. If the label was renamed, record a new baseline.",
				"See whether a new version replies (annotation Rollouts). If the label is missing from its list of labels, the version never predicts it.",
				"Send the model an input that must get the label, through the gateway and bypassing it, and compare.",
			},
		},
		Next: "A renamed label is silent under its old name. Shifted labels shows which labels get its predictions.",
	}
}

func confidenceDrift() Panel {
	return Panel{
		Title:      "Confidence drift",
		Question:   "How far is the mean confidence of each version above or below the baseline?",
		Kind:       TimeSeries,
		Unit:       ScoreDifference,
		Series:     []Series{{promql.MaxBy(confidenceShift().Select(), contract.LabelVersion), versionLegend}},
		Thresholds: []Threshold{{Level: Bad}, {From: -confidenceDrop, Level: Good}},
		Rename:     noVersion(),
		Needs:      "Moodring's rules in Prometheus, and a baseline with a confidence: dashgen baseline --prometheus records one, and a baseline of labelled texts (--corpus) has none",
		Alert: &Alert{
			Name:     "MoodringConfidenceDrop",
			Severity: Warning,
			Summary:  "The mean confidence of {{ $labels.model }}" + OfService + OfVersion + " is below its baseline: by {{ $value | printf \"%.2f\" }}, limit LIMIT.",
			Limit:    limit(-confidenceDrop),
			Expr:     ifEnough(promql.UnderLimit(confidenceShift().Select(), -confidenceDrop)),
			For:      10 * time.Minute,
			Steps: []string{
				"Compare the versions in Confidence by version. If only the new version has low scores, stop its rollout.",
				"See in Low confidence whether one label or all labels are affected. If all are, the inputs have changed or arrive damaged: another unit or encoding, missing features, texts or pictures that are cut off.",
				"If the model was recalibrated, record a new baseline: dashgen baseline.",
			},
		},
		Next: "The scores of two models can seldom be compared. After a change of the model, record a new baseline first.",
	}
}

func predictionsByVersion() Panel {
	return Panel{
		Title:    "Predictions by version",
		Question: "How many predictions does each version of the model make per second?",
		Kind:     StackedTimeSeries,
		Unit:     PerSecond,
		Series:   []Series{{promql.SumBy(predictions(), contract.LabelVersion), versionLegend}},
		Rename:   noVersion(),
		NoAlert:  "the rollout decides how traffic is split",
		Next:     "If a canary gets less than its share of the traffic, it is not ready, or it fails: see Unread replies by version.",
	}
}

func mixByVersion() Panel {
	return Panel{
		Title:    "Label mix by version",
		Question: "Does a version predict other labels than the others?",
		Kind:     TimeSeries,
		Unit:     Share,
		Series: []Series{{
			promql.ShareBy(smoothedPredictions(), contract.LabelLabel, contract.LabelVersion), "{{label}}" + Separator + "{{version}}",
		}},
		Colors:  labelColors(),
		Rename:  noVersionOf(),
		NoAlert: "Distance between versions compares the mixes, and has an alert",
		Next:    "Versions with the same callers should have the same mix: the lines of a label then coincide. Distance between versions says whether there are enough predictions to compare.",
	}
}

func confidenceByVersion() Panel {
	return Panel{
		Title:    "Confidence by version",
		Question: "How high is the mean score of each version's predictions?",
		Kind:     TimeSeries,
		Unit:     Score,
		Series:   []Series{{mean(contract.Confidence, contract.LabelVersion, promql.Smoothing), versionLegend}},
		Rename:   noVersion(),
		Needs:    needsScored,
		NoAlert:  "MoodringConfidenceDrop watches each version",
		Next:     "A new version with much higher scores is not necessarily better: see its labels in Label mix by version, and test it with labelled inputs.",
	}
}

func unreadByVersion() Panel {
	counted := promql.SumBy(promql.Rate(promql.Select(contract.Replies, promql.Matcher{Label: contract.LabelOutcome, Value: contract.OutcomeCounted})), contract.LabelVersion)
	all := promql.SumBy(promql.Rate(promql.Select(contract.Replies)), contract.LabelVersion)
	return Panel{
		Title:    "Unread replies by version",
		Question: "Which share of each version's replies had no predictions that the plugin could count?",
		Kind:     TimeSeries,
		Unit:     Share,
		Series:   []Series{{promql.ScalarSub(1, promql.Div(counted, all)), versionLegend}},
		Rename:   noVersion(),
		NoAlert:  "MoodringRepliesUnparsed watches the model as a whole",
		Next:     "Replies by outcome shows the causes. A new version that replies in another form shows here first.",
	}
}

func margins() Panel {
	return Panel{
		Title:    "Margin",
		Question: "How far is the top label's score above the second label's?",
		Kind:     Heatmap,
		Unit:     Score,
		Series:   []Series{{promql.SumBy(smoothed(promql.SelectBuckets(contract.Margin)), contract.LabelBucket), "{{le}}"}},
		Needs:    needsMargins,
		NoAlert:  "Median margin shows the middle of this distribution",
		Next:     "A prediction at the bottom is a close decision between two labels.",
	}
}

func medianMargin() Panel {
	return Panel{
		Title:    "Median margin",
		Question: "Which margin do half of the predictions of each version reach?",
		Kind:     TimeSeries,
		Unit:     Score,
		Series:   []Series{{promql.HistogramQuantile(0.5, promql.SumBy(smoothed(promql.SelectBuckets(contract.Margin)), contract.LabelBucket, contract.LabelVersion)), versionLegend}},
		Rename:   noVersion(),
		Needs:    needsMargins,
		NoAlert:  "the alerts on confidence notice most falling margins",
		Next:     "If the margin falls and the confidence does not, the model confuses two labels more often.",
	}
}

func labelScores() Panel {
	return Panel{
		Title:    "Label scores",
		Question: "Which share of all scores does each label get, as the top label or not?",
		Kind:     StackedTimeSeries,
		Unit:     Share,
		Series:   []Series{{promql.ShareBy(smoothed(promql.Select(contract.LabelScores)), contract.LabelLabel), "{{label}}"}},
		Colors:   labelColors(),
		Needs:    needsScores,
		NoAlert:  "Label drift watches the top labels",
		Next:     "Compare with Label mix: a label with high scores and few predictions is often in second place.",
	}
}

func batches() Panel {
	return Panel{
		Title:    "Batch size",
		Question: "How many predictions does a reply contain?",
		Kind:     Heatmap,
		Unit:     Count,
		Series:   []Series{{promql.SumBy(promql.Rate(promql.SelectBuckets(contract.BatchSize)), contract.LabelBucket), "{{le}}"}},
		Needs:    needsBatches,
		NoAlert:  "the callers decide how large their batches are",
		Next:     "The model takes longer for large batches: compare with Model time on the gateway dashboard.",
	}
}

func meanBatch() Panel {
	return Panel{
		Title:    "Mean batch size",
		Question: "How many predictions does a reply of each version contain on average?",
		Kind:     TimeSeries,
		Unit:     Size,
		Series:   []Series{{mean(contract.BatchSize, contract.LabelVersion, promql.Smoothing), versionLegend}},
		Rename:   noVersion(),
		Needs:    needsBatches,
		NoAlert:  "the callers decide how large their batches are",
		Next:     "If a caller starts to send batches, this number rises, and there are more predictions from the same number of requests.",
	}
}
