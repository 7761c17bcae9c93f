package board

import (
	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/query"
)

// alertSeries is what Prometheus itself records of each alert (its documentation,
// "Alerting rules"); these labels are those of Moodring's alerts about models.
func alertSeries() query.Recording {
	return query.Recording{Name: "ALERTS", Labels: []string{"alertname", "alertstate", contract.LabelModel}}
}

// firing are the alerts about a model, for as long as they fire.
func firing() Event {
	return Event{
		Title: "Alerts",
		Text:  "{{alertname}} fires for {{model}}",
		When:  query.GroupBy(alertSeries().Select(query.Where{Label: "alertstate", Value: "firing"}), "alertname", contract.LabelModel),
		Color: red,
	}
}

// rollouts are versions that were not there before, of models that were.
func rollouts() Event {
	now := query.Select(contract.Replies)
	before := query.Ago(now, query.RateInterval)
	appeared := query.Drop(query.GroupBy(now, byVersion()...), before, byVersion()...)
	known := query.Whatever(before, contract.LabelVersion)
	return Event{
		Title: "Rollouts",
		Text:  "{{model}}: version {{version}} answers",
		When:  query.Keep(appeared, known, contract.LabelModel),
		Color: blue,
	}
}

func gatewayRestarts() Event {
	return Event{
		Title: "Gateway restarts",
		Text:  "{{gateway}}: its counters began again at 0",
		When:  query.Above(query.MaxBy(query.Resets(query.Select(contract.Requests), query.RateInterval), contract.LabelGateway), 0),
		Color: orange,
	}
}

// exporterRestarts: the exporter counts the bytes it has read from each
// gateway, whatever state the gateway is in.
func exporterRestarts() Event {
	return Event{
		Title: "Exporter restarts",
		Text:  "the exporter of {{gateway}} began again",
		When:  query.Above(query.MaxBy(query.Resets(query.Select(contract.ExporterBytes), query.RateInterval), contract.LabelGateway), 0),
		Color: purple,
	}
}

func exporterReloads() Event {
	return Event{
		Title: "Exporter reloads",
		Text:  "the exporter reads gateways by another configuration",
		When:  query.Above(query.MaxBy(query.Changes(query.Select(contract.ExporterReloadTime), query.RateInterval)), 0),
		Color: green,
	}
}
