package board

import (
	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// The distance of a mix of labels p from its baseline q is recorded twice:
//
//   - as the population stability index, the sum of (p-q)·ln(p/q). By convention,
//     an index under 0.1 is no change, and an index over 0.25 is a great change;
//   - as the Jensen-Shannon distance, the square root of half the sum of the
//     Kullback-Leibler divergences, in bits, of p and of q from their mean. It is
//     from 0 to 1.
//
// A label may be missing on either side. As ln 0 is not defined, the index uses
// smallestShare for a missing share. PromQL cannot create series for the labels
// that a version never predicted, so their terms are calculated together: the
// terms of the whole baseline, less the terms of the labels that exist.
const (
	smallestShare = 1e-4
	psiWarning    = 0.1
	psiGreat      = 0.25
	distanceGreat = 0.2
	// predictionsPerLabel is the number of predictions for each label that a mix
	// needs. By chance alone, the index of n predictions over k labels is (k-1)/n.
	predictionsPerLabel = 50
	// silentAfter is the number of predictions that a silent label must have
	// missed. The probability of missing so many by chance is 1 in 22,000.
	silentAfter = 10
	// confidenceDrop is how far the mean confidence may fall.
	confidenceDrop = 0.1
)

func labelsInWindow() promql.Recording {
	return promql.Record("moodring:label_answers:increase",
		promql.SumBy(promql.Increase(promql.Select(contract.Predictions), promql.Window), byVersion(contract.LabelLabel)...),
		"Predictions of each label in the window.")
}

func predictionsInWindow() promql.Recording {
	return promql.Record("moodring:answers:increase",
		promql.SumBy(labelsInWindow().Select(), byVersion()...),
		"Predictions in the window.")
}

func labelShare() promql.Recording {
	return promql.Record("moodring:label_share:ratio",
		promql.ManyToOne(labelsInWindow().Select(), "/", predictionsInWindow().Select(), byVersion()...),
		"Share of the predictions in the window that each label got, 0 to 1.")
}

// labelExpected is the baseline, copied to each version.
func labelExpected() promql.Recording {
	zeros, base := promql.MulScalar(labelShare().Select(), 0), labelBaseline().Select()
	known := promql.ManyToOne(zeros, "+", base, byModel(contract.LabelLabel)...)
	unknown := promql.And(zeros, base, byModel()...)
	return promql.Record("moodring:label_expected:ratio",
		promql.ClampMin(promql.Or(known, unknown), smallestShare),
		"The baseline of each label that a version predicts; 0.0001 for a label without one.")
}

// labelGiven is the mix of labels to compare with labelExpected.
func labelGiven() promql.Recording {
	return promql.Record("moodring:label_given:ratio",
		promql.ClampMin(promql.And(labelShare().Select(), labelBaseline().Select(), byModel()...), smallestShare),
		"Share of the predictions in the window that each label got, for a model with a baseline; at least 0.0001.")
}

func labelShift() promql.Recording {
	return promql.Record("moodring:label_shift:ratio",
		ifEnough(promql.Sub(labelGiven().Select(), labelExpected().Select())),
		"Share of the predictions in the window that a label got, less its baseline."+onlyEnough)
}

func stabilityIndex() promql.Recording {
	given, expected := labelGiven().Select(), labelExpected().Select()
	terms := promql.Mul(promql.Sub(given, expected), promql.Ln(promql.Div(given, expected)))
	missing := func(share promql.Query) promql.Query {
		return promql.Mul(promql.AddScalar(share, -smallestShare), promql.Ln(promql.MulScalar(share, 1/smallestShare)))
	}
	base := promql.ClampMin(labelBaseline().Select(), smallestShare)
	known := promql.Sub(promql.SumBy(terms, byVersion()...), promql.SumBy(missing(expected), byVersion()...))
	return promql.Record("moodring:label_drift:psi",
		ifEnough(promql.ManyToOne(known, "+", promql.SumBy(missing(base), byModel()...), byModel()...)),
		"Population stability index of a version's labels in the window, against the model's baseline."+onlyEnough)
}

func mixDistance() promql.Recording {
	given, expected := labelGiven().Select(), labelExpected().Select()
	mean := promql.MulScalar(promql.Add(given, expected), 0.5)
	bits := func(of promql.Query) promql.Query {
		return promql.Mul(of, promql.Log2(promql.Div(of, mean)))
	}
	both := promql.SumBy(promql.Add(bits(given), bits(expected)), byVersion()...)
	missing := promql.ScalarSub(1, promql.SumBy(expected, byVersion()...))
	return promql.Record("moodring:label_drift:distance",
		ifEnough(promql.Sqrt(promql.ClampMin(promql.MulScalar(promql.Add(both, missing), 0.5), 0))),
		"Jensen-Shannon distance of a version's labels in the window to the model's baseline, 0 to 1."+onlyEnough)
}

func confidenceMean() promql.Recording {
	return promql.Record("moodring:confidence:mean",
		promql.Div(
			promql.SumBy(promql.Increase(promql.SelectSum(contract.Confidence), promql.Window), byVersion()...),
			promql.SumBy(promql.Increase(promql.SelectCount(contract.Confidence), promql.Window), byVersion()...)),
		"Mean score of the top label in the window, 0 to 1.")
}

func confidenceShift() promql.Recording {
	return promql.Record("moodring:confidence:shift",
		promql.ManyToOne(confidenceMean().Select(), "-", confidenceBaseline().Select(), byModel()...),
		"Mean score of the top label in the window, less its baseline.")
}

// recordings returns the recording rules in an order in which each rule reads only
// series of the rules before it.
func recordings() []promql.Recording {
	return []promql.Recording{
		models(), modelServices(), labelBaseline(), confidenceBaseline(),
		labelsInWindow(), predictionsInWindow(), labelShare(), labelExpected(), labelGiven(), labelShift(), stabilityIndex(), mixDistance(),
		labelSilent(), confidenceMean(), confidenceShift(), labelMixOfAll(), versionShare(), versionChance(), versionDistance(),
		valueShare(), valueDistance(),
	}
}

const onlyEnough = " Only if there are more than 50 predictions for each label."

// ifEnough returns q for the versions with enough predictions. The index of fewer
// predictions is large by chance, and would set the scale of the panel's axis.
func ifEnough(q promql.Query) promql.Query {
	labels := promql.CountBy(labelExpected().Select(), byVersion()...)
	return promql.And(q, promql.GreaterThan(promql.Sub(predictionsInWindow().Select(), promql.MulScalar(labels, predictionsPerLabel)), 0), byVersion()...)
}

// labelSilent is the number of predictions that each silent label should have got
// in the window. It is recorded because dashboards do not know the rules' window.
func labelSilent() promql.Recording {
	expected := promql.ManyToOne(labelBaseline().Select(), "*",
		promql.SumBy(predictionsInWindow().Select(), byModel()...), byModel()...)
	seen := promql.GreaterThan(labelsInWindow().Select(), 0)
	return promql.Record("moodring:label_silent:answers",
		promql.Unless(promql.GreaterThan(expected, silentAfter), seen, byModel(contract.LabelLabel)...),
		"Predictions that a label should have got in the window, for labels that got none; more than 10.")
}
