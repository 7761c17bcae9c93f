package board

import (
	"time"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// The distance of a model's numbers from their baseline is the greatest difference,
// over the bounds of the buckets, between the share of the numbers up to a bound and
// its baseline (the Kolmogorov-Smirnov distance). By the Dvoretzky-Kiefer-Wolfowitz
// inequality, chance alone makes it greater than 2.23 divided by the root of the
// number of numbers in 1 of 10,000 windows: 0.16 with numbersForDrift numbers.
const (
	numbersForDrift = 200
	valuesFar       = 0.2
	needsValues     = "Moodring's rules in Prometheus, a baseline of a model with answer: number (dashgen baseline), and more than 200 numbers in the rules' window"
)

// BaselineValues is the distribution of the numbers that a model should answer.
func BaselineValues() promql.Recording {
	return promql.Recording{
		Name: "moodring:value_share:baseline", Labels: byModel(contract.LabelBucket),
		Help: "Share of the model's numbers that should be at most le, 0 to 1; dashgen baseline writes it.",
	}
}

func numbersInWindow() promql.Query {
	return promql.SumBy(promql.Increase(promql.SelectCount(contract.PredictionValue), promql.Window), byVersion()...)
}

func valueShare() promql.Recording {
	return promql.Record("moodring:value_share:ratio",
		promql.ManyToOne(promql.SumBy(promql.Increase(promql.SelectBuckets(contract.PredictionValue), promql.Window), byVersion(contract.LabelBucket)...),
			"/", promql.GreaterThan(numbersInWindow(), numbersForDrift), byVersion()...),
		"Share of the numbers in the window that are at most le, 0 to 1. Only if there are more than 200 numbers.")
}

func valueDistance() promql.Recording {
	return promql.Record("moodring:value_drift:distance",
		promql.MaxBy(promql.Abs(promql.ManyToOne(valueShare().Select(), "-", BaselineValues().Select(), byModel(contract.LabelBucket)...)), byVersion()...),
		"Kolmogorov-Smirnov distance of a version's numbers in the window to the model's baseline, 0 to 1. Only if there are more than 200 numbers.")
}

func valueDrift() Panel {
	return Panel{
		Title:      "Value drift",
		Question:   "How far are the numbers of each version from their baseline?",
		Kind:       TimeSeries,
		Unit:       Distance,
		Series:     []Series{{promql.MaxBy(valueDistance().Select(), contract.LabelVersion), versionLegend}},
		Thresholds: []Threshold{{Level: Good}, {From: valuesFar, Level: Warn}},
		Rename:     noVersion(),
		Needs:      needsValues,
		Alert: &Alert{
			Name:     "MoodringValuesDrift",
			Severity: Warning,
			Summary:  "The numbers of {{ $labels.model }}" + OfService + OfVersion + " have drifted from their baseline: distance {{ $value | printf \"%.2f\" }} of 1, limit LIMIT.",
			Limit:    limit(valuesFar),
			Expr:     promql.OverLimit(valueDistance().Select(), valuesFar),
			For:      10 * time.Minute,
			Steps: []string{
				"On the model's dashboard, open the row Predicted values, and see in Predicted value whether the numbers have become greater or smaller.",
				"Compare the versions in Median predicted value. If only the new version has moved, stop its rollout.",
				"If all versions have moved together, the inputs have changed: look for a new caller, another unit, or missing features.",
				"If the change is intended, or the model's buckets were changed, record a new baseline: dashgen baseline.",
			},
		},
		Next: "A distance of 0.2 means that for some bound, the share of the numbers up to it has changed by 20 points. Predicted value shows which numbers came more often.",
	}
}

func values() Panel {
	return Panel{
		Title:    "Predicted value",
		Question: "Which numbers does a model answer that predicts a number?",
		Kind:     Heatmap,
		Unit:     Number,
		Series:   []Series{{promql.SumBy(promql.Rate(promql.SelectBuckets(contract.PredictionValue)), contract.LabelBucket), "{{le}}"}},
		Needs:    needsNumbers,
		NoAlert:  "Median predicted value shows the middle of this distribution",
		Next:     "If nearly all numbers are in one row, give the model closer buckets in the plugin's configuration.",
	}
}

func medianValue() Panel {
	return Panel{
		Title:    "Median predicted value",
		Question: "Which number do half of the predictions of each version reach?",
		Kind:     TimeSeries,
		Unit:     Number,
		Series:   []Series{{promql.HistogramQuantile(0.5, promql.SumBy(promql.Rate(promql.SelectBuckets(contract.PredictionValue)), contract.LabelBucket, contract.LabelVersion)), versionLegend}},
		Rename:   noVersion(),
		Needs:    needsNumbers,
		NoAlert:  "MoodringValuesDrift compares each version with the baseline",
		Next:     "If the median of a version moves away from the other version's, compare the requests first, and then the models.",
	}
}
