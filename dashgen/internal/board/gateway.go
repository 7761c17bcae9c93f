package board

import (
	"time"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// Gateway is what passes the gateways, what they refuse, and how long the
// models take.
func Gateway() Board {
	return Board{
		UID:         "moodring-gateway",
		File:        "grafana-gateway",
		Title:       "Moodring: gateway",
		Description: "What passes each gateway, what it refuses, how long the models behind it take, and whether its counters can be trusted.",
		Variables:   gatewayVariables(),
		Annotations: []Annotation{gatewayRestarts(), exporterRestarts()},
		Rows: []Row{
			{"Requests", []Panel{requestsByCode(), requestsByGateway(), failedRequests()}},
			{"Refusals", []Panel{denied(), refusedShare(), limited(), limitDecisions(), refusedTotal()}},
			{"Time", []Panel{modelTime(), modelTimes(), meanModelTime()}},
			{"The plugin and the exporter", []Panel{overflow(), faults(), gateways(), scrapeTime(), leftOut()}},
		},
	}
}

func repliesByOutcome() Panel {
	byModel := func(where ...promql.Matcher) promql.Query {
		return promql.SumBy(promql.Rate(promql.Select(contract.Replies, where...)), contract.LabelModel)
	}
	return Panel{
		Title:    "Replies by outcome",
		Question: "Could the models' replies be read?",
		Kind:     TimeSeries,
		Unit:     PerSecond,
		Series:   []Series{{promql.SumBy(promql.Rate(promql.Select(contract.Replies)), contract.LabelOutcome), "{{outcome}}"}},
		Colors:   outcomes(),
		Alert: &Alert{
			Name:     "MoodringRepliesUnparsed",
			Severity: Warning,
			Summary:  "{{ $value | humanizePercentage }} of the replies of {{ $labels.model }} are in no shape that can be read.",
			Expr:     promql.GreaterThan(promql.Div(byModel(promql.Matcher{Label: contract.LabelOutcome, Value: contract.OutcomeUnparsed}), byModel()), 0.05),
			For:      10 * time.Minute,
			Steps: []string{
				"Ask the model for one prediction, past the gateway, and compare its reply with KServe's protocol: predictions in V1, outputs in V2.",
				"A transformer in front of the model may answer in a shape of its own: read its code.",
				"If the shape is KServe's, it is a fault of the plugin: report it with the reply's shape and none of its text.",
			},
		},
		Next: "Only counted replies are in the panels above. encoded: ask the model server not to compress. unparsed: the model does not answer in KServe's shape. error_status: read the model server's log.",
	}
}

func requests(where ...promql.Matcher) promql.Query {
	return promql.SumBy(promql.Rate(promql.Select(contract.Requests, where...)), contract.LabelGateway)
}

func failing() promql.Query {
	return promql.Div(requests(promql.Matcher{Label: contract.LabelCodeClass, Value: "5xx"}), requests())
}

func requestsByCode() Panel {
	return Panel{
		Title:    "Requests by code",
		Question: "How do the gateways answer their callers?",
		Kind:     TimeSeries,
		Unit:     PerSecond,
		Series:   []Series{{promql.SumBy(promql.Rate(promql.Select(contract.Requests)), contract.LabelCodeClass), "{{code_class}}"}},
		Colors:   codeClasses(),
		Alert: &Alert{
			Name:     "MoodringGatewayErrors",
			Severity: Critical,
			Summary:  "{{ $labels.gateway }} answers {{ $value | humanizePercentage }} of its requests with 5xx.",
			Expr:     promql.GreaterThan(failing(), 0.05),
			For:      5 * time.Minute,
			Steps: []string{
				"The gateway's access log has the response flags: UF or UH mean that no model server could be reached, DC that the caller left.",
				"Without a flag the 5xx is the model server's own: read its log.",
				"A limit service that fails closed also answers 500: see MoodringRateLimitFailing.",
			},
		},
		Next: "4xx are mostly refusals: see Denied and Rate-limited. 5xx come from the model server or, when it cannot be reached, from the gateway: its access log tells which.",
	}
}

func requestsByGateway() Panel {
	return Panel{
		Title:    "Requests by gateway",
		Question: "How many requests pass each gateway a second?",
		Kind:     TimeSeries,
		Unit:     PerSecond,
		Series:   []Series{{requests(), "{{gateway}}"}},
		NoAlert:  "how many requests there are is up to the callers",
		Next:     "Gateways behind one address should get like parts. One at 0 while the others work gets none, or is down: see Gateways.",
	}
}

func failedRequests() Panel {
	return Panel{
		Title:      "Failed requests",
		Question:   "Which part of its requests does each gateway answer with 5xx?",
		Kind:       TimeSeries,
		Unit:       Share,
		Series:     []Series{{failing(), "{{gateway}}"}},
		Thresholds: []Threshold{{Level: Good}, {From: 0.05, Level: Bad}},
		NoAlert:    "MoodringGatewayErrors stands with Requests by code",
		Next:       "The gateway's access log has the flags that tell a model server that fails from one that cannot be reached.",
	}
}

// upstreams shortens the names that Istio gives its clusters,
// outbound|80||bert.default.svc.cluster.local to bert.default:80. A legend of the
// long ones takes the place of the lines.
func upstreams(q promql.Query) promql.Query {
	return promql.LabelReplace(q, contract.LabelUpstream, `outbound\|([0-9]+)\|\|([^.]+\.[^.]+)\.svc\.cluster\.local`, "$2:$1")
}

func modelTimeBuckets() promql.Query {
	return promql.Rate(promql.SelectBuckets(contract.UpstreamDuration))
}

func modelTime() Panel {
	quantile := func(phi float64) promql.Query {
		return upstreams(promql.HistogramQuantile(phi, promql.SumBy(modelTimeBuckets(), contract.LabelBucket, contract.LabelUpstream)))
	}
	return Panel{
		Title:    "Model time",
		Question: "How long do the models, and the other services behind the gateway, take to answer?",
		Kind:     TimeSeries,
		Unit:     Seconds,
		Series:   []Series{{quantile(0.5), "p50 {{upstream}}"}, {quantile(0.95), "p95 {{upstream}}"}},
		NoAlert:  "what is slow differs from model to model",
		Next:     "When p95 leaves p50 behind, requests wait for a worker: give the model server more of them. Empty while there are no requests.",
	}
}

func modelTimes() Panel {
	return Panel{
		Title:    "Distribution of model time",
		Question: "How are the times in which the models answer spread?",
		Kind:     Heatmap,
		Unit:     Seconds,
		Series:   []Series{{promql.SumBy(modelTimeBuckets(), contract.LabelBucket), "{{le}}"}},
		NoAlert:  "a picture of a distribution; its middle and its end are in Model time",
		Next:     "Two bands are two kinds of requests, or two kinds of servers.",
	}
}

func meanModelTime() Panel {
	mean := promql.Div(
		promql.SumBy(promql.Rate(promql.SelectSum(contract.UpstreamDuration)), contract.LabelUpstream),
		promql.SumBy(promql.Rate(promql.SelectCount(contract.UpstreamDuration)), contract.LabelUpstream))
	return Panel{
		Title:    "Mean model time",
		Question: "How long does each model, or other service behind the gateway, take to answer, on average?",
		Kind:     TimeSeries,
		Unit:     Seconds,
		Series:   []Series{{upstreams(mean), "{{upstream}}"}},
		NoAlert:  "what is slow differs from model to model",
		Next:     "Times the requests a second it is how many workers are busy: compare with how many there are.",
	}
}

func faults() Panel {
	byGateway := promql.SumBy(promql.Rate(promql.Select(contract.Faults)), contract.LabelGateway)
	return Panel{
		Title:    "Plugin faults",
		Question: "Does the plugin itself fail, so that replies pass uncounted?",
		Kind:     TimeSeries,
		Unit:     PerSecond,
		Series:   []Series{{byGateway, "{{gateway}}"}},
		Needs:    "a plugin that counts its faults, and has had one",
		Alert: &Alert{
			Name:     "MoodringPluginFaults",
			Severity: Warning,
			Summary:  "The plugin in {{ $labels.gateway }} has faults: replies pass uncounted.",
			Expr:     promql.GreaterThan(byGateway, 0),
			For:      5 * time.Minute,
			Steps: []string{
				"The gateway's log has a line for the first faults, with what failed and never with a reply's text.",
				"See that the plugin is of the same version as the exporter, and that its configuration is one it knows.",
				"Callers notice nothing: replies pass. Report the line, and go back to the last version if the counts matter more than what is new.",
			},
		},
		Next: "Replies pass, but are not counted. The gateway's log says what failed.",
	}
}
