package board

import (
	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// alertSeries is the series that Prometheus writes for each alert (its
// documentation, "Alerting rules"), with the labels of alerts about models.
func alertSeries() promql.Recording {
	return promql.Recording{Name: "ALERTS", Labels: byModel("alertname", "alertstate")}
}

// firingAlerts selects our alerts that fire.
func firingAlerts() promql.Query {
	return alertSeries().Select(
		promql.Matcher{Label: "alertstate", Value: "firing"},
		promql.Matcher{Label: "alertname", Value: "Moodring.*", IsRegexp: true})
}

// firing marks the alerts about a model for as long as they fire.
func firing() Annotation {
	return Annotation{
		Title: "Alerts",
		Text:  "{{namespace}} {{service}} {{model}} {{alertname}} fires",
		Query: promql.GroupBy(firingAlerts(), byModel("alertname")...),
		Color: red,
	}
}

// rollouts marks the first replies of a new version. A new model is not marked.
func rollouts() Annotation {
	now := promql.Select(contract.Replies)
	before := promql.Offset(now, promql.RateInterval)
	appeared := promql.Unless(promql.GroupBy(now, byVersion()...), before, byVersion()...)
	known := promql.IgnoreVariable(before, contract.LabelVersion)
	return Annotation{
		Title: "Rollouts",
		Text:  "{{namespace}} {{service}} {{model}}: version {{version}} starts to reply",
		Query: promql.And(appeared, known, byModel()...),
		Color: blue,
	}
}

func gatewayRestarts() Annotation {
	return Annotation{
		Title: "Gateway restarts",
		Text:  "{{gateway}} restarted: its counters start again at 0",
		Query: promql.GreaterThan(promql.MaxBy(promql.Resets(promql.Select(contract.Requests), promql.RateInterval), contract.LabelGateway), 0),
		Color: orange,
	}
}

// exporterRestarts uses the counter of read bytes, because the exporter has one
// for each gateway, even for a gateway that is down.
func exporterRestarts() Annotation {
	return Annotation{
		Title: "Exporter restarts",
		Text:  "the exporter of {{gateway}} restarted",
		Query: promql.GreaterThan(promql.MaxBy(promql.Resets(promql.Select(contract.ExporterBytes), promql.RateInterval), contract.LabelGateway), 0),
		Color: purple,
	}
}

func exporterReloads() Annotation {
	return Annotation{
		Title: "Exporter reloads",
		Text:  "the exporter loaded a new configuration",
		Query: promql.GreaterThan(promql.MaxBy(promql.Changes(promql.Select(contract.ExporterReloadTime), promql.RateInterval)), 0),
		Color: green,
	}
}
