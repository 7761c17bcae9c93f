package board

import (
	"slices"

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
	namespace.Title, namespace.Part = "Gateway namespace", promql.Namespace
	return promql.Variables{namespace, gateway}
}

// serviceVariables select models by the namespace and the service that they are of. The
// name of a model alone does not identify it. isSingle allows one value of each.
func serviceVariables(isSingle bool) promql.Variables {
	return promql.Variables{
		{Title: "Namespace", Metric: contract.Replies, Label: contract.LabelNamespace, Single: isSingle},
		{Title: "Service", Metric: contract.Replies, Label: contract.LabelService, Single: isSingle},
	}
}

// Overview is the dashboard of all models and gateways.
func Overview() Board {
	return Board{
		UID:         "moodring-overview",
		File:        "grafana-dashboard",
		Title:       "Moodring: overview",
		Description: "The predictions of all models and their confidence, the refused requests, and the response times.",
		Variables: slices.Concat(gatewayVariables(), serviceVariables(false), promql.Variables{
			{Title: "Model", Metric: contract.Replies, Label: contract.LabelModel}}),
		Windows:     windows(),
		Annotations: []Annotation{rollouts(), gatewayRestarts(), exporterRestarts(), firing()},
		Rows: []Row{
			{Title: "Now", Low: true, Panels: []Panel{answersNow(), errorsNow(), refusalsNow(), slowestNow(), worstDrift(), gatewaysNow()}},
			{Title: "Alerts and models", Panels: []Panel{alertsNow(), driftNow(), predictionsByModel()}},
			{Title: "Predictions", Panels: []Panel{predictionsTotal(), labelMix(), medianConfidence()}},
			{Title: "Replies", Panels: []Panel{repliesByOutcome(), uncounted(), requestsByCode(), modelTime()}},
		},
	}
}
