package board

import (
	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

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
		NoAlert:  "the right range is different for each model",
		Next:     "If the median of a version moves away from the other version's, compare the requests first, and then the models.",
	}
}
