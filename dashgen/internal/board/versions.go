package board

import (
	"time"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// The distance of a version is the share of its predictions that would need another
// label to give the mix of the model's other versions (the total variation distance).
// It is the sum of the differences p-q of the labels that the version predicts more
// often, where p is the label's share of the version's predictions, and q that of the
// others'. The labels that a version never predicts, for which PromQL has no series,
// are not needed. If the version makes the share r of all predictions, the mix of all
// is m = r·p + (1-r)·q, so p-q is (p-m)/(1-r).
//
// Two versions of equal answers also differ, by chance. By the Cauchy-Schwarz
// inequality, the distance is at most half of the root of Pearson's X² times the root
// of 1/n + 1/o, where n and o are the numbers of predictions. With k labels, the root
// of X² is above the root of k-1 plus farByChance in 1 of 10,000 cases. Rare labels,
// for which a test of X² itself fires too often, hardly change the distance.
const (
	farByChance   = 2.9
	versionsFar   = 0.1
	needsVersions = "Moodring's rules in Prometheus, and predictions of two versions of the model in the rules' window: while only one version answers, the panel is empty"
)

func labelMixOfAll() promql.Recording {
	return promql.Record("moodring:label_mix:ratio",
		promql.ManyToOne(promql.SumBy(labelsInWindow().Select(), byModel(contract.LabelLabel)...), "/",
			promql.SumBy(predictionsInWindow().Select(), byModel()...), byModel()...),
		"Share of the predictions of all versions in the window that each label got, 0 to 1.")
}

func versionShare() promql.Recording {
	share := promql.ManyToOne(predictionsInWindow().Select(), "/", promql.SumBy(predictionsInWindow().Select(), byModel()...), byModel()...)
	return promql.Record("moodring:version_share:ratio",
		promql.LessThan(promql.GreaterThan(share, 0), 1),
		"Share of the model's predictions in the window that each version made. Only if several versions made any.")
}

func versionChance() promql.Recording {
	labels := promql.CountBy(promql.GreaterThan(labelMixOfAll().Select(), 0), byModel()...)
	root := promql.AddScalar(promql.Sqrt(promql.AddScalar(labels, -1)), farByChance)
	noise := promql.Sqrt(promql.ScalarDiv(1, promql.Mul(predictionsInWindow().Select(), promql.ScalarSub(1, versionShare().Select()))))
	return promql.Record("moodring:version_gap:chance",
		promql.LessThan(promql.ManyToOne(promql.MulScalar(noise, 0.5), "*", root, byModel()...), 1),
		"The distance between versions that chance explains: versions of equal answers are further apart in 1 of 10,000 windows. Only if it is below 1, the greatest distance.")
}

func versionDistance() promql.Recording {
	more := promql.ManyToOne(labelShare().Select(), "-", labelMixOfAll().Select(), byModel(contract.LabelLabel)...)
	return promql.Record("moodring:version_gap:distance",
		promql.And(promql.Div(promql.SumBy(promql.ClampMin(more, 0), byVersion()...), promql.ScalarSub(1, versionShare().Select())),
			versionChance().Select(), byVersion()...),
		"Share of a version's predictions in the window that would need another label to give the mix of the model's other versions, 0 to 1.")
}

func versionGap() Panel {
	distance, chance := versionDistance().Select(), versionChance().Select()
	return Panel{
		Title:    "Distance between versions",
		Question: "How far is the mix of labels of each version from the mix of the other versions, and how far can it be by chance?",
		Kind:     TimeSeries,
		Unit:     Distance,
		Series: []Series{
			{promql.MaxBy(distance, contract.LabelVersion), "distance {{version}}"},
			{promql.MaxBy(chance, contract.LabelVersion), "by chance {{version}}"},
		},
		Thresholds: []Threshold{{Level: Good}, {From: versionsFar, Level: Warn}},
		Needs:      needsVersions,
		Alert: &Alert{
			Name:     "MoodringVersionsDiffer",
			Severity: Warning,
			Summary:  "The versions of {{ $labels.model }}" + OfService + " predict different labels: distance {{ $value | printf \"%.2f\" }} of 1, limit LIMIT.",
			Limit:    limit(versionsFar),
			Expr:     promql.OverLimit(promql.MaxBy(promql.Above(distance, chance), byModel()...), versionsFar),
			For:      10 * time.Minute,
			Steps: []string{
				"On the model's dashboard, see in Distance between versions which version differs, and in Label mix by version for which labels.",
				"See whether the versions get the same requests. If a header or a caller decides which version replies, the inputs differ, and the labels may rightly differ too.",
				"If the new version should not differ, stop its rollout. No baseline is needed for this comparison, and it does not say which version is right: send both some inputs whose labels you know.",
				"If the difference is intended, continue the rollout. The alert ends when only one version has made predictions in the rules' window.",
			},
		},
		Next: "A distance of 0.1 means that one prediction in ten would need another label. While it is below the line by chance, there are too few predictions to tell. With two versions, both have the same distance. Label mix by version shows the labels.",
	}
}

func lowConfidenceByVersion() Panel {
	low := promql.SumBy(smoothed(promql.SelectBuckets(contract.Confidence, promql.Matcher{Label: contract.LabelBucket, Value: "0.5"})), contract.LabelVersion)
	return Panel{
		Title:    "Low confidence by version",
		Question: "Which share of the predictions of each version has a score of at most 0.5?",
		Kind:     TimeSeries,
		Unit:     Share,
		Series:   []Series{{promql.Div(low, promql.SumBy(smoothed(promql.SelectCount(contract.Confidence)), contract.LabelVersion)), versionLegend}},
		Rename:   noVersion(),
		Needs:    needsScored,
		NoAlert:  "MoodringConfidenceDrop watches each version",
		Next:     "If only the new version is often unsure, test it with inputs whose labels you know before you continue its rollout.",
	}
}
