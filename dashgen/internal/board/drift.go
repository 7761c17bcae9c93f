package board

import (
	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// How far a mix of labels p is from its baseline q:
//
//   - the population stability index, the sum of (p-q)·ln(p/q), in which under
//     0.1 is customarily no change and over 0.25 a great one;
//   - the Jensen-Shannon distance, the root of half the Kullback-Leibler
//     divergences in bits of p and of q from their mean: 0 to 1.
//
// A label may be missing on either side. In the index a missing share counts as
// smallestShare, as ln 0 is no number. Prometheus cannot make up the series of
// a label that a version never gave, so what such labels add is reckoned as a
// whole: from all of the baseline, less the part that is there.
const (
	smallestShare = 1e-4
	psiWarning    = 0.1
	psiGreat      = 0.25
	distanceGreat = 0.2
	// answersPerLabel are how many answers a mix must rest on, for each label:
	// by chance alone the index is about one label's worth of answers.
	answersPerLabel = 50
	// silentAfter is how many answers a label must have missed to be silent;
	// by chance it misses so many once in 22,000.
	silentAfter = 10
	// confidenceDrop is how far the mean confidence may fall.
	confidenceDrop = 0.1
)

func byVersion() []string { return []string{contract.LabelModel, contract.LabelVersion} }

func byModelLabel() []string { return []string{contract.LabelModel, contract.LabelLabel} }

// BaselineShare is how the model should answer. Rules of one's own record it,
// for each model.
func BaselineShare() promql.Recording {
	return promql.Recording{
		Name: "moodring:label_share:baseline", Labels: byModelLabel(),
		Help: "Part of the model's answers that each label should get, 0 to 1; dashgen baseline writes it.",
	}
}

// BaselineConfidence is how sure the model should be.
func BaselineConfidence() promql.Recording {
	return promql.Recording{
		Name: "moodring:confidence:baseline", Labels: []string{contract.LabelModel},
		Help: "Mean score of the top label that the model should have; dashgen baseline writes it.",
	}
}

func answersInWindow() promql.Recording {
	return promql.Record("moodring:answers:increase",
		promql.SumBy(promql.Increase(promql.Select(contract.Predictions), promql.Window), byVersion()...),
		"Answers in the window.")
}

func labelShare() promql.Recording {
	return promql.Record("moodring:label_share:ratio",
		promql.ShareBy(promql.Increase(promql.Select(contract.Predictions), promql.Window), contract.LabelLabel, byVersion()...),
		"Part of the answers in the window that each label got, 0 to 1.")
}

// labelExpected is the baseline, with a series for each version.
func labelExpected() promql.Recording {
	none, base := promql.MulScalar(labelShare().Select(), 0), BaselineShare().Select()
	known := promql.ManyToOne(none, "+", base, byModelLabel()...)
	unknown := promql.And(none, base, contract.LabelModel)
	return promql.Record("moodring:label_expected:ratio",
		promql.ClampMin(promql.Or(known, unknown), smallestShare),
		"The baseline of each label that a version gives, 0.0001 where it has none.")
}

// labelGiven is what labelExpected is to be compared with.
func labelGiven() promql.Recording {
	return promql.Record("moodring:label_given:ratio",
		promql.ClampMin(promql.And(labelShare().Select(), BaselineShare().Select(), contract.LabelModel), smallestShare),
		"Part of the answers in the window that each label got, of a model that has a baseline; at least 0.0001.")
}

func labelShift() promql.Recording {
	return promql.Record("moodring:label_shift:ratio",
		whereEnough(promql.Sub(labelGiven().Select(), labelExpected().Select())),
		"Part of the answers that a label got in the window, less its baseline."+ofEnough)
}

func stabilityIndex() promql.Recording {
	given, expected := labelGiven().Select(), labelExpected().Select()
	terms := promql.Mul(promql.Sub(given, expected), promql.Ln(promql.Div(given, expected)))
	missing := func(share promql.Query) promql.Query {
		return promql.Mul(promql.AddScalar(share, -smallestShare), promql.Ln(promql.MulScalar(share, 1/smallestShare)))
	}
	base := promql.ClampMin(BaselineShare().Select(), smallestShare)
	there := promql.Sub(promql.SumBy(terms, byVersion()...), promql.SumBy(missing(expected), byVersion()...))
	return promql.Record("moodring:label_drift:psi",
		whereEnough(promql.ManyToOne(there, "+", promql.SumBy(missing(base), contract.LabelModel), contract.LabelModel)),
		"Population stability index of a version's labels in the window, against the model's baseline."+ofEnough)
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
		whereEnough(promql.Sqrt(promql.ClampMin(promql.MulScalar(promql.Add(both, missing), 0.5), 0))),
		"Jensen-Shannon distance of a version's labels in the window to the model's baseline, 0 to 1."+ofEnough)
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
		answersInWindow(), labelShare(), labelExpected(), labelGiven(), labelShift(), stabilityIndex(), mixDistance(),
		labelSilent(), confidenceMean(), confidenceShift(),
	}
}

func baselines() []promql.Recording {
	return []promql.Recording{BaselineShare(), BaselineConfidence()}
}

const ofEnough = " Of mixes of more than 50 answers a label."

// whereEnough keeps q where there were enough answers to know a mix from
// chance: of fewer, a panel would show how few they are.
func whereEnough(q promql.Query) promql.Query {
	labels := promql.CountBy(labelExpected().Select(), byVersion()...)
	return promql.And(q, promql.GreaterThan(promql.Sub(answersInWindow().Select(), promql.MulScalar(labels, answersPerLabel)), 0), byVersion()...)
}

// labelSilent is how many answers of each label should have been in the window,
// of those that had none. It is recorded, as a dashboard knows no window.
func labelSilent() promql.Recording {
	expected := promql.ManyToOne(BaselineShare().Select(), "*",
		promql.SumBy(answersInWindow().Select(), contract.LabelModel), contract.LabelModel)
	seen := promql.GreaterThan(promql.Increase(promql.Select(contract.Predictions), promql.Window), 0)
	return promql.Record("moodring:label_silent:answers",
		promql.Unless(promql.GreaterThan(expected, silentAfter), seen, byModelLabel()...),
		"Answers that a label should have got in the window, of labels that got none; more than 10.")
}
