package query

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/moodring/moodring/contract"
)

func TestText(t *testing.T) {
	answers := Select(contract.Predictions)
	confidence := Rate(Buckets(contract.Confidence))
	tests := []struct {
		name     string
		query    Query
		grafana  string
		concrete string
	}{
		{
			"counter", SumBy(answers, "label"),
			`sum by (label) (moodring_predictions_total{gateway=~"$gateway",model=~"$model"})`,
			`sum by (label) (moodring_predictions_total{gateway=~".*",model=~".*"})`,
		},
		{
			"only the labels the metric has", SumBy(Rate(Select(contract.Authorization, Where{contract.LabelResult, "denied"})), "gateway"),
			`sum by (gateway) (rate(moodring_gateway_authorization_total{gateway=~"$gateway",result="denied"}[$__rate_interval]))`,
			`sum by (gateway) (rate(moodring_gateway_authorization_total{gateway=~".*",result="denied"}[5m]))`,
		},
		{
			"share", ShareBy(Rate(answers), "label"),
			`sum by (label) (rate(moodring_predictions_total{gateway=~"$gateway",model=~"$model"}[$__rate_interval])) / ignoring (label) group_left () sum (rate(moodring_predictions_total{gateway=~"$gateway",model=~"$model"}[$__rate_interval]))`,
			`sum by (label) (rate(moodring_predictions_total{gateway=~".*",model=~".*"}[5m])) / ignoring (label) group_left () sum (rate(moodring_predictions_total{gateway=~".*",model=~".*"}[5m]))`,
		},
		{
			"quantile", Quantile(0.5, SumBy(confidence, "le", "label")),
			`histogram_quantile(0.5, sum by (le, label) (rate(moodring_prediction_confidence_bucket{gateway=~"$gateway",model=~"$model"}[$__rate_interval])))`,
			`histogram_quantile(0.5, sum by (le, label) (rate(moodring_prediction_confidence_bucket{gateway=~".*",model=~".*"}[5m])))`,
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if err := tc.query.Err(); err != nil {
				t.Fatal(err)
			}
			got := []string{tc.query.Text(Grafana()), tc.query.Text(Everything("5m"))}
			if diff := cmp.Diff([]string{tc.grafana, tc.concrete}, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if _, err := parser.NewParser(parser.Options{}).ParseExpr(got[1]); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTextWithoutScope(t *testing.T) {
	got := Above(Divide(SumBy(Rate(Select(contract.Requests, Where{"code_class", "5xx"})), "gateway"),
		SumBy(Rate(Select(contract.Requests)), "gateway")), 0.05).Text(Values{RateInterval: "5m"})
	want := `sum by (gateway) (rate(moodring_gateway_requests_total{code_class="5xx"}[5m])) / sum by (gateway) (rate(moodring_gateway_requests_total[5m])) > 0.05`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestErr(t *testing.T) {
	tests := []struct {
		name  string
		query Query
		want  string
	}{
		{"none", Query{}, "no query"},
		{"unknown metric", Select("moodring_nothing_total"), "moodring_nothing_total is not in the contract"},
		{"unknown label", Select(contract.Requests, Where{"model", "m"}), "has no label model"},
		{"histogram as a counter", Select(contract.Confidence), "select its buckets"},
		{"buckets of a counter", Buckets(contract.Requests), "has no buckets"},
		{"rate of a gauge", Rate(Select(contract.ExporterUp)), "only a counter has one"},
		{"rate of a rate", Rate(Rate(Select(contract.Requests))), "only a counter has one"},
		{"sum by a label that is gone", SumBy(SumBy(Select(contract.Requests), "gateway"), "code_class"), "no such label"},
		{"quantile without le", Quantile(0.5, SumBy(Rate(Buckets(contract.Confidence)), "label")), "no le"},
		{"quotient of unlike series", Divide(SumBy(Select(contract.Requests), "gateway"), SumBy(Select(contract.Requests))), "divide"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if err := tc.query.Err(); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want one with %q", err, tc.want)
			}
		})
	}
}

func TestChoice(t *testing.T) {
	tests := []struct {
		choice            Choice
		grafana, concrete string
	}{
		{
			Choice{contract.ExporterUp, "gateway"},
			"label_values(moodring_exporter_target_up, gateway)",
			"group by (gateway) (moodring_exporter_target_up)",
		},
		{
			Choice{contract.Replies, "model"},
			`label_values(moodring_replies_total{gateway=~"$gateway"}, model)`,
			`group by (model) (moodring_replies_total{gateway=~".*"})`,
		},
	}
	for _, tc := range tests {
		t.Run(tc.choice.Label, func(t *testing.T) {
			if err := tc.choice.Err(); err != nil {
				t.Fatal(err)
			}
			got := []string{tc.choice.Grafana(), tc.choice.Text(Everything("5m"))}
			if diff := cmp.Diff([]string{tc.grafana, tc.concrete}, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestChoiceErr(t *testing.T) {
	for _, tc := range []struct {
		choice Choice
		want   string
	}{
		{Choice{"nothing", "gateway"}, "not in the contract"},
		{Choice{contract.Requests, "model"}, "has no label model"},
		{Choice{contract.Requests, "code_class"}, "would change nothing"},
	} {
		if err := tc.choice.Err(); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%v: got error %v, want one with %q", tc.choice, err, tc.want)
		}
	}
}
