package board

import (
	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/query"
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
func BaselineShare() query.Recording {
	return query.Recording{
		Name: "moodring:label_share:baseline", Labels: byModelLabel(),
		Help: "Part of the model's answers that each label should get, 0 to 1; dashgen baseline writes it.",
	}
}

// BaselineConfidence is how sure the model should be.
func BaselineConfidence() query.Recording {
	return query.Recording{
		Name: "moodring:confidence:baseline", Labels: []string{contract.LabelModel},
		Help: "Mean score of the top label that the model should have; dashgen baseline writes it.",
	}
}

func answersInWindow() query.Recording {
	return query.Record("moodring:answers:increase",
		query.SumBy(query.Growth(query.Select(contract.Predictions), query.Window), byVersion()...),
		"Answers in the window.")
}

func labelShare() query.Recording {
	return query.Record("moodring:label_share:ratio",
		query.ShareBy(query.Growth(query.Select(contract.Predictions), query.Window), contract.LabelLabel, byVersion()...),
		"Part of the answers in the window that each label got, 0 to 1.")
}

// labelExpected is the baseline, with a series for each version.
func labelExpected() query.Recording {
	none, base := query.Scale(labelShare().Select(), 0), BaselineShare().Select()
	known := query.ManyToOne(none, "+", base, byModelLabel()...)
	unknown := query.Keep(none, base, contract.LabelModel)
	return query.Record("moodring:label_expected:ratio",
		query.AtLeast(query.Or(known, unknown), smallestShare),
		"The baseline of each label that a version gives, 0.0001 where it has none.")
}

// labelGiven is what labelExpected is to be compared with.
func labelGiven() query.Recording {
	return query.Record("moodring:label_given:ratio",
		query.AtLeast(query.Keep(labelShare().Select(), BaselineShare().Select(), contract.LabelModel), smallestShare),
		"Part of the answers in the window that each label got, of a model that has a baseline; at least 0.0001.")
}

func labelShift() query.Recording {
	return query.Record("moodring:label_shift:ratio",
		whereEnough(query.Minus(labelGiven().Select(), labelExpected().Select())),
		"Part of the answers that a label got in the window, less its baseline."+ofEnough)
}

func stabilityIndex() query.Recording {
	given, expected := labelGiven().Select(), labelExpected().Select()
	terms := query.Times(query.Minus(given, expected), query.Log(query.Divide(given, expected)))
	missing := func(share query.Query) query.Query {
		return query.Times(query.Shifted(share, -smallestShare), query.Log(query.Scale(share, 1/smallestShare)))
	}
	base := query.AtLeast(BaselineShare().Select(), smallestShare)
	there := query.Minus(query.SumBy(terms, byVersion()...), query.SumBy(missing(expected), byVersion()...))
	return query.Record("moodring:label_drift:psi",
		whereEnough(query.ManyToOne(there, "+", query.SumBy(missing(base), contract.LabelModel), contract.LabelModel)),
		"Population stability index of a version's labels in the window, against the model's baseline."+ofEnough)
}

func mixDistance() query.Recording {
	given, expected := labelGiven().Select(), labelExpected().Select()
	mean := query.Scale(query.Plus(given, expected), 0.5)
	bits := func(of query.Query) query.Query {
		return query.Times(of, query.Log2(query.Divide(of, mean)))
	}
	both := query.SumBy(query.Plus(bits(given), bits(expected)), byVersion()...)
	missing := query.Complement(1, query.SumBy(expected, byVersion()...))
	return query.Record("moodring:label_drift:distance",
		whereEnough(query.Root(query.AtLeast(query.Scale(query.Plus(both, missing), 0.5), 0))),
		"Jensen-Shannon distance of a version's labels in the window to the model's baseline, 0 to 1."+ofEnough)
}

func confidenceMean() query.Recording {
	return query.Record("moodring:confidence:mean",
		query.Divide(
			query.SumBy(query.Growth(query.Sum(contract.Confidence), query.Window), byVersion()...),
			query.SumBy(query.Growth(query.Count(contract.Confidence), query.Window), byVersion()...)),
		"Mean score of the top label in the window, 0 to 1.")
}

func confidenceShift() query.Recording {
	return query.Record("moodring:confidence:shift",
		query.ManyToOne(confidenceMean().Select(), "-", BaselineConfidence().Select(), contract.LabelModel),
		"Mean score of the top label in the window, less its baseline.")
}

func recordings() []query.Recording {
	return []query.Recording{
		answersInWindow(), labelShare(), labelExpected(), labelGiven(), labelShift(), stabilityIndex(), mixDistance(),
		labelSilent(), confidenceMean(), confidenceShift(),
	}
}

func baselines() []query.Recording {
	return []query.Recording{BaselineShare(), BaselineConfidence()}
}

const ofEnough = " Of mixes of more than 50 answers a label."

// whereEnough keeps q where there were enough answers to know a mix from
// chance: of fewer, a panel would show how few they are.
func whereEnough(q query.Query) query.Query {
	labels := query.CountBy(labelExpected().Select(), byVersion()...)
	return query.Keep(q, query.Above(query.Minus(answersInWindow().Select(), query.Scale(labels, answersPerLabel)), 0), byVersion()...)
}

// labelSilent is how many answers of each label should have been in the window,
// of those that had none. It is recorded, as a dashboard knows no window.
func labelSilent() query.Recording {
	expected := query.ManyToOne(BaselineShare().Select(), "*",
		query.SumBy(answersInWindow().Select(), contract.LabelModel), contract.LabelModel)
	seen := query.Above(query.Growth(query.Select(contract.Predictions), query.Window), 0)
	return query.Record("moodring:label_silent:answers",
		query.Drop(query.Above(expected, silentAfter), seen, byModelLabel()...),
		"Answers that a label should have got in the window, of labels that got none; more than 10.")
}
