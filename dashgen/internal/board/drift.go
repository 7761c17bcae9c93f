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

func byVersion() []string { return []string{contract.LabelModel, contract.LabelVersion} }

func byModelLabel() []string { return []string{contract.LabelModel, contract.LabelLabel} }

// BaselineShare is the mix of labels that a model should have. Users record it
// for each model with rules of their own.
func BaselineShare() promql.Recording {
	return promql.Recording{
		Name: "moodring:label_share:baseline", Labels: byModelLabel(),
		Help: "Share of the model's predictions that each label should get, 0 to 1; dashgen baseline writes it.",
	}
}

// BaselineConfidence is the mean confidence that a model should have.
func BaselineConfidence() promql.Recording {
	return promql.Recording{
		Name: "moodring:confidence:baseline", Labels: []string{contract.LabelModel},
		Help: "Mean score of the top label that the model should have; dashgen baseline writes it.",
	}
}

func predictionsInWindow() promql.Recording {
	return promql.Record("moodring:answers:increase",
		promql.SumBy(promql.Increase(promql.Select(contract.Predictions), promql.Window), byVersion()...),
		"Predictions in the window.")
}

func labelShare() promql.Recording {
	return promql.Record("moodring:label_share:ratio",
		promql.ShareBy(promql.Increase(promql.Select(contract.Predictions), promql.Window), contract.LabelLabel, byVersion()...),
		"Share of the predictions in the window that each label got, 0 to 1.")
}

// labelExpected is the baseline, copied to each version.
func labelExpected() promql.Recording {
	zeros, base := promql.MulScalar(labelShare().Select(), 0), BaselineShare().Select()
	known := promql.ManyToOne(zeros, "+", base, byModelLabel()...)
	unknown := promql.And(zeros, base, contract.LabelModel)
	return promql.Record("moodring:label_expected:ratio",
		promql.ClampMin(promql.Or(known, unknown), smallestShare),
		"The baseline of each label that a version predicts; 0.0001 for a label without one.")
}

// labelGiven is the mix of labels to compare with labelExpected.
func labelGiven() promql.Recording {
	return promql.Record("moodring:label_given:ratio",
		promql.ClampMin(promql.And(labelShare().Select(), BaselineShare().Select(), contract.LabelModel), smallestShare),
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
	base := promql.ClampMin(BaselineShare().Select(), smallestShare)
	known := promql.Sub(promql.SumBy(terms, byVersion()...), promql.SumBy(missing(expected), byVersion()...))
	return promql.Record("moodring:label_drift:psi",
		ifEnough(promql.ManyToOne(known, "+", promql.SumBy(missing(base), contract.LabelModel), contract.LabelModel)),
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
		promql.ManyToOne(confidenceMean().Select(), "-", BaselineConfidence().Select(), contract.LabelModel),
		"Mean score of the top label in the window, less its baseline.")
}

func recordings() []promql.Recording {
	return []promql.Recording{
		predictionsInWindow(), labelShare(), labelExpected(), labelGiven(), labelShift(), stabilityIndex(), mixDistance(),
		labelSilent(), confidenceMean(), confidenceShift(),
	}
}

func baselines() []promql.Recording {
	return []promql.Recording{BaselineShare(), BaselineConfidence()}
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
	expected := promql.ManyToOne(BaselineShare().Select(), "*",
		promql.SumBy(predictionsInWindow().Select(), contract.LabelModel), contract.LabelModel)
	seen := promql.GreaterThan(promql.Increase(promql.Select(contract.Predictions), promql.Window), 0)
	return promql.Record("moodring:label_silent:answers",
		promql.Unless(promql.GreaterThan(expected, silentAfter), seen, byModelLabel()...),
		"Predictions that a label should have got in the window, for labels that got none; more than 10.")
}
