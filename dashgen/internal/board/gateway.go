package board

import (
	"time"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// Gateway is the dashboard of the gateways: requests, refusals, and the response
// times of the models behind them.
func Gateway() Board {
	return Board{
		UID:         "moodring-gateway",
		File:        "grafana-gateway",
		Title:       "Moodring: gateway",
		Description: "The requests and refusals of each gateway, the response times of the models behind it, and faults that make its counters incomplete.",
		Variables:   gatewayVariables(),
		Annotations: []Annotation{gatewayRestarts(), exporterRestarts()},
		Rows: []Row{
			{Title: "Requests", Panels: []Panel{requestsByCode(), requestsByGateway(), failedRequests()}},
			{Title: "Refusals", Panels: []Panel{denied(), refusedShares(), limited(), limitDecisions(), refusedTotal()}},
			{Title: "Time", Panels: []Panel{modelTime(), modelTimes(), meanModelTime()}},
			{Title: "The plugin", Panels: []Panel{overflow(), unfollowed(), faults()}},
		},
	}
}

func outcome(value string) promql.Matcher {
	return promql.Matcher{Label: contract.LabelOutcome, Value: value}
}

func repliesOf(value string) promql.Query {
	return promql.SumBy(promql.Rate(promql.Select(contract.Replies, outcome(value))), byModel()...)
}

func repliesByOutcome() Panel {
	unparsed := promql.Div(repliesOf(contract.OutcomeUnparsed), promql.SumBy(promql.Rate(promql.Select(contract.Replies)), byModel()...))
	return Panel{
		Title:    "Replies by outcome",
		Question: "Could the plugin read the models' replies?",
		Kind:     TimeSeries,
		Unit:     PerSecond,
		Series:   []Series{{promql.SumBy(promql.Rate(promql.Select(contract.Replies)), contract.LabelOutcome), "{{outcome}}"}},
		Colors:   outcomes(),
		Alert: &Alert{
			Name:     "MoodringRepliesUnparsed",
			Severity: Warning,
			Summary:  "{{ $value | humanizePercentage }} of the replies of {{ $labels.model }}" + OfService + " have a form that the plugin cannot read, limit LIMIT.",
			Limit:    limit(0.05),
			Expr:     promql.OverLimit(unparsed, 0.05),
			For:      10 * time.Minute,
			Steps: []string{
				"Request one prediction from the model, bypassing the gateway, and compare the reply with KServe's protocol: predictions in V1, outputs in V2.",
				"If there is a transformer in front of the model, read its code: it may reply in a form of its own.",
				"If the reply follows KServe's protocol, the plugin has a bug. Report the form of the reply, without its text.",
			},
		},
		Next: "Only replies with the outcome counted are in the panels about predictions. encoded: configure the model server not to compress. unparsed: the model does not follow KServe's protocol. not_a_classifier: say in the plugin's configuration what the model answers. error_status: read the model server's log.",
	}
}

// uncounted lists the models whose replies never had predictions. Such a model has an
// alert of its own, MoodringModelNotCounted: its configuration must say how it answers.
func uncounted() Panel {
	replies := promql.GreaterThan(repliesOf(contract.OutcomeNotClassifier), 0)
	return Panel{
		Title:    "Uncounted models",
		Question: "Which models have not yet made a prediction that the plugin could count, and how many replies do they send per second?",
		Kind:     Table,
		Unit:     PerSecond,
		Series:   []Series{{replies, modelLegend}},
		Idle:     "The plugin counts the predictions of each model that replies.",
		Alert: &Alert{
			Name:     "MoodringModelNotCounted",
			Severity: Warning,
			Summary:  "The plugin counts no prediction of {{ $labels.model }}" + OfService + ": its replies are not those of a classifier.",
			Expr:     replies,
			For:      15 * time.Minute,
			Steps: []string{
				"If the model answers a number, or probabilities, or labels in an output of another name, say so with answer and output under models in the plugin's configuration (docs/plugin.md).",
				"If its answers should not be counted, as those of embeddings or of translations, set answer: none for the model. The alert then ends.",
				"If it should be a classifier, request one prediction, bypassing the gateway, and compare the reply with those that docs/plugin.md lists.",
			},
		},
		Next: "Set answer for the model in the plugin's configuration: number, probability, labels, or none.",
	}
}

func requests(matchers ...promql.Matcher) promql.Query {
	return promql.SumBy(promql.Rate(promql.Select(contract.Requests, matchers...)), contract.LabelGateway)
}

func failedShare() promql.Query {
	return promql.Div(requests(promql.Matcher{Label: contract.LabelCodeClass, Value: "5xx"}), requests())
}

func requestsByCode() Panel {
	return Panel{
		Title:    "Requests by code",
		Question: "With which status codes do the gateways reply?",
		Kind:     TimeSeries,
		Unit:     PerSecond,
		Series:   []Series{{promql.SumBy(promql.Rate(promql.Select(contract.Requests)), contract.LabelCodeClass), "{{code_class}}"}},
		Colors:   codeClasses(),
		Alert: &Alert{
			Name:     "MoodringGatewayErrors",
			Severity: Critical,
			Summary:  "{{ $labels.gateway }} replies to {{ $value | humanizePercentage }} of its requests with 5xx, limit LIMIT.",
			Limit:    limit(0.05),
			Expr:     promql.OverLimit(failedShare(), 0.05),
			For:      5 * time.Minute,
			Steps: []string{
				"Read the response flags in the gateway's access log: UF or UH mean that the gateway reached no model server, DC that the caller disconnected.",
				"A 5xx without a flag comes from the model server: read its log.",
				"If the rate limit service fails and failure_mode_deny is true, the gateway replies with 500: see MoodringRateLimitFailing.",
			},
		},
		Next: "4xx are mostly refusals: see Denied and Rate-limited. 5xx come from the model server, or from the gateway if it cannot reach the model server: see its access log.",
	}
}

func requestsByGateway() Panel {
	return Panel{
		Title:    "Requests by gateway",
		Question: "How many requests per second does each gateway get?",
		Kind:     TimeSeries,
		Unit:     PerSecond,
		Series:   []Series{{requests(), "{{gateway}}"}},
		NoAlert:  "the callers decide how many requests they send",
		Next:     "Gateways behind the same address should get similar numbers. If one gateway is at 0 while the others get requests, it is either down or not in the load balancer: see Gateways.",
	}
}

func failedRequests() Panel {
	return Panel{
		Title:      "Failed requests",
		Question:   "To which share of its requests does each gateway reply with 5xx?",
		Kind:       TimeSeries,
		Unit:       Share,
		Series:     []Series{{failedShare(), "{{gateway}}"}},
		Thresholds: []Threshold{{Level: Good}, {From: 0.05, Level: Bad}},
		NoAlert:    "the panel Requests by code has the alert MoodringGatewayErrors",
		Next:       "The response flags in the gateway's access log tell a model server that fails from a model server that cannot be reached.",
	}
}

// shortUpstream shortens the names that Istio gives its clusters,
// outbound|80||bert.default.svc.cluster.local to bert.default:80. Legends with the
// long names would leave no space for the lines.
func shortUpstream(q promql.Query) promql.Query {
	return promql.LabelReplace(q, contract.LabelUpstream, `outbound\|([0-9]+)\|\|([^.]+\.[^.]+)\.svc\.cluster\.local`, "$2:$1")
}

func modelTimeBuckets() promql.Query {
	return promql.Rate(promql.SelectBuckets(contract.UpstreamDuration))
}

func modelTime() Panel {
	quantile := func(phi float64) promql.Query {
		return shortUpstream(promql.HistogramQuantile(phi, promql.SumBy(modelTimeBuckets(), contract.LabelBucket, contract.LabelUpstream)))
	}
	return Panel{
		Title:    "Model time",
		Question: "How long do the models, and the other services behind the gateway, take to reply?",
		Kind:     TimeSeries,
		Unit:     Seconds,
		Series:   []Series{{quantile(0.5), "p50 {{upstream}}"}, {quantile(0.95), "p95 {{upstream}}"}},
		NoAlert:  "the normal time differs from model to model",
		Next:     "If p95 rises and p50 does not, requests wait for a worker: give the model server more workers. The panel is empty while there are no requests.",
	}
}

func modelTimes() Panel {
	return Panel{
		Title:    "Distribution of model time",
		Question: "How are the response times of the models distributed?",
		Kind:     Heatmap,
		Unit:     Seconds,
		Series:   []Series{{promql.SumBy(modelTimeBuckets(), contract.LabelBucket), "{{le}}"}},
		NoAlert:  "Model time shows the quantiles of this distribution",
		Next:     "Two bands mean two kinds of requests, or two kinds of servers.",
	}
}

func meanModelTime() Panel {
	return Panel{
		Title:    "Mean model time",
		Question: "How long does each model, or other service behind the gateway, take to reply on average?",
		Kind:     TimeSeries,
		Unit:     Seconds,
		Series:   []Series{{shortUpstream(mean(contract.UpstreamDuration, contract.LabelUpstream, promql.RateInterval)), "{{upstream}}"}},
		NoAlert:  "the normal time differs from model to model",
		Next:     "The mean time multiplied by the requests per second is the number of busy workers. Compare it with the number of workers.",
	}
}

// mean returns the mean of a histogram's values over a range, by label.
func mean(histogram, label string, in promql.Duration) promql.Query {
	return promql.Div(
		promql.SumBy(promql.RateOver(promql.SelectSum(histogram), in), label),
		promql.SumBy(promql.RateOver(promql.SelectCount(histogram), in), label))
}

func unfollowed() Panel {
	byGateway := promql.SumBy(promql.Rate(promql.Select(contract.Unfollowed)), contract.LabelGateway)
	return Panel{
		Title:    "Unfollowed requests",
		Question: "Are there requests that look like predictions, and that the plugin does not follow?",
		Kind:     TimeSeries,
		Unit:     PerSecond,
		Series:   []Series{{byGateway, "{{gateway}}"}},
		Needs:    "at least one such request",
		NoAlert:  "the service behind the path may be no model",
		Next:     "Their predictions are missing in all panels. Find the paths in the gateway's access log, and add them to the plugin's prefixes or paths.",
	}
}

func faults() Panel {
	byGateway := promql.SumBy(promql.Rate(promql.Select(contract.Faults)), contract.LabelGateway)
	return Panel{
		Title:    "Plugin faults",
		Question: "Does the plugin itself fail, so that replies pass without being counted?",
		Kind:     TimeSeries,
		Unit:     PerSecond,
		Series:   []Series{{promql.Or(byGateway, promql.ScalarSub(1, promql.GroupBy(promql.Select(contract.ExporterUp), contract.LabelGateway))), "{{gateway}}"}},
		Alert: &Alert{
			Name:     "MoodringPluginFaults",
			Severity: Warning,
			Summary:  "The plugin in {{ $labels.gateway }} has faults: replies pass without being counted.",
			Expr:     promql.GreaterThan(byGateway, 0),
			For:      5 * time.Minute,
			Steps: []string{
				"Read the gateway's log: each worker has written a line about its first fault, without the reply's text.",
				"Check that the plugin and the exporter have the same version, and that the plugin knows all keys of its configuration.",
				"Callers are not affected. Report the line. If correct counts matter more than new features, go back to the last version.",
			},
		},
		Next: "The replies pass, but are not counted. The gateway's log has a line about the first fault.",
	}
}
