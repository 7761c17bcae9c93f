package board

import (
	"time"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

func result(value string) promql.Matcher {
	return promql.Matcher{Label: contract.LabelResult, Value: value}
}

// refusedShare is the share of the requests that a gateway refuses for one
// reason, at the time that at sets.
func refusedShare(metric, refusal string, at func(promql.Query) promql.Query) promql.Query {
	sum := func(matchers ...promql.Matcher) promql.Query {
		return promql.SumBy(promql.Rate(at(promql.Select(metric, matchers...))), contract.LabelGateway)
	}
	return promql.Div(sum(result(refusal)), sum())
}

// moreRefusals is the increase of the refused share since an hour ago, if it is
// above maxRefusalIncrease. A gateway without requests an hour ago has no past to
// compare with: its refused share must not exceed maxRefusalShare.
func moreRefusals(metric, refusal string) promql.Query {
	share := refusedShare(metric, refusal, now)
	increase := promql.Sub(share, refusedShare(metric, refusal, anHourAgo))
	hadRequests := promql.GreaterThan(promql.Rate(anHourAgo(promql.Select(metric))), 0)
	return promql.Or(
		promql.GreaterThan(increase, maxRefusalIncrease),
		promql.Unless(promql.GreaterThan(share, maxRefusalShare), hadRequests, contract.LabelGateway))
}

func now(q promql.Query) promql.Query { return q }

func anHourAgo(q promql.Query) promql.Query { return promql.Offset(q, promql.Hour) }

const (
	maxRefusalIncrease = 0.2
	maxRefusalShare    = 0.5
)

const comparedWith = " The alert compares with an hour ago. For a gateway without requests at that time, the limit is half of its requests."

func denied() Panel {
	return Panel{
		Title:    "Denied",
		Question: "How many requests per second does the authorization policy deny (403)?",
		Kind:     TimeSeries,
		Unit:     PerSecond,
		Series: []Series{{
			promql.SumBy(promql.Rate(promql.Select(contract.Authorization, result(contract.ResultDenied))), contract.LabelGateway), "{{gateway}}",
		}},
		Needs: needsPolicy,
		Alert: &Alert{
			Name:     "MoodringDenialsUp",
			Severity: Warning,
			Summary:  "{{ $labels.gateway }} denies {{ $value | humanizePercentage }} more of its requests than an hour ago.",
			Expr:     moreRefusals(contract.Authorization, contract.ResultDenied),
			For:      10 * time.Minute,
			Steps: []string{
				"See whether and when a policy changed: kubectl get authorizationpolicy -A.",
				"In the gateway's access log, find the callers with rbac_access_denied_matched_policy. A single caller has probably lost its credential, or it has expired. If there are many callers, the policy is the cause.",
				"Many unknown callers may be an attack. The rate limits slow them down, and the log has their addresses.",
			},
		},
		Next: "In the gateway's access log, find the callers with rbac_access_denied_matched_policy." + comparedWith,
	}
}

func refusedShares() Panel {
	return Panel{
		Title:    "Refused share",
		Question: "Which share of its requests does each gateway refuse, by policy and by rate limit?",
		Kind:     TimeSeries,
		Unit:     Share,
		Series: []Series{
			{refusedShare(contract.Authorization, contract.ResultDenied, now), "{{gateway}} denied"},
			{refusedShare(contract.RateLimit, contract.ResultOverLimit, now), "{{gateway}} over the limit"},
		},
		Needs: needsPolicy + ", and rate limits",
		Alert: &Alert{
			Name:     "MoodringLimitsUp",
			Severity: Warning,
			Summary:  "{{ $labels.gateway }} refuses {{ $value | humanizePercentage }} more of its requests for exceeding the rate limit than an hour ago.",
			Expr:     moreRefusals(contract.RateLimit, contract.ResultOverLimit),
			For:      10 * time.Minute,
			Steps: []string{
				"See whether the limits changed: look at the rate limit service's configuration, and when the service read it.",
				"See in Requests by gateway whether there are more requests. A single caller that retries without a pause can use up the limit that all callers without a key share.",
				"If a caller needs more requests, give it a key with a higher limit.",
			},
		},
		Next: "Denied and Rate-limited show the numbers of requests. If the share rises and the number of requests does not, a policy or limit has changed." + comparedWith,
	}
}

func limited() Panel {
	byGateway := func(value string) promql.Query {
		return promql.SumBy(promql.Rate(promql.Select(contract.RateLimit, result(value))), contract.LabelGateway)
	}
	return Panel{
		Title:    "Rate-limited",
		Question: "How many requests per second exceed their limit (429), and for how many does the rate limit service fail?",
		Kind:     TimeSeries,
		Unit:     PerSecond,
		Series: []Series{
			{byGateway(contract.ResultOverLimit), "{{gateway}} over the limit"},
			{byGateway(contract.ResultError), "{{gateway}} failed"},
		},
		Needs: needsLimits,
		Alert: &Alert{
			Name:     "MoodringRateLimitFailing",
			Severity: Critical,
			Summary:  "{{ $labels.gateway }} gets no decision from the rate limit service.",
			Expr:     promql.GreaterThan(byGateway(contract.ResultError), 0),
			For:      5 * time.Minute,
			Steps: []string{
				"Check that the rate limit service and its Redis run: kubectl get pods, and the service's log.",
				"Check that the gateway's cluster for the service has endpoints: istioctl proxy-config endpoints.",
				"failure_mode_deny decides about the requests in the meantime: true refuses all of them with 500, false lets all of them pass.",
			},
		},
		Next: "Over the limit: give the caller a key with a higher limit, or raise the limit in the rate limit service's configuration. Failed: check that the service and its Redis run.",
	}
}

func limitDecisions() Panel {
	return Panel{
		Title:    "Limit decisions",
		Question: "How many requests per second get each decision of the rate limit service?",
		Kind:     StackedTimeSeries,
		Unit:     PerSecond,
		Series:   []Series{{promql.SumBy(promql.Rate(promql.Select(contract.RateLimit)), contract.LabelResult), "{{result}}"}},
		Colors:   limitResults(),
		Needs:    needsLimits,
		NoAlert:  "MoodringRateLimitFailing and MoodringLimitsUp watch the decisions that matter",
		Next:     "failure_mode_allowed counts the requests that passed because the service failed. Each of them counts under error too.",
	}
}

func refusedTotal() Panel {
	denied := promql.Increase(promql.Select(contract.Authorization, result(contract.ResultDenied)), promql.Range)
	limited := promql.Increase(promql.Select(contract.RateLimit, result(contract.ResultOverLimit)), promql.Range)
	return Panel{
		Title:    "Refused",
		Question: "How many requests were refused in the time range?",
		Kind:     Stat,
		Unit:     Count,
		Series:   []Series{{promql.SumBy(denied), "denied"}, {promql.SumBy(limited), "rate-limited"}},
		Needs:    needsPolicy + ", and rate limits",
		NoAlert:  "MoodringDenialsUp and MoodringLimitsUp watch the refused shares",
		Next:     "Denied and Rate-limited show when the requests were refused.",
	}
}
