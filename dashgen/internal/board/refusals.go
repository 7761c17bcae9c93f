package board

import (
	"time"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

func result(value string) promql.Matcher {
	return promql.Matcher{Label: contract.LabelResult, Value: value}
}

// refusedPart is the part of a metric's results that refuse: now, or when at
// shifts to.
func refusedPart(metric, refusal string, at func(promql.Query) promql.Query) promql.Query {
	sum := func(where ...promql.Matcher) promql.Query {
		return promql.SumBy(promql.Rate(at(promql.Select(metric, where...))), contract.LabelGateway)
	}
	return promql.Div(sum(result(refusal)), sum())
}

// refusalsRose is by how much the refused part is greater than an hour ago, if that
// is much. A gateway that had no requests then, as a new one, is compared with
// nothing, but not allowed to refuse most of what it gets.
func refusalsRose(metric, refusal string) promql.Query {
	part := refusedPart(metric, refusal, now)
	rise := promql.Sub(part, refusedPart(metric, refusal, anHourAgo))
	hadRequests := promql.GreaterThan(promql.Rate(anHourAgo(promql.Select(metric))), 0)
	return promql.Or(promql.GreaterThan(rise, refusalsRise), promql.Unless(promql.GreaterThan(part, refusalsMost), hadRequests, contract.LabelGateway))
}

func now(q promql.Query) promql.Query { return q }

func anHourAgo(q promql.Query) promql.Query { return promql.Offset(q, promql.Hour) }

const (
	refusalsRise = 0.2
	refusalsMost = 0.5
)

const comparedWith = " The alert compares with an hour ago; a gateway that had no requests then may refuse half of them."

func denied() Panel {
	return Panel{
		Title:    "Denied",
		Question: "How many requests does the authorization policy refuse a second (403)?",
		Kind:     TimeSeries,
		Unit:     PerSecond,
		Series: []Series{{
			promql.SumBy(promql.Rate(promql.Select(contract.Authorization, result(contract.ResultDenied))), contract.LabelGateway), "{{gateway}}",
		}},
		Alert: &Alert{
			Name:     "MoodringDenialsUp",
			Severity: Warning,
			Summary:  "{{ $labels.gateway }} denies {{ $value | humanizePercentage }} more of its requests than an hour ago.",
			Expr:     refusalsRose(contract.Authorization, contract.ResultDenied),
			For:      10 * time.Minute,
			Steps: []string{
				"See whether a policy changed: kubectl get authorizationpolicy -A, and when.",
				"The gateway's access log says rbac_access_denied_matched_policy, and for whom. One caller means a lost or expired credential; many mean the policy.",
				"Many callers nobody knows are someone trying the door: the limits hold them, and their addresses are in the log.",
			},
		},
		Next: "The gateway's access log says rbac_access_denied_matched_policy, and for whom." + comparedWith,
	}
}

func refusedShare() Panel {
	return Panel{
		Title:    "Refused part",
		Question: "Which part of its requests does each gateway refuse, by policy and by limit?",
		Kind:     TimeSeries,
		Unit:     Share,
		Series: []Series{
			{refusedPart(contract.Authorization, contract.ResultDenied, now), "{{gateway}} denied"},
			{refusedPart(contract.RateLimit, contract.ResultOverLimit, now), "{{gateway}} over the limit"},
		},
		Alert: &Alert{
			Name:     "MoodringLimitsUp",
			Severity: Warning,
			Summary:  "{{ $labels.gateway }} holds {{ $value | humanizePercentage }} more of its requests back than an hour ago, as over their limit.",
			Expr:     refusalsRose(contract.RateLimit, contract.ResultOverLimit),
			For:      10 * time.Minute,
			Steps: []string{
				"See whether the limits changed: the rate limit service's configuration, and when it was read.",
				"See in Requests by gateway whether there are more requests. One caller without pause between attempts fills a limit that all callers without a key share.",
				"Give a caller who needs more a key with a higher limit.",
			},
		},
		Next: "Denied and Rate-limited show how many they are. A part that rises while the requests do not is a changed policy or limit." + comparedWith,
	}
}

func limited() Panel {
	byGateway := func(value string) promql.Query {
		return promql.SumBy(promql.Rate(promql.Select(contract.RateLimit, result(value))), contract.LabelGateway)
	}
	return Panel{
		Title:    "Rate-limited",
		Question: "How many requests are over their limit a second (429), and for how many could the rate limit service not be asked?",
		Kind:     TimeSeries,
		Unit:     PerSecond,
		Series: []Series{
			{byGateway(contract.ResultOverLimit), "{{gateway}} over the limit"},
			{byGateway(contract.ResultError), "{{gateway}} not asked"},
		},
		Alert: &Alert{
			Name:     "MoodringRateLimitFailing",
			Severity: Critical,
			Summary:  "{{ $labels.gateway }} cannot ask the rate limit service.",
			Expr:     promql.GreaterThan(byGateway(contract.ResultError), 0),
			For:      5 * time.Minute,
			Steps: []string{
				"See that the rate limit service runs, and its Redis: kubectl get pods, and the service's log.",
				"See that the gateway's cluster for it has endpoints: istioctl proxy-config endpoints.",
				"failure_mode_deny decides what callers get meanwhile: true refuses them all with 500, false lets them all through.",
			},
		},
		Next: "Over the limit: give the caller a key with a higher limit, or raise the limit in the rate limit service's configuration. Not asked: see that the service and its Redis run.",
	}
}

func limitDecisions() Panel {
	return Panel{
		Title:    "Limit decisions",
		Question: "What does the rate limit decide?",
		Kind:     StackedTimeSeries,
		Unit:     PerSecond,
		Series:   []Series{{promql.SumBy(promql.Rate(promql.Select(contract.RateLimit)), contract.LabelResult), "{{result}}"}},
		Colors:   limitResults(),
		NoAlert:  "MoodringRateLimitFailing and MoodringLimitsUp watch the parts that matter",
		Next:     "failure_mode_allowed are requests that passed because the service could not be asked; each counts under error too.",
	}
}

func refusedTotal() Panel {
	denied := promql.Select(contract.Authorization, result(contract.ResultDenied))
	limited := promql.Select(contract.RateLimit, result(contract.ResultOverLimit))
	return Panel{
		Title:    "Refused in total",
		Question: "How many requests were refused, since the gateways started?",
		Kind:     Stat,
		Unit:     Count,
		Series:   []Series{{promql.SumBy(denied), "denied"}, {promql.SumBy(limited), "rate-limited"}},
		NoAlert:  "a total only grows, until a gateway restarts and begins again at 0",
		Next:     "Denied and Rate-limited show when it happened.",
	}
}
