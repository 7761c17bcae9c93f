package board

import (
	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// All is everything dashgen writes.
func All() Set {
	return Set{
		Boards:     []Board{Overview(), Model(), Gateway(), Exporter()},
		Recordings: recordings(),
		Baselines:  baselines(),
		Others:     []promql.Recording{alertSeries()},
	}
}

// gatewayVariables choose gateways by the namespace that they are in, and by
// their names there. What the exporter finds in Kubernetes is NAMESPACE/POD.
func gatewayVariables() promql.Variables {
	gateway := promql.Variable{Title: "Gateway", Metric: contract.ExporterUp, Label: contract.LabelGateway, Part: promql.Name}
	namespace := gateway
	namespace.Title, namespace.Part = "Namespace", promql.Namespace
	return promql.Variables{namespace, gateway}
}

// Overview is what all models answer now, and whether the answers can be
// trusted.
func Overview() Board {
	return Board{
		UID:         "moodring-overview",
		File:        "grafana-dashboard",
		Title:       "Moodring: overview",
		Description: "What the models behind the gateways answer, how sure they are, who was refused, and how long it took.",
		Variables: append(gatewayVariables(),
			promql.Variable{Title: "Model", Metric: contract.Replies, Label: contract.LabelModel}),
		Events: []Event{rollouts(), gatewayRestarts(), exporterRestarts(), firing()},
		Rows: []Row{
			{"Answers", []Observable{answersTotal(), answersByModel(), answersByLabel(), labelMix(), confidence(), medianConfidence()}},
			{"Drift", []Observable{driftNow(), shiftedLabels()}},
			{"Replies", []Observable{repliesByOutcome(), requestsByCode(), modelTime()}},
			{"Refusals", []Observable{denied(), limited(), refusedTotal()}},
			{"Health", []Observable{gateways(), scrapeTime(), overflow(), leftOut(), series()}},
		},
	}
}
