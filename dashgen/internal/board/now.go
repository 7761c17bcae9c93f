package board

import (
	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// The panels of this file say in one line whether all is well.

func answersNow() Panel {
	return Panel{
		Title:    "Predictions per second",
		Question: "How many predictions do the models make per second?",
		Kind:     Stat,
		Unit:     PerSecond,
		Series:   []Series{{promql.SumBy(predictions()), "predictions"}},
		NoAlert:  "the callers decide how many predictions they request",
		Next:     "Predictions by model has the same over time.",
	}
}

func errorsNow() Panel {
	failed := promql.SumBy(promql.Rate(promql.Select(contract.Requests, promql.Matcher{Label: contract.LabelCodeClass, Value: "5xx"})))
	return Panel{
		Title:      "Errors",
		Question:   "To which share of the requests do the gateways reply with 5xx?",
		Kind:       Stat,
		Unit:       Share,
		Series:     []Series{{promql.Div(failed, promql.SumBy(promql.Rate(promql.Select(contract.Requests)))), "5xx"}},
		Thresholds: []Threshold{{Level: Good}, {From: 0.01, Level: Warn}, {From: 0.05, Level: Bad}},
		NoAlert:    "MoodringGatewayErrors watches each gateway",
		Next:       "Requests by code shows since when. The gateway dashboard shows which gateway.",
	}
}

func refusalsNow() Panel {
	share := func(metric, refusal string) promql.Query {
		return promql.Div(promql.SumBy(promql.Rate(promql.Select(metric, result(refusal)))), promql.SumBy(promql.Rate(promql.Select(metric))))
	}
	return Panel{
		Title:    "Refusals",
		Question: "Which share of the requests is refused, by policy and by rate limit?",
		Kind:     Stat,
		Unit:     Share,
		Series: []Series{
			{share(contract.Authorization, contract.ResultDenied), "denied"},
			{share(contract.RateLimit, contract.ResultOverLimit), "over the limit"},
		},
		Needs:   needsPolicy + ", and rate limits",
		NoAlert: "MoodringDenialsUp and MoodringLimitsUp watch each gateway",
		Next:    "The gateway dashboard shows which gateway refuses, and since when.",
	}
}

func slowestNow() Panel {
	p95 := promql.HistogramQuantile(0.95, promql.SumBy(modelTimeBuckets(), contract.LabelBucket, contract.LabelUpstream))
	return Panel{
		Title:    "Slowest p95",
		Question: "How long does the slowest model take for 95 of 100 requests?",
		Kind:     Stat,
		Unit:     Seconds,
		Series:   []Series{{promql.MaxBy(p95), "p95"}},
		NoAlert:  "the normal time differs from model to model",
		Next:     "Model time shows which model.",
	}
}

func worstDrift() Panel {
	return Panel{
		Title:      "Worst drift",
		Question:   "How far is the mix of labels from its baseline, of the model that has drifted most?",
		Kind:       Stat,
		Unit:       Distance,
		Series:     []Series{{promql.MaxBy(stabilityIndex().Select()), "index"}},
		Thresholds: driftLevels(),
		Needs:      needsMix,
		NoAlert:    "MoodringLabelMixDrift watches each version",
		Next:       "Label drift now shows which model.",
	}
}

func gatewaysNow() Panel {
	return Panel{
		Title:      "Gateways down",
		Question:   "How many gateways can the exporter not scrape, and how many can it scrape?",
		Kind:       Stat,
		Unit:       Count,
		Series:     []Series{{promql.SumBy(promql.ScalarSub(1, up())), "down"}, {promql.SumBy(up()), "up"}},
		Thresholds: []Threshold{{Level: Good}},
		NoAlert:    "MoodringGatewayDown watches each gateway",
		Next:       "The exporter dashboard shows which gateway is down.",
	}
}

// alertsNow lists the alerts that fire. A click opens the runbook.
func alertsNow() Panel {
	return Panel{
		Title:    "Alerts",
		Question: "Which alerts fire, and for which models?",
		Kind:     Table,
		Unit:     Count,
		Series:   []Series{{promql.GroupBy(firingAlerts(), byModel("alertname")...), "{{alertname}} {{namespace}} {{service}} {{model}}"}},
		Idle:     "No alert fires.",
		Runbook:  true,
		NoAlert:  "the panel shows alerts",
		Next:     "Click an alert to open its runbook.",
	}
}
