package board

import (
	"time"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

const modelUID = "moodring-model"

// What some panels are empty without.
const (
	needsBaseline = "Moodring's rules in Prometheus, and a baseline of the model: dashgen baseline"
	needsMix      = needsBaseline + "; and, as the mix of few answers is chance, more than 50 answers a label in the rules' window"
	needsMargins  = "the plugin's option margins"
	needsScores   = "the plugin's option scoreSums"
	needsBatches  = "the plugin's option batchSizes"
)

// versionLegend is the legend of series that only differ by version.
const versionLegend = "version {{version}}"

// noVersion renames the series of a model without versions, whose legend would
// end after the word version.
func noVersion() *Rename { return &Rename{Pattern: "^version ?$", Name: "no version"} }

// Model is one model: what it answers, how sure it is, how far it is from how it
// should be, and which of its versions is the cause.
func Model() Board {
	return Board{
		UID:         modelUID,
		File:        "grafana-model",
		Title:       "Moodring: model",
		Description: "What one model answers, how sure it is, how far that is from its baseline, and how its versions differ.",
		Variables: append(gatewayVariables(),
			promql.Variable{Title: "Model", Metric: contract.Replies, Label: contract.LabelModel, Single: true},
			promql.Variable{Title: "Version", Metric: contract.Replies, Label: contract.LabelVersion},
			promql.Variable{Title: "Label", Metric: contract.Predictions, Label: contract.LabelLabel}),
		Annotations: []Annotation{rollouts(), gatewayRestarts(), exporterRestarts(), firing()},
		Rows: []Row{
			{"Answers", []Panel{answersTotal(), answersByLabel(), labelMix()}},
			{"Confidence", []Panel{confidence(), medianConfidence(), unsure()}},
			{"Drift against the baseline", []Panel{labelDrift(), mixDistances(), shiftedLabels(), silentLabels(), confidenceDrift()}},
			{"Versions", []Panel{answersByVersion(), mixByVersion(), confidenceByVersion()}},
			{"Replies", []Panel{repliesByOutcome(), unreadByVersion()}},
			{"Margins, scores and batches", []Panel{margins(), medianMargin(), labelScores(), batches(), meanBatch()}},
		},
	}
}

func unsure() Panel {
	low := promql.SumBy(promql.Rate(promql.SelectBuckets(contract.Confidence, promql.Matcher{Label: contract.LabelBucket, Value: "0.5"})), contract.LabelLabel)
	return Panel{
		Title:    "Unsure answers",
		Question: "Which part of the answers of each label has a score of at most 0.5?",
		Kind:     TimeSeries,
		Unit:     Share,
		Series:   []Series{{promql.Div(low, promql.SumBy(promql.Rate(promql.SelectCount(contract.Confidence)), contract.LabelLabel)), "{{label}}"}},
		Colors:   emotions(),
		NoAlert:  "MoodringConfidenceLow and MoodringConfidenceDrop watch the model as a whole",
		Next:     "One label that is unsure while the others are not is short of examples in training, or close to another label: see Median margin.",
	}
}

func labelDrift() Panel {
	return Panel{
		Title:      "Label drift",
		Question:   "How far is the mix of labels from its baseline, by the population stability index?",
		Kind:       TimeSeries,
		Unit:       Distance,
		Series:     []Series{{stabilityIndex().Select(), "{{model}} {{version}}"}},
		Thresholds: driftLevels(),
		Needs:      needsMix,
		Alert: &Alert{
			Name:     "MoodringLabelMixDrift",
			Severity: Warning,
			Summary:  "The labels of {{ $labels.model }}, version {{ $labels.version }}, have drifted from their baseline: index {{ $value | printf \"%.2f\" }}.",
			Expr:     promql.GreaterThan(stabilityIndex().Select(), psiWarning),
			For:      10 * time.Minute,
			Steps: []string{
				"On the model's board, Shifted labels shows which labels gained and which lost.",
				"Compare versions in Label mix by version. If only the new one drifts, stop its rollout.",
				"If all versions drift together, the texts have changed: look for a new caller, a new language, a change in how texts are cut or cleaned.",
				"If the change is meant and right, record a new baseline: dashgen baseline.",
			},
		},
		Next: "Under 0.1 is customarily no change, over 0.25 a great one. Shifted labels shows what moved.",
	}
}

func driftLevels() []Threshold {
	return []Threshold{{Level: Good}, {From: psiWarning, Level: Warn}, {From: psiGreat, Level: Bad}}
}

func driftNow() Panel {
	return Panel{
		Title:      "Label drift now",
		Question:   "Which models answer with another mix of labels than their baseline's, by the population stability index?",
		Kind:       BarGauge,
		Unit:       Distance,
		Series:     []Series{{promql.MaxBy(stabilityIndex().Select(), contract.LabelModel), "{{model}}"}},
		Thresholds: driftLevels(),
		Needs:      needsMix,
		Link:       &DataLink{UID: modelUID, Label: contract.LabelModel},
		NoAlert:    "MoodringLabelMixDrift watches each version",
		Next:       "A click opens the model's board, whose Shifted labels shows what moved.",
	}
}

func mixDistances() Panel {
	return Panel{
		Title:      "Distance of the mix",
		Question:   "How far is the mix of labels from its baseline, by the Jensen-Shannon distance?",
		Kind:       TimeSeries,
		Unit:       Distance,
		Series:     []Series{{mixDistance().Select(), "{{model}} {{version}}"}},
		Thresholds: []Threshold{{Level: Good}, {From: distanceGreat, Level: Bad}},
		Needs:      needsMix,
		Alert: &Alert{
			Name:     "MoodringLabelMixFar",
			Severity: Critical,
			Summary:  "{{ $labels.model }}, version {{ $labels.version }}, answers with another mix of labels than its baseline: distance {{ $value | printf \"%.2f\" }} of 1.",
			Expr:     promql.GreaterThan(mixDistance().Select(), distanceGreat),
			For:      10 * time.Minute,
			Steps: []string{
				"So great a change is seldom the callers' doing. See which model is deployed: kubectl get inferenceservice, and the annotation Rollouts on the board.",
				"See in Shifted labels whether labels swapped places: then the label map of the new revision has another order.",
				"Roll back to the last revision, and watch the distance fall within the window of the rules.",
			},
		},
		Next: "0 is the same mix, 1 no label in common. It has a value for labels the baseline lacks too, where the index of Label drift puts in a smallest share.",
	}
}

func shiftedLabels() Panel {
	return Panel{
		Title:    "Shifted labels",
		Question: "Which labels get more of the answers than in the baseline, and which less?",
		Kind:     TimeSeries,
		Unit:     ShareDifference,
		Series:   []Series{{labelShift().Select(), "{{label}} of {{model}} {{version}}"}},
		Colors:   emotions(),
		Needs:    needsMix,
		NoAlert:  "Label drift adds the shifts up, and has an alert",
		Next:     "What one label gains another loses. A label that gains from all others alike is often what the model says when it does not know.",
	}
}

func silentLabels() Panel {
	return Panel{
		Title:    "Silent labels",
		Question: "Which labels of the baseline no longer come, and how many answers of each should there have been?",
		Kind:     TimeSeries,
		Unit:     Count,
		Series:   []Series{{promql.SumBy(labelSilent().Select(), contract.LabelLabel), "{{label}}"}},
		Colors:   emotions(),
		Needs:    needsBaseline + "; it shows nothing while all labels come",
		Alert: &Alert{
			Name:     "MoodringLabelSilent",
			Severity: Warning,
			Summary:  "{{ $labels.model }} no longer answers {{ $labels.label }}, of which there should have been {{ $value | printf \"%.0f\" }}.",
			Expr:     labelSilent().Select(),
			For:      10 * time.Minute,
			Steps: []string{
				"See whether a label with another spelling took its place: a renamed label is silent under its old name. Then record a new baseline.",
				"See whether a new version answers (annotation Rollouts): a label missing from its map never comes.",
				"Send the model a text that must get the label, past the gateway and through it, and compare.",
			},
		},
		Next: "A label that was renamed is silent under its old name. The rest of its answers is in Shifted labels.",
	}
}

func confidenceDrift() Panel {
	return Panel{
		Title:      "Confidence against the baseline",
		Question:   "How much more or less sure is each version than the baseline?",
		Kind:       TimeSeries,
		Unit:       ScoreDifference,
		Series:     []Series{{confidenceShift().Select(), "{{model}} {{version}}"}},
		Thresholds: []Threshold{{Level: Bad}, {From: -confidenceDrop, Level: Good}},
		Needs:      needsBaseline,
		Alert: &Alert{
			Name:     "MoodringConfidenceDrop",
			Severity: Warning,
			Summary:  "{{ $labels.model }}, version {{ $labels.version }}, is less sure than its baseline: {{ $value | printf \"%.2f\" }}.",
			Expr:     whereEnough(promql.LessThan(confidenceShift().Select(), -confidenceDrop)),
			For:      10 * time.Minute,
			Steps: []string{
				"Compare versions in Confidence by version. If only the new one is unsure, stop its rollout.",
				"See in Unsure answers whether it is one label or all. All at once means other texts, or texts that arrive damaged: wrong encoding, cut too short, another language.",
				"If the model was calibrated anew, record a new baseline: dashgen baseline.",
			},
		},
		Next: "Scores of two models are seldom on one scale: after a change of model record a new baseline before comparing.",
	}
}

func answersByVersion() Panel {
	return Panel{
		Title:    "Answers by version",
		Question: "How many answers does each version of the model give a second?",
		Kind:     StackedTimeSeries,
		Unit:     PerSecond,
		Series:   []Series{{promql.SumBy(predictions(), contract.LabelVersion), versionLegend}},
		Rename:   noVersion(),
		NoAlert:  "how traffic is split is the rollout's business",
		Next:     "A canary that gets less than its share is not ready, or fails: see Unread replies by version.",
	}
}

func mixByVersion() Panel {
	return Panel{
		Title:    "Label mix by version",
		Question: "Does one version answer with other labels than the others?",
		Kind:     TimeSeries,
		Unit:     Share,
		Series: []Series{{
			promql.ShareBy(predictions(), contract.LabelLabel, contract.LabelVersion), "{{label}} {{version}}",
		}},
		Colors:  emotions(),
		NoAlert: "MoodringLabelMixDrift watches each version",
		Next:    "Versions that get the same callers should have the same mix: the lines of a label lie on each other. A few dozen answers tell nothing yet.",
	}
}

func confidenceByVersion() Panel {
	mean := promql.Div(
		promql.SumBy(promql.Rate(promql.SelectSum(contract.Confidence)), contract.LabelVersion),
		promql.SumBy(promql.Rate(promql.SelectCount(contract.Confidence)), contract.LabelVersion))
	return Panel{
		Title:    "Confidence by version",
		Question: "How sure is each version of its answers, on average?",
		Kind:     TimeSeries,
		Unit:     Score,
		Series:   []Series{{mean, versionLegend}},
		Rename:   noVersion(),
		NoAlert:  "MoodringConfidenceDrop watches each version",
		Next:     "A new version that is much surer than the last is not better for it: see its Label mix by version, and test it on labelled texts.",
	}
}

func unreadByVersion() Panel {
	counted := promql.SumBy(promql.Rate(promql.Select(contract.Replies, promql.Matcher{Label: contract.LabelOutcome, Value: contract.OutcomeCounted})), contract.LabelVersion)
	all := promql.SumBy(promql.Rate(promql.Select(contract.Replies)), contract.LabelVersion)
	return Panel{
		Title:    "Unread replies by version",
		Question: "Which part of each version's replies had no answers that could be counted?",
		Kind:     TimeSeries,
		Unit:     Share,
		Series:   []Series{{promql.ScalarSub(1, promql.Div(counted, all)), versionLegend}},
		Rename:   noVersion(),
		NoAlert:  "MoodringRepliesUnparsed watches the model as a whole",
		Next:     "Replies by outcome tells why. A new version that answers in another shape shows here first.",
	}
}

func margins() Panel {
	return Panel{
		Title:    "Margin",
		Question: "How far is the top label's score above the second's?",
		Kind:     Heatmap,
		Unit:     Score,
		Series:   []Series{{promql.SumBy(promql.Rate(promql.SelectBuckets(contract.Margin)), contract.LabelBucket), "{{le}}"}},
		Needs:    needsMargins,
		NoAlert:  "a picture of a distribution; its middle is in Median margin",
		Next:     "Answers at the bottom are a toss-up between two labels.",
	}
}

func medianMargin() Panel {
	return Panel{
		Title:    "Median margin",
		Question: "How clear is half of the answers of each version, at least?",
		Kind:     TimeSeries,
		Unit:     Score,
		Series:   []Series{{promql.HistogramQuantile(0.5, promql.SumBy(promql.Rate(promql.SelectBuckets(contract.Margin)), contract.LabelBucket, contract.LabelVersion)), versionLegend}},
		Rename:   noVersion(),
		Needs:    needsMargins,
		NoAlert:  "the confidence alerts watch the same from above",
		Next:     "A margin that shrinks while the confidence holds means that two labels have come close to each other.",
	}
}

func labelScores() Panel {
	return Panel{
		Title:    "Label scores",
		Question: "How much of the score does each label get, on top or not?",
		Kind:     StackedTimeSeries,
		Unit:     Share,
		Series:   []Series{{promql.ShareBy(promql.Rate(promql.Select(contract.LabelScores)), contract.LabelLabel), "{{label}}"}},
		Colors:   emotions(),
		Needs:    needsScores,
		NoAlert:  "Label drift watches the top labels",
		Next:     "Compare with Label mix: a label with much score and few answers is always the second.",
	}
}

func batches() Panel {
	return Panel{
		Title:    "Batch size",
		Question: "How many predictions are in a reply?",
		Kind:     Heatmap,
		Unit:     Count,
		Series:   []Series{{promql.SumBy(promql.Rate(promql.SelectBuckets(contract.BatchSize)), contract.LabelBucket), "{{le}}"}},
		Needs:    needsBatches,
		NoAlert:  "how much callers put into a request is up to them",
		Next:     "Large batches wait longer for their answer: compare with Model time on the gateway's board.",
	}
}

func meanBatch() Panel {
	mean := promql.Div(
		promql.SumBy(promql.Rate(promql.SelectSum(contract.BatchSize)), contract.LabelVersion),
		promql.SumBy(promql.Rate(promql.SelectCount(contract.BatchSize)), contract.LabelVersion))
	return Panel{
		Title:    "Mean batch size",
		Question: "How many predictions are in a reply of each version, on average?",
		Kind:     TimeSeries,
		Unit:     Size,
		Series:   []Series{{mean, versionLegend}},
		Rename:   noVersion(),
		Needs:    needsBatches,
		NoAlert:  "how much callers put into a request is up to them",
		Next:     "A caller that began to batch shows here, and as more answers with the same number of requests.",
	}
}
