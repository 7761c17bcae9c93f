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
		Annotations: []Annotation{rollouts(), gatewayRestarts(), exporterRestarts(), firing()},
		Rows: []Row{
			{"Answers", []Panel{answersTotal(), answersByModel(), answersByLabel(), labelMix(), confidence(), medianConfidence()}},
			{"Drift", []Panel{driftNow(), shiftedLabels()}},
			{"Replies", []Panel{repliesByOutcome(), requestsByCode(), modelTime()}},
			{"Refusals", []Panel{denied(), limited(), refusedTotal()}},
			{"Health", []Panel{gateways(), scrapeTime(), overflow(), leftOut(), series()}},
		},
	}
}
