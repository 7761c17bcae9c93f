// Package docs writes docs/metrics.md and docs/alerts.md from the contract and the
// boards.
package docs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// Metrics returns docs/metrics.md.
func Metrics(all board.Set) string {
	var out strings.Builder
	out.WriteString("# Metrics\n\n")
	out.WriteString("<!-- Written by `dashgen metrics > docs/metrics.md` from the contract; do not edit. -->\n\n")
	out.WriteString("The exporter serves these metrics under `/metrics`. It never adds counters of several gateways: use PromQL for sums.\n\n")
	metricTable(&out, all)
	out.WriteString("\n## Labels\n\n| label | values |\n|---|---|\n")
	for _, label := range labels() {
		fmt.Fprintf(&out, "| `%s` | %s |\n", label.key, label.values)
	}
	histograms(&out)
	recorded(&out, all)
	return out.String()
}

func metricTable(out *strings.Builder, all board.Set) {
	out.WriteString("| metric | type | labels | meaning | shown in |\n|---|---|---|---|---|\n")
	for _, m := range contract.Metrics() {
		fmt.Fprintf(out, "| `%s` | %s | %s | %s | %s |\n",
			m.Name, m.Type, strings.Join(m.Labels, ", "), m.Help, shown(all, m.Name))
	}
}

// shown returns the titles of the panels that read metric, by board.
func shown(all board.Set, metric string) string {
	var places []string
	for _, b := range all.Boards {
		if titles := b.Shows(metric); len(titles) > 0 {
			_, name, _ := strings.Cut(b.Title, ": ")
			places = append(places, "*"+name+"*: "+strings.Join(titles, ", "))
		}
	}
	return strings.Join(places, "; ")
}

type label struct{ key, values string }

func labels() []label {
	return []label{
		{contract.LabelGateway, "name of the gateway in the exporter's configuration"},
		{contract.LabelNamespace, "namespace of the route or the Service that leads to the model, from the gateway's configuration"},
		{contract.LabelService, fmt.Sprintf("the route or the Service that leads to the model, likewise; at most %d for each gateway", contract.MaxServices)},
		{contract.LabelModel, fmt.Sprintf("name of the model in the request's path, at most %d for each service", contract.MaxModels)},
		{contract.LabelVersion, "version of the model in the request's path or in the reply, or else the revision that has answered"},
		{contract.LabelLabel, fmt.Sprintf("top label of the prediction, if it looks like a label; at most %d for each model, the rest count under `%s`", contract.MaxLabels, contract.Other)},
		{contract.LabelOutcome, outcomes()},
		{contract.LabelKind, overflows()},
		{contract.LabelResult, "authorization: " + codes(contract.AuthorizationResults()) + "; rate limit: " + codes(contract.RateLimitResults())},
		{contract.LabelCodeClass, "`1xx` to `5xx`"},
		{contract.LabelUpstream, "the Envoy cluster that replied"},
		{contract.LabelSource, "how gateways are discovered: " + codes(append(contract.Sources(), contract.SourceStatic))},
		{contract.LabelState, "state of a gateway that a source lists: " + codes(contract.GatewayStates())},
		{contract.LabelShard, "the exporter's share of the gateways, from 0"},
	}
}

func outcomes() string {
	return list([][2]string{
		{contract.OutcomeCounted, "at least one prediction was counted"},
		{contract.OutcomeNoPredictions, "valid, but without predictions"},
		{contract.OutcomeUnparsed, "not in a form that the plugin knows"},
		{contract.OutcomeNotClassifier, "not in a form that the plugin can count, as all replies of the model so far"},
		{contract.OutcomeTruncated, "incomplete, or the stream was reset"},
		{contract.OutcomeEncoded, "compressed, so not read"},
		{contract.OutcomeErrorStatus, "not 2xx"},
	})
}

func overflows() string {
	return list([][2]string{
		{contract.OverflowLabels, fmt.Sprintf("more than %d labels of one model", contract.MaxLabels)},
		{contract.OverflowModels, fmt.Sprintf("more than %d models and versions of one service", contract.MaxModels)},
		{contract.OverflowServices, fmt.Sprintf("more than %d services", contract.MaxServices)},
		{contract.OverflowLabelLength, fmt.Sprintf("a label longer than %d bytes", contract.MaxLabelBytes)},
		{contract.OverflowLabelForm, "a label that looks like text, and that the configuration does not list"},
		{contract.OverflowNewLabels, "a label of a model whose labels are new more often than not"},
	})
}

func codes(values []string) string { return "`" + strings.Join(values, "`, `") + "`" }

func list(values [][2]string) string {
	var items []string
	for _, v := range values {
		items = append(items, "`"+v[0]+"` ("+v[1]+")")
	}
	return strings.Join(items, "; ")
}

func histograms(out *strings.Builder) {
	fmt.Fprintf(out, "\nA histogram is three series: `_bucket` with the label `%s`, `_count` and `_sum`. The last bucket is +Inf. The other buckets end:\n\n", contract.LabelBucket)
	for _, m := range contract.Metrics() {
		if m.Type != contract.Histogram {
			continue
		}
		var bounds []string
		for _, bound := range contract.Bounds(m.Name) {
			bounds = append(bounds, bound.Le)
		}
		at := "at " + strings.Join(bounds, ", ")
		switch {
		case m.Name == contract.PredictionValue:
			at = "at the model's `buckets` in the plugin's configuration"
		case len(bounds) == 0:
			at = "at Envoy's default bounds"
		}
		fmt.Fprintf(out, "- `%s` %s\n", m.Name, at)
	}
}

func recorded(out *strings.Builder, all board.Set) {
	out.WriteString("\n## Recorded series\n\nMoodring's rules record these series, by default over a window of " + promql.DriftWindow + ".\n\n| series | labels | meaning |\n|---|---|---|\n")
	for _, r := range slices.Concat(all.Recordings, all.Baselines) {
		fmt.Fprintf(out, "| `%s` | %s | %s |\n", r.Name, strings.Join(r.Labels, ", "), r.Help)
	}
}
