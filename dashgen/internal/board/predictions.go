package board

import (
	"time"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

func predictions() promql.Query { return promql.Rate(promql.Select(contract.Predictions)) }

// windows are the ranges for rates of few events. With the shortest range that has
// two samples, a model with a few predictions a minute shows stripes.
func windows() []string { return []string{"5m", "1m", "30m", "2h"} }

// smoothed is the rate of a counter over the window that the reader chooses.
func smoothed(counter promql.Query) promql.Query { return promql.RateOver(counter, promql.Smoothing) }

func smoothedPredictions() promql.Query { return smoothed(promql.Select(contract.Predictions)) }

func predictionsTotal() Panel {
	return Panel{
		Title:    "Predictions",
		Question: "How many predictions has each label got in the time range?",
		Kind:     BarGauge,
		Unit:     Count,
		Series:   []Series{{promql.SumBy(promql.Increase(promql.Select(contract.Predictions), promql.Range), contract.LabelLabel), "{{label}}"}},
		Colors:   labelColors(),
		NoAlert:  "the callers decide how many predictions they request",
		Next:     "If a label is missing, it was never the top label of a prediction. The label other holds the predictions past the limit on labels.",
	}
}

func predictionsByModel() Panel {
	return Panel{
		Title:    "Predictions by model",
		Question: "How many predictions does each model make per second?",
		Kind:     TimeSeries,
		Unit:     PerSecond,
		Series:   []Series{{promql.SumBy(predictions(), byModel()...), modelLegend}},
		Rename:   shortModel(),
		Link:     &DataLink{UID: modelUID, Labels: byModel()},
		NoAlert:  "the callers decide how many predictions they request",
		Next:     "Click a line to open the model's dashboard.",
	}
}

func predictionsByLabel() Panel {
	return Panel{
		Title:    "Predictions by label",
		Question: "How many predictions does each label get per second?",
		Kind:     TimeSeries,
		Unit:     PerSecond,
		Series:   []Series{{promql.SumBy(smoothedPredictions(), contract.LabelLabel), "{{label}}"}},
		Colors:   labelColors(),
		NoAlert:  "the callers decide how many predictions they request",
		Next:     "A reply to a batch counts once for each of its predictions. Compare with Requests by code before you suspect the model.",
	}
}

func labelMix() Panel {
	return Panel{
		Title:    "Label mix",
		Question: "Which share of the predictions does each label get?",
		Kind:     StackedTimeSeries,
		Unit:     Share,
		Series:   []Series{{promql.ShareBy(smoothedPredictions(), contract.LabelLabel), "{{label}}"}},
		Colors:   labelColors(),
		NoAlert:  "the right mix differs from model to model; Label drift compares it with a baseline",
		Next:     "If the mix changes, look for a new version of the model, then for other callers or other inputs. The panel is empty while there are no predictions.",
	}
}

func confidenceBuckets() promql.Query { return promql.Rate(promql.SelectBuckets(contract.Confidence)) }

func confidence() Panel {
	return Panel{
		Title:    "Confidence",
		Question: "How are the scores of the top labels distributed?",
		Kind:     Heatmap,
		Unit:     Score,
		Series:   []Series{{promql.SumBy(smoothed(promql.SelectBuckets(contract.Confidence)), contract.LabelBucket), "{{le}}"}},
		Needs:    needsScored,
		NoAlert:  "Median confidence shows the middle of this distribution, and has an alert",
		Next:     "If the scores fall, either the inputs differ from the training data, or another model is deployed.",
	}
}

func medianConfidence() Panel {
	byModel := promql.HistogramQuantile(0.5, promql.SumBy(confidenceBuckets(), byModel(contract.LabelBucket)...))
	return Panel{
		Title:      "Median confidence",
		Question:   "Which score do half of the predictions of each label reach?",
		Kind:       TimeSeries,
		Unit:       Score,
		Series:     []Series{{promql.HistogramQuantile(0.5, promql.SumBy(smoothed(promql.SelectBuckets(contract.Confidence)), contract.LabelBucket, contract.LabelLabel)), "{{label}}"}},
		Thresholds: []Threshold{{Level: Bad}, {From: 0.5, Level: Good}},
		Colors:     labelColors(),
		Needs:      needsScored,
		Alert: &Alert{
			Name:     "MoodringConfidenceLow",
			Severity: Warning,
			Summary:  "Half of the predictions of {{ $labels.model }}" + OfService + " have a score under LIMIT.",
			Limit:    limit(0.5),
			Expr:     promql.UnderLimit(byModel, 0.5),
			For:      15 * time.Minute,
			Steps: []string{
				"On the model's dashboard, see in Confidence by version whether one version is the cause. If so, roll it back.",
				"See a few of the inputs that callers send now. Scores fall if they differ from the training data: for texts in language, length or topic, for tables in ranges and missing values, for pictures in light and size.",
				"A model with many labels has lower scores by nature. Set another limit (dashgen rules --limit MoodringConfidenceLow=0.2), and record a baseline: MoodringConfidenceDrop then compares the model with its own past.",
			},
		},
		Next: "See a few of the inputs that callers send. A model with many labels has lower scores by nature: set another limit for it.",
	}
}

func overflow() Panel {
	byKind := promql.SumBy(promql.Rate(promql.Select(contract.Overflow)), contract.LabelKind)
	return Panel{
		Title:    "Overflow",
		Question: "How many predictions per second count under other, and for which reason?",
		Kind:     TimeSeries,
		Unit:     PerSecond,
		Series:   []Series{{byKind, "{{kind}}"}},
		Alert: &Alert{
			Name:     "MoodringOverflow",
			Severity: Warning,
			Summary:  "Predictions exceed the limit on {{ $labels.kind }}.",
			Expr:     promql.GreaterThan(byKind, 0),
			For:      10 * time.Minute,
			Steps: []string{
				"labels: see on the model's dashboard which labels it returns. If the labels are free text, Moodring cannot count the model's predictions.",
				"models: see which paths callers request. If a route accepts any model name, a caller can use up the limit.",
				"services: more services have models than the plugin's limit. Raise maxServices in the plugin's configuration.",
				"label_form: the model answers text. If the texts are its labels, list them under labels in the plugin's configuration. If not, give the model answer: none.",
				"new_labels: see on the model's dashboard which labels it returns. List them under labels, or give the model answer: none.",
				"label_length: the model's labels are longer than the limit. Shorten them in the model.",
			},
		},
		Next: "labels: see which labels the model returns; free text cannot be counted. models: see which paths callers request. docs/metrics.md lists the limits.",
	}
}
