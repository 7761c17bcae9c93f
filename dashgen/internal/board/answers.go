package board

import (
	"time"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

func predictions() promql.Query { return promql.Rate(promql.Select(contract.Predictions)) }

func answersTotal() Panel {
	return Panel{
		Title:    "Answers in total",
		Question: "How often did the models give each answer, since their gateways started?",
		Kind:     BarGauge,
		Unit:     Count,
		Series:   []Series{{promql.SumBy(promql.Select(contract.Predictions), contract.LabelLabel), "{{label}}"}},
		Colors:   emotions(),
		NoAlert:  "a total only grows, until a gateway restarts and begins again at 0",
		Next:     "A label that is missing here was never a reply's top label. Under other are the answers past the limit on labels.",
	}
}

func answersByModel() Panel {
	return Panel{
		Title:    "Answers by model",
		Question: "How many answers does each model give a second?",
		Kind:     TimeSeries,
		Unit:     PerSecond,
		Series:   []Series{{promql.SumBy(predictions(), contract.LabelModel), "{{model}}"}},
		Link:     &DataLink{UID: modelUID, Label: contract.LabelModel},
		NoAlert:  "how many answers there are is up to the callers",
		Next:     "A click on a line opens the model's own board.",
	}
}

func answersByLabel() Panel {
	return Panel{
		Title:    "Answers by label",
		Question: "How many answers does each label get a second?",
		Kind:     TimeSeries,
		Unit:     PerSecond,
		Series:   []Series{{promql.SumBy(predictions(), contract.LabelLabel), "{{label}}"}},
		Colors:   emotions(),
		NoAlert:  "how many answers there are is up to the callers",
		Next:     "A batch counts once for each of its predictions: compare with Requests by code before suspecting the model.",
	}
}

func labelMix() Panel {
	return Panel{
		Title:    "Label mix",
		Question: "Which part of the answers does each label get?",
		Kind:     StackedTimeSeries,
		Unit:     Share,
		Series:   []Series{{promql.ShareBy(predictions(), contract.LabelLabel), "{{label}}"}},
		Colors:   emotions(),
		NoAlert:  "which mix is right differs from model to model: see Label drift, which compares with a baseline",
		Next:     "When the mix moves, look for a new revision of the model, then for other callers or other texts. Empty while there are no answers.",
	}
}

func buckets() promql.Query { return promql.Rate(promql.SelectBuckets(contract.Confidence)) }

func confidence() Panel {
	return Panel{
		Title:    "Confidence",
		Question: "How sure are the models of their answers?",
		Kind:     Heatmap,
		Unit:     Score,
		Series:   []Series{{promql.SumBy(buckets(), contract.LabelBucket), "{{le}}"}},
		NoAlert:  "a picture of a distribution; its middle is in Median confidence",
		Next:     "A band that sinks means texts the model was not made for, or another model than you think.",
	}
}

func medianConfidence() Panel {
	byModel := promql.HistogramQuantile(0.5, promql.SumBy(buckets(), contract.LabelBucket, contract.LabelModel))
	return Panel{
		Title:      "Median confidence",
		Question:   "How sure is the model of half of the answers of each label, at least?",
		Kind:       TimeSeries,
		Unit:       Score,
		Series:     []Series{{promql.HistogramQuantile(0.5, promql.SumBy(buckets(), contract.LabelBucket, contract.LabelLabel)), "{{label}}"}},
		Thresholds: []Threshold{{Level: Bad}, {From: 0.5, Level: Good}},
		Colors:     emotions(),
		Alert: &Alert{
			Name:     "MoodringConfidenceLow",
			Severity: Warning,
			Summary:  "Half of the answers of {{ $labels.model }} have a score under 0.5.",
			Expr:     promql.LessThan(byModel, 0.5),
			For:      15 * time.Minute,
			Steps: []string{
				"On the model's board, see in Confidence by version whether one version is the cause; if so, roll it back.",
				"Read a few of the texts that callers send now: another language, another length or another topic than the model was trained on lowers scores.",
				"A model of many labels is less sure by nature. For such a model leave this alert out, and give it a baseline: MoodringConfidenceDrop then compares it with itself.",
			},
		},
		Next: "Read a few of the texts that callers send. A model of many labels is less sure by nature: then set another limit.",
	}
}

func overflow() Panel {
	byKind := promql.SumBy(promql.Rate(promql.Select(contract.Overflow)), contract.LabelKind)
	return Panel{
		Title:    "Overflow",
		Question: "Are there more labels or models than are kept apart, so that answers go under other or under a cut label?",
		Kind:     TimeSeries,
		Unit:     PerSecond,
		Series:   []Series{{byKind, "{{kind}}"}},
		Alert: &Alert{
			Name:     "MoodringOverflow",
			Severity: Warning,
			Summary:  "Answers go past the limit on {{ $labels.kind }}.",
			Expr:     promql.GreaterThan(byKind, 0),
			For:      10 * time.Minute,
			Steps: []string{
				"labels: see on the model's board which labels it answers with. Free text is no label: count such a model's answers elsewhere.",
				"models: see which paths callers ask for; a route that lets any name through lets a caller use the room up.",
				"label_length: a label longer than the limit is cut and marked, and still counted apart. Shorter labels mend it.",
			},
		},
		Next: "labels: see which labels the model answers with; free text is no label. models: see which paths callers ask for. The limits stand in docs/metrics.md.",
	}
}
