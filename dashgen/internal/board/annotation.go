package board

import (
	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// alertSeries is what Prometheus itself records of each alert (its documentation,
// "Alerting rules"); these labels are those of Moodring's alerts about models.
func alertSeries() promql.Recording {
	return promql.Recording{Name: "ALERTS", Labels: []string{"alertname", "alertstate", contract.LabelModel}}
}

// firing are the alerts about a model, for as long as they fire.
func firing() Annotation {
	return Annotation{
		Title: "Alerts",
		Text:  "{{alertname}} fires for {{model}}",
		Query: promql.GroupBy(alertSeries().Select(promql.Matcher{Label: "alertstate", Value: "firing"}), "alertname", contract.LabelModel),
		Color: red,
	}
}

// rollouts are versions that were not there before, of models that were.
func rollouts() Annotation {
	now := promql.Select(contract.Replies)
	before := promql.Offset(now, promql.RateInterval)
	appeared := promql.Unless(promql.GroupBy(now, byVersion()...), before, byVersion()...)
	known := promql.IgnoreVariable(before, contract.LabelVersion)
	return Annotation{
		Title: "Rollouts",
		Text:  "{{model}}: version {{version}} answers",
		Query: promql.And(appeared, known, contract.LabelModel),
		Color: blue,
	}
}

func gatewayRestarts() Annotation {
	return Annotation{
		Title: "Gateway restarts",
		Text:  "{{gateway}}: its counters began again at 0",
		Query: promql.GreaterThan(promql.MaxBy(promql.Resets(promql.Select(contract.Requests), promql.RateInterval), contract.LabelGateway), 0),
		Color: orange,
	}
}

// exporterRestarts: the exporter counts the bytes it has read from each
// gateway, whatever state the gateway is in.
func exporterRestarts() Annotation {
	return Annotation{
		Title: "Exporter restarts",
		Text:  "the exporter of {{gateway}} began again",
		Query: promql.GreaterThan(promql.MaxBy(promql.Resets(promql.Select(contract.ExporterBytes), promql.RateInterval), contract.LabelGateway), 0),
		Color: purple,
	}
}

func exporterReloads() Annotation {
	return Annotation{
		Title: "Exporter reloads",
		Text:  "the exporter reads gateways by another configuration",
		Query: promql.GreaterThan(promql.MaxBy(promql.Changes(promql.Select(contract.ExporterReloadTime), promql.RateInterval)), 0),
		Color: green,
	}
}
