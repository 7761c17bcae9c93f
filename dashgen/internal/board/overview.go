package board

import (
	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// All returns all boards and recording rules.
func All() Set {
	return Set{
		Boards:     []Board{Overview(), Model(), Gateway(), Exporter()},
		Recordings: recordings(),
		Baselines:  baselines(),
		Others:     []promql.Recording{alertSeries()},
	}
}

// gatewayVariables select gateways by namespace and by name. A gateway that the
// exporter discovers in Kubernetes is called NAMESPACE/POD.
func gatewayVariables() promql.Variables {
	gateway := promql.Variable{Title: "Gateway", Metric: contract.ExporterUp, Label: contract.LabelGateway, Part: promql.Name}
	namespace := gateway
	namespace.Title, namespace.Part = "Namespace", promql.Namespace
	return promql.Variables{namespace, gateway}
}

// Overview is the dashboard of all models and gateways.
func Overview() Board {
	return Board{
		UID:         "moodring-overview",
		File:        "grafana-dashboard",
		Title:       "Moodring: overview",
		Description: "The predictions of all models and their confidence, the refused requests, and the response times.",
		Variables: append(gatewayVariables(),
			promql.Variable{Title: "Model", Metric: contract.Replies, Label: contract.LabelModel}),
		Annotations: []Annotation{rollouts(), gatewayRestarts(), exporterRestarts(), firing()},
		Rows: []Row{
			{"Predictions", []Panel{predictionsTotal(), predictionsByModel(), predictionsByLabel(), labelMix(), confidence(), medianConfidence()}},
			{"Drift", []Panel{driftNow(), shiftedLabels()}},
			{"Replies", []Panel{repliesByOutcome(), requestsByCode(), modelTime()}},
			{"Refusals", []Panel{denied(), limited(), refusedTotal()}},
			{"Health", []Panel{gateways(), scrapeTime(), overflow(), droppedSeries(), series()}},
		},
	}
}
