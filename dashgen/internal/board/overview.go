package board

import (
	"time"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/query"
)

// Overview is what all models answer now, and whether the answers can be
// trusted.
func Overview() Board {
	return Board{
		UID:         "moodring-overview",
		Title:       "Moodring: overview",
		Description: "What the models behind the gateways answer, how sure they are, who was refused, and how long it took.",
		Variables: []Variable{
			{"Gateway", query.Choice{Metric: contract.ExporterUp, Label: contract.LabelGateway}},
			{"Model", query.Choice{Metric: contract.Replies, Label: contract.LabelModel}},
		},
		Rows: []Row{
			{"Answers", answers()},
			{"Replies", replies()},
			{"Refusals", refusals()},
			{"Health", health()},
		},
		Unused: []Unused{
			{contract.Margin, "there only where the plugin's margins option is on"},
			{contract.LabelScores, "there only where the plugin's scoreSums option is on"},
			{contract.BatchSize, "there only where the plugin's batchSizes option is on"},
			{contract.Faults, "zero unless the plugin itself has a fault to report"},
			{contract.ExporterBytes, "for sizing the exporter; it says nothing of the models"},
			{contract.ExporterReload, "about the exporter's configuration; an alert's business, and 1 nearly always"},
			{contract.ExporterReloadTime, "about the exporter's configuration, not the models"},
			{contract.ExporterDiscoveryErrors, "for finding out why a gateway is missing; says nothing of the models"},
			{contract.ExporterBuild, "for telling versions apart when reporting a fault"},
		},
	}
}

func answers() []Observable {
	confidence := query.Rate(query.Buckets(contract.Confidence))
	return []Observable{
		{
			Title:    "Answers in total",
			Question: "How often did the models give each answer, since their gateways started?",
			Kind:     Bars,
			Unit:     Count,
			Series:   []Series{{query.SumBy(query.Select(contract.Predictions), contract.LabelLabel), "{{label}}"}},
			Colors:   emotions(),
			NoAlert:  "a total only grows, until a gateway restarts and begins again at 0",
			Next:     "A label that is missing here was never a reply's top label. Under other are the answers past the limit on labels.",
		},
		{
			Title:    "Answers by label",
			Question: "How many answers does each label get a second?",
			Kind:     Lines,
			Unit:     PerSecond,
			Series:   []Series{{query.SumBy(query.Rate(query.Select(contract.Predictions)), contract.LabelLabel), "{{label}}"}},
			Colors:   emotions(),
			NoAlert:  "how many answers there are is up to the callers",
			Next:     "A batch counts once for each of its predictions: compare with Requests by code before suspecting the model.",
		},
		{
			Title:    "Label mix",
			Question: "Which part of the answers does each label get?",
			Kind:     Areas,
			Unit:     Share,
			Series:   []Series{{query.ShareBy(query.Rate(query.Select(contract.Predictions)), contract.LabelLabel), "{{label}}"}},
			Colors:   emotions(),
			NoAlert:  "which mix is right differs from model to model: it takes a baseline to tell",
			Next:     "When the mix moves, look for a new revision of the model, then for other callers or other texts. Empty while there are no answers.",
		},
		{
			Title:    "Confidence",
			Question: "How sure are the models of their answers?",
			Kind:     Heatmap,
			Unit:     Score,
			Series:   []Series{{query.SumBy(confidence, contract.LabelBucket), "{{le}}"}},
			NoAlert:  "a picture of a distribution; its middle is in Median confidence",
			Next:     "A band that sinks means texts the model was not made for, or another model than you think.",
		},
		{
			Title:      "Median confidence",
			Question:   "How sure is the model of half of the answers of each label, at least?",
			Kind:       Lines,
			Unit:       Score,
			Series:     []Series{{query.Quantile(0.5, query.SumBy(confidence, contract.LabelBucket, contract.LabelLabel)), "{{label}}"}},
			Thresholds: []Threshold{{Level: Bad}, {From: 0.5, Level: Good}},
			Colors:     emotions(),
			Alert: &Alert{
				Name: "MoodringConfidenceLow",
				When: query.Below(query.Quantile(0.5, query.SumBy(confidence, contract.LabelBucket, contract.LabelModel)), 0.5),
				For:  15 * time.Minute,
			},
			Next: "Read a few of the texts that callers send. A model of many labels is less sure by nature: then set another limit.",
		},
		overflow(),
	}
}

func overflow() Observable {
	byKind := query.SumBy(query.Rate(query.Select(contract.Overflow)), contract.LabelKind)
	return Observable{
		Title:    "Overflow",
		Question: "Are there more labels or models than are kept apart, so that answers go under other or under a cut label?",
		Kind:     Lines,
		Unit:     PerSecond,
		Series:   []Series{{byKind, "{{kind}}"}},
		Alert:    &Alert{Name: "MoodringOverflow", When: query.Above(byKind, 0), For: 10 * time.Minute},
		Next:     "labels: see which labels the model answers with; free text is no label. models: see which paths callers ask for. The limits stand in docs/metrics.md.",
	}
}

func replies() []Observable {
	byModel := func(where ...query.Where) query.Query {
		return query.SumBy(query.Rate(query.Select(contract.Replies, where...)), contract.LabelModel)
	}
	byGateway := func(where ...query.Where) query.Query {
		return query.SumBy(query.Rate(query.Select(contract.Requests, where...)), contract.LabelGateway)
	}
	quantile := func(phi float64) query.Query {
		return query.Quantile(phi, query.SumBy(query.Rate(query.Buckets(contract.UpstreamDuration)), contract.LabelBucket, contract.LabelUpstream))
	}
	return []Observable{
		{
			Title:    "Replies by outcome",
			Question: "Could the models' replies be read?",
			Kind:     Lines,
			Unit:     PerSecond,
			Series:   []Series{{query.SumBy(query.Rate(query.Select(contract.Replies)), contract.LabelOutcome), "{{outcome}}"}},
			Colors:   outcomes(),
			Alert: &Alert{
				Name: "MoodringRepliesUnparsed",
				When: query.Above(query.Divide(byModel(query.Where{Label: contract.LabelOutcome, Value: contract.OutcomeUnparsed}), byModel()), 0.05),
				For:  10 * time.Minute,
			},
			Next: "Only counted replies are in the panels above. encoded: ask the model server not to compress. unparsed: the model does not answer in KServe's shape. error_status: read the model server's log.",
		},
		{
			Title:    "Requests by code",
			Question: "How do the gateways answer their callers?",
			Kind:     Lines,
			Unit:     PerSecond,
			Series:   []Series{{query.SumBy(query.Rate(query.Select(contract.Requests)), contract.LabelCodeClass), "{{code_class}}"}},
			Colors:   codeClasses(),
			Alert: &Alert{
				Name: "MoodringGatewayErrors",
				When: query.Above(query.Divide(byGateway(query.Where{Label: contract.LabelCodeClass, Value: "5xx"}), byGateway()), 0.05),
				For:  5 * time.Minute,
			},
			Next: "4xx are mostly refusals: see Denied and Rate-limited. 5xx come from the model server or, when it cannot be reached, from the gateway: its access log tells which.",
		},
		{
			Title:    "Model time",
			Question: "How long do the models take to answer, as the gateway sees it?",
			Kind:     Lines,
			Unit:     Seconds,
			Series:   []Series{{quantile(0.5), "p50 {{upstream}}"}, {quantile(0.95), "p95 {{upstream}}"}},
			NoAlert:  "what is slow differs from model to model",
			Next:     "When p95 leaves p50 behind, requests wait for a worker: give the model server more of them. Empty while there are no requests.",
		},
	}
}

func refusals() []Observable {
	denied := query.Select(contract.Authorization, query.Where{Label: contract.LabelResult, Value: contract.ResultDenied})
	limited := query.Select(contract.RateLimit, query.Where{Label: contract.LabelResult, Value: contract.ResultOverLimit})
	undecided := query.SumBy(query.Rate(query.Select(contract.RateLimit, query.Where{Label: contract.LabelResult, Value: contract.ResultError})), contract.LabelGateway)
	return []Observable{
		{
			Title:    "Denied",
			Question: "How many requests does the authorization policy refuse a second (403)?",
			Kind:     Lines,
			Unit:     PerSecond,
			Series:   []Series{{query.SumBy(query.Rate(denied), contract.LabelGateway), "{{gateway}}"}},
			NoAlert:  "refusing is what the policy is for; how much of it is odd depends on the callers",
			Next:     "The gateway's access log says rbac_access_denied_matched_policy, and for whom.",
		},
		{
			Title:    "Rate-limited",
			Question: "How many requests are over their limit a second (429), and for how many could the rate limit service not be asked?",
			Kind:     Lines,
			Unit:     PerSecond,
			Series: []Series{
				{query.SumBy(query.Rate(limited), contract.LabelGateway), "{{gateway}} over the limit"},
				{undecided, "{{gateway}} not asked"},
			},
			Alert: &Alert{Name: "MoodringRateLimitFailing", When: query.Above(undecided, 0), For: 5 * time.Minute},
			Next:  "Over the limit: give the caller a key with a higher limit, or raise the limit in the rate limit service's configuration. Not asked: see that the service and its Redis run.",
		},
		{
			Title:    "Refused in total",
			Question: "How many requests were refused, since the gateways started?",
			Kind:     Number,
			Unit:     Count,
			Series:   []Series{{query.SumBy(denied), "denied"}, {query.SumBy(limited), "rate-limited"}},
			NoAlert:  "a total only grows, until a gateway restarts and begins again at 0",
			Next:     "Denied and Rate-limited show when it happened.",
		},
	}
}

func health() []Observable {
	dropped := query.SumBy(query.Rate(query.Select(contract.ExporterDropped)), contract.LabelGateway)
	up := query.MinBy(query.Select(contract.ExporterUp), contract.LabelGateway)
	return []Observable{
		{
			Title:      "Gateways",
			Question:   "Can the exporter read every gateway?",
			Kind:       Number,
			Unit:       UpDown,
			Series:     []Series{{up, "{{gateway}}"}},
			Thresholds: []Threshold{{Level: Bad}, {From: 1, Level: Good}},
			Alert:      &Alert{Name: "MoodringGatewayDown", When: query.Below(up, 1), For: 2 * time.Minute},
			Next:       "While a gateway is down its counters stand still here, whatever passes it. The exporter's log says why it cannot be read.",
		},
		{
			Title:    "Scrape time",
			Question: "How long does it take to read a gateway?",
			Kind:     Lines,
			Unit:     Seconds,
			Series:   []Series{{query.MaxBy(query.Select(contract.ExporterDuration), contract.LabelGateway), "{{gateway}}"}},
			NoAlert:  "past the scrape's time limit the gateway counts as down, which has an alert",
			Next:     "A gateway with many listeners and clusters has many stats: see that only those of Moodring are asked for.",
		},
		{
			Title:    "Left out",
			Question: "Does the exporter fail to read a gateway, or leave series out?",
			Kind:     Lines,
			Unit:     PerSecond,
			Series: []Series{
				{query.SumBy(query.Rate(query.Select(contract.ExporterErrors)), contract.LabelGateway), "{{gateway}} failed scrapes"},
				{dropped, "{{gateway}} dropped series"},
			},
			Alert: &Alert{Name: "MoodringSeriesDropped", When: query.Above(dropped, 0), For: 15 * time.Minute},
			Next:  "A series is dropped when its stat cannot be decoded, or past the exporter's limit on series: see that the plugin and the exporter are of one version, or raise the limit.",
		},
		{
			Title:    "Series",
			Question: "How many series does each gateway have?",
			Kind:     Lines,
			Unit:     Count,
			Series:   []Series{{query.MaxBy(query.Select(contract.ExporterSamples), contract.LabelGateway), "{{gateway}}"}},
			NoAlert:  "the exporter has a limit of its own",
			Next:     "Labels come from the models: a count that keeps growing means a model whose labels are free text.",
		},
	}
}
