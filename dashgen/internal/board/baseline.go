package board

import (
	"time"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// Users record the baselines of a model with rules of their own, which dashgen
// baseline writes. A baseline without a service is for the only model of its name:
// ofService gives the baseline the namespace and the service of this model. If several
// services have a model of this name, the baseline is not used, and
// MoodringBaselineAmbiguous fires.

// byModel returns the labels that identify a model.
func byModel(others ...string) []string {
	return append([]string{contract.LabelNamespace, contract.LabelService, contract.LabelModel}, others...)
}

// byVersion returns the labels that identify a version of a model.
func byVersion(others ...string) []string {
	return append(byModel(contract.LabelVersion), others...)
}

// BaselineShare is the mix of labels that a model should have.
func BaselineShare() promql.Recording {
	return promql.Recording{
		Name: "moodring:label_share:baseline", Labels: byModel(contract.LabelLabel),
		Help: "Share of the model's predictions that each label should get, 0 to 1; dashgen baseline writes it.",
	}
}

// BaselineConfidence is the mean confidence that a model should have.
func BaselineConfidence() promql.Recording {
	return promql.Recording{
		Name: "moodring:confidence:baseline", Labels: byModel(),
		Help: "Mean score of the top label that the model should have; dashgen baseline writes it.",
	}
}

func baselines() []promql.Recording {
	return []promql.Recording{BaselineShare(), BaselineConfidence(), BaselineValues()}
}

func withoutService() promql.Matcher { return promql.Matcher{Label: contract.LabelService} }

// models has a series for each model, of the value 1.
func models() promql.Recording {
	return promql.Record("moodring:model:info", promql.GroupBy(promql.Select(contract.Replies), byModel()...), "Always 1; the labels identify a model.")
}

// modelServices counts the services that have a model of one name.
func modelServices() promql.Recording {
	return promql.Record("moodring:model_services:count", promql.CountBy(models().Select(), contract.LabelModel),
		"Number of services that have a model of this name.")
}

// ofService is a baseline with the service that it is for: the service in the baseline,
// or else the only service that has the model. The baseline of a service comes before a
// baseline without one.
func ofService(baseline promql.Recording) promql.Query {
	own := baseline.Select(promql.Matcher{Label: contract.LabelService, IsNot: true})
	soleModels := promql.And(models().Select(), promql.LessThan(modelServices().Select(), 2), contract.LabelModel)
	named := promql.CopyLabels(baseline.Select(withoutService()), soleModels, []string{contract.LabelNamespace, contract.LabelService}, contract.LabelModel)
	if len(baseline.Labels) == len(byModel()) {
		return promql.Or(own, named) // a single series, of which Or keeps one
	}
	return promql.Or(own, promql.Unless(named, baseline.Select(), byModel()...))
}

func labelBaseline() promql.Recording {
	return promql.Record("moodring:label_baseline:ratio", ofService(BaselineShare()),
		"The baseline of each label, with the service that has the model.")
}

func confidenceBaseline() promql.Recording {
	return promql.Record("moodring:confidence_baseline:ratio", ofService(BaselineConfidence()),
		"The baseline of the mean score, with the service that has the model.")
}

// ambiguousBaselines is the number of services that a baseline without a service could
// be for. On a dashboard, the variables that select the service must not narrow it.
func ambiguousBaselines() promql.Query {
	several := promql.GreaterThan(modelServices().Select(), 1)
	q := BaselineShare().Select(withoutService())
	for _, label := range []string{contract.LabelNamespace, contract.LabelService, contract.LabelLabel} {
		q = promql.IgnoreVariable(q, label)
	}
	return promql.And(several, q, contract.LabelModel)
}

func ambiguous() Panel {
	return Panel{
		Title:    "Ambiguous baselines",
		Question: "Which baselines name no service, and have a model name that several services use?",
		Kind:     Table,
		Unit:     Count,
		Series:   []Series{{ambiguousBaselines(), "{{model}}"}},
		Idle:     "No baseline is ambiguous.",
		Alert: &Alert{
			Name:     "MoodringBaselineAmbiguous",
			Severity: Warning,
			Summary:  "The baseline of {{ $labels.model }} names no service, and {{ $value }} services have a model of this name: the baseline is not used.",
			Expr:     ambiguousBaselines(),
			For:      10 * time.Minute,
			Steps: []string{
				"Record a baseline for each service: dashgen baseline --namespace NAMESPACE --service SERVICE. The variables of the model's dashboard have the names.",
				"Remove the baseline without a service from Prometheus's rule_files.",
				"If a service has been renamed, its old name remains until the gateways restart.",
			},
		},
		Next: "Two teams may give their models one name. Record a baseline for each service, with the flags --namespace and --service of dashgen baseline.",
	}
}
