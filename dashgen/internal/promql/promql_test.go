package promql

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/moodring/moodring/contract"
)

func TestText(t *testing.T) {
	answers := Select(contract.Predictions)
	confidence := Rate(SelectBuckets(contract.Confidence))
	tests := []struct {
		name     string
		query    Query
		grafana  string
		concrete string
	}{
		{
			"counter", SumBy(answers, "label"),
			`sum by (label) (max by (gateway, namespace, service, model, version, label) (moodring_predictions_total{gateway=~"$gateway",model=~"$model"}))`,
			`sum by (label) (max by (gateway, namespace, service, model, version, label) (moodring_predictions_total{gateway=~".*",model=~".*"}))`,
		},
		{
			"only the labels the metric has", SumBy(Rate(Select(contract.Authorization, Matcher{Label: contract.LabelResult, Value: "denied"})), "gateway"),
			`max by (gateway) (rate(moodring_gateway_authorization_total{gateway=~"$gateway",result="denied"}[$__rate_interval]))`,
			`max by (gateway) (rate(moodring_gateway_authorization_total{gateway=~".*",result="denied"}[5m]))`,
		},
		{
			"share", ShareBy(Rate(answers), "label"),
			`sum by (label) (max by (gateway, namespace, service, model, version, label) (rate(moodring_predictions_total{gateway=~"$gateway",model=~"$model"}[$__rate_interval]))) / ignoring (label) group_left () sum (max by (gateway, namespace, service, model, version, label) (rate(moodring_predictions_total{gateway=~"$gateway",model=~"$model"}[$__rate_interval])))`,
			`sum by (label) (max by (gateway, namespace, service, model, version, label) (rate(moodring_predictions_total{gateway=~".*",model=~".*"}[5m]))) / ignoring (label) group_left () sum (max by (gateway, namespace, service, model, version, label) (rate(moodring_predictions_total{gateway=~".*",model=~".*"}[5m])))`,
		},
		{
			"quantile", HistogramQuantile(0.5, SumBy(confidence, "le", "label")),
			`histogram_quantile(0.5, sum by (le, label) (max by (gateway, namespace, service, model, version, label, le) (rate(moodring_prediction_confidence_bucket{gateway=~"$gateway",model=~"$model"}[$__rate_interval]))))`,
			`histogram_quantile(0.5, sum by (le, label) (max by (gateway, namespace, service, model, version, label, le) (rate(moodring_prediction_confidence_bucket{gateway=~".*",model=~".*"}[5m]))))`,
		},
	}
	variables := Variables{{Metric: contract.ExporterUp, Label: "gateway"}, {Metric: contract.Replies, Label: "model"}}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if err := tc.query.Err(); err != nil {
				t.Fatal(err)
			}
			got := []string{tc.query.Text(variables.Grafana()), tc.query.Text(variables.AllSelected("5m"))}
			if diff := cmp.Diff([]string{tc.grafana, tc.concrete}, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if _, err := parser.NewParser(parser.Options{}).ParseExpr(got[1]); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestOperators also reads each query with Prometheus's parser.
func TestOperators(t *testing.T) {
	requests, replies := Select(contract.Requests), Select(contract.Replies)
	share := Record("moodring:share", ShareBy(Rate(replies), "outcome", "model"), "").Select()
	base := Recording{Name: "moodring:base", Labels: []string{"model"}}.Select()
	tests := []struct {
		name  string
		query Query
		want  string
	}{
		{"part above a limit", GreaterThan(Div(SumBy(Rate(Select(contract.Requests, Matcher{Label: "code_class", Value: "5xx"})), "gateway"), SumBy(Rate(requests), "gateway")), 0.05),
			`(max by (gateway) (rate(moodring_gateway_requests_total{code_class="5xx"}[5m])) / sum by (gateway) (max by (gateway, code_class) (rate(moodring_gateway_requests_total[5m])))) > 0.05`},
		{"rate of an hour ago", Rate(Offset(requests, Hour)), `rate(moodring_gateway_requests_total[5m] offset 1h)`},
		{"offset", Offset(requests, RateInterval), `moodring_gateway_requests_total offset 5m`},
		{"growth in the window", Increase(requests, Window), `increase(moodring_gateway_requests_total[30m])`},
		{"resets", Resets(requests, RateInterval), `resets(moodring_gateway_requests_total[5m])`},
		{"changes of a gauge", Changes(Select(contract.ExporterReloadTime), RateInterval), `changes(moodring_exporter_config_last_reload_success_timestamp_seconds[5m])`},
		{"since a moment", SecondsSince(MaxBy(Select(contract.ExporterReloadTime))), `time() - max (moodring_exporter_config_last_reload_success_timestamp_seconds)`},
		{"share among models", Record("moodring:share", ShareBy(Rate(replies), "outcome", "model"), "").Query,
			`sum by (model, outcome) (max by (gateway, namespace, service, model, version, outcome) (rate(moodring_replies_total[5m]))) / ignoring (outcome) group_left () sum by (model) (max by (gateway, namespace, service, model, version, outcome) (rate(moodring_replies_total[5m])))`},
		{"many to one", ManyToOne(share, "-", base, "model"), `moodring:share - on (model) group_left () moodring:base`},
		{"copied labels", CopyLabels(base, MaxBy(replies, "namespace", "model"), []string{"namespace"}, "model"),
			`moodring:base * on (model) group_left (namespace) max by (namespace, model) (moodring_replies_total)`},
		{"operators are bracketed", Mul(Sub(share, share), Ln(Div(share, share))),
			`(moodring:share - moodring:share) * ln(moodring:share / moodring:share)`},
		{"sets", Or(share, MulScalar(share, 0)), `moodring:share or (moodring:share * 0)`},
		{"one limit, or another", Or(GreaterThan(share, 1), GreaterThan(share, 2)), `(moodring:share > 1) or (moodring:share > 2)`},
		{"filters", Unless(And(GreaterThan(share, 1), LessThan(base, 2), "model"), base, "model"),
			`((moodring:share > 1) and on (model) (moodring:base < 2)) unless on (model) moodring:base`},
		{"label_replace", LabelReplace(SumBy(Rate(requests), "gateway"), "gateway", `(.+)\.svc`, "$1"),
			`label_replace(sum by (gateway) (max by (gateway, code_class) (rate(moodring_gateway_requests_total[5m]))), "gateway", "$1", "gateway", "(.+)\\.svc")`},
		{"functions", Sqrt(ClampMin(Log2(ScalarSub(1, AddScalar(base, 0.5))), 0)), `sqrt(clamp_min(log2(1 - (moodring:base + 0.5)), 0))`},
		{"number divided by a product", ScalarDiv(1, Mul(base, base)), `1 / (moodring:base * moodring:base)`},
		{"above another query", Above(base, MulScalar(base, 2)), `moodring:base > (moodring:base * 2)`},
		{"without the sign", Abs(Sub(base, base)), `abs(moodring:base - moodring:base)`},
		{"sum and count of a histogram", Add(SumBy(SelectSum(contract.Confidence), "model"), SumBy(SelectCount(contract.Confidence), "model")),
			`sum by (model) (max by (gateway, namespace, service, model, version, label) (moodring_prediction_confidence_sum)) + sum by (model) (max by (gateway, namespace, service, model, version, label) (moodring_prediction_confidence_count))`},
		{"not one value", Select(contract.Overflow, Matcher{Label: "kind", Value: "", IsNot: true}), `moodring_overflow_total{kind!=""}`},
		{"no value of a kind", Select(contract.Overflow, Matcher{Label: "kind", Value: "label.*", IsRegexp: true, IsNot: true}), `moodring_overflow_total{kind!~"label.*"}`},
		{"one bucket", SelectBuckets(contract.Confidence, Matcher{Label: "le", Value: "0.5"}), `moodring_prediction_confidence_bucket{le="0.5"}`},
		{"aggregations", CountBy(GroupBy(MinBy(MaxBy(replies, "model", "outcome"), "model", "outcome"), "model", "outcome"), "model"),
			`count by (model) (group by (model, outcome) (min by (model, outcome) (max by (model, outcome) (moodring_replies_total))))`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if err := tc.query.Err(); err != nil {
				t.Fatal(err)
			}
			got := tc.query.Text(RuleValues("5m", "30m"))
			if got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			if _, err := parser.NewParser(parser.Options{}).ParseExpr(got); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestMeasured: the side of a condition that is compared with the limit, without
// filters.
func TestMeasured(t *testing.T) {
	base := Recording{Name: "moodring:base", Labels: []string{"model"}}.Select()
	for name, q := range map[string]Query{
		"limit": GreaterThan(base, 1), "limit or another": Or(GreaterThan(base, 1), GreaterThan(MulScalar(base, 2), 3)), "filtered limit": And(GreaterThan(base, 1), GreaterThan(base, 0), "model"), "no limit": base,
	} {
		if got := q.Measured().Text(Values{}); got != "moodring:base" {
			t.Errorf("%s: got %s", name, got)
		}
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
		{"unknown label", Select(contract.Requests, Matcher{Label: "model", Value: "m"}), "has no label model"},
		{"histogram as a counter", Select(contract.Confidence), "select its buckets"},
		{"copy of no label", CopyLabels(Select(contract.Replies), MaxBy(Select(contract.Replies), "model"), []string{"namespace"}, "model"), "the series have no such label"},
		{"buckets of a counter", SelectBuckets(contract.Requests), "has no buckets"},
		{"rate of a gauge", Rate(Select(contract.ExporterUp)), "it needs a counter"},
		{"changes of a counter", Changes(Select(contract.Requests), Hour), "it needs a gauge"},
		{"rate of a rate", Rate(Rate(Select(contract.Requests))), "it needs a counter"},
		{"sum by a label that is gone", SumBy(SumBy(Select(contract.Requests), "gateway"), "code_class"), "no such label"},
		{"offset of a sum", Offset(SumBy(Select(contract.Requests)), Hour), "it needs a metric"},
		{"sum of a counter", SelectSum(contract.Requests), "has no buckets"},
		{"join on a label that one side lacks", ManyToOne(Select(contract.Requests), "*", Select(contract.ExporterBuild), "gateway"), "no label gateway"},
		{"label_replace of a label that is gone", LabelReplace(SumBy(Select(contract.Requests)), "gateway", "a", "b"), "label_replace: the series have no label gateway"},
		{"label_replace with a broken pattern", LabelReplace(Select(contract.Requests), "gateway", "(", "b"), "label_replace: error parsing regexp"},
		{"quantile without le", HistogramQuantile(0.5, SumBy(Rate(SelectBuckets(contract.Confidence)), "label")), "no le"},
		{"quotient of series with different labels", Div(SumBy(Select(contract.Requests), "gateway"), SumBy(Select(contract.Requests))), "/: labels"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if err := tc.query.Err(); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want one with %q", err, tc.want)
			}
		})
	}
}

func TestVariables(t *testing.T) {
	variables := Variables{
		{Metric: contract.ExporterUp, Label: "gateway"},
		{Metric: contract.Replies, Label: "model", Single: true},
		{Metric: contract.Replies, Label: "version"},
	}
	tests := []struct{ grafana, concrete string }{
		{
			"label_values(moodring_exporter_target_up, gateway)",
			"group by (gateway) (moodring_exporter_target_up)",
		},
		{
			`label_values(moodring_replies_total{gateway=~"$gateway"}, model)`,
			`group by (model) (moodring_replies_total{gateway=~".*"})`,
		},
		{
			`label_values(moodring_replies_total{gateway=~"$gateway",model="$model"}, version)`,
			`group by (version) (moodring_replies_total{gateway=~".*",model=~".*"})`,
		},
	}
	for i, tc := range tests {
		t.Run(variables[i].Label, func(t *testing.T) {
			if err := variables[i].Err(); err != nil {
				t.Fatal(err)
			}
			got := []string{variables.Query(i, Values{}), variables.Text(i, variables.AllSelected("5m"))}
			if diff := cmp.Diff([]string{tc.grafana, tc.concrete}, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestParts: the gateways that a query selects, for several selected namespaces and
// names.
func TestParts(t *testing.T) {
	gateways := []string{"local", "istio-system/gw", "istio-system/gw-1", "eu.istio-system/gw", "eu/a/b"}
	namespace, name := Variable{Metric: contract.ExporterUp, Label: "gateway", Part: Namespace}, Variable{Metric: contract.ExporterUp, Label: "gateway", Part: Name}
	variables := Variables{namespace, name, {Metric: contract.Replies, Label: "model"}}
	offered := func(c Variable, group string) []string {
		pattern := regexp.MustCompile(strings.ReplaceAll(strings.Trim(c.Regex(), "/"), `\/`, "/"))
		var values []string
		for _, gateway := range gateways {
			if match := pattern.FindStringSubmatch(gateway); match != nil {
				values = append(values, match[max(1, pattern.SubexpIndex(group))])
			}
		}
		return slices.Compact(values)
	}
	if diff := cmp.Diff([]string{"istio-system/", "eu.istio-system/", "eu/"}, offered(namespace, "value")); diff != "" {
		t.Errorf("namespaces: -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"istio-system", "eu.istio-system", "eu"}, offered(namespace, "text")); diff != "" {
		t.Errorf("as shown: -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"local", "gw", "gw-1", "gw", "a/b"}, offered(name, "")); diff != "" {
		t.Errorf("names: -want +got:\n%s", diff)
	}
	if got, want := variables.Query(1, Values{}), `label_values(moodring_exporter_target_up{gateway=~"$gateway_namespace.*"}, gateway)`; got != want {
		t.Errorf("names are queried with %s, want %s", got, want)
	}
	for _, tc := range []struct {
		name, namespace, gateway string
		want                     []string
	}{
		{"all", namespace.AllValue(), name.AllValue(), gateways},
		{"a namespace", "istio-system/", name.AllValue(), []string{"istio-system/gw", "istio-system/gw-1"}},
		{"two namespaces", `(eu/|eu\.istio-system/)`, name.AllValue(), []string{"eu.istio-system/gw", "eu/a/b"}},
		{"a name, wherever it is", namespace.AllValue(), "gw", []string{"istio-system/gw", "eu.istio-system/gw"}},
		{"a name without a namespace", namespace.AllValue(), "local", []string{"local"}},
		{"a namespace and a name", "istio-system/", "gw", []string{"istio-system/gw"}},
		{"two of each", "(istio-system/|eu/)", "(gw-1|a/b)", []string{"istio-system/gw-1", "eu/a/b"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			matcher := strings.NewReplacer("$gateway_namespace", tc.namespace, "$gateway", tc.gateway, `=~"`, "", `"`, "").Replace(variables.Grafana().Match["gateway"])
			asked := regexp.MustCompile("^(?:" + matcher + ")$") // as Prometheus does
			got := slices.DeleteFunc(slices.Clone(gateways), func(gateway string) bool { return !asked.MatchString(gateway) })
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s: -want +got:\n%s", matcher, diff)
			}
		})
	}
}

func TestVariableErr(t *testing.T) {
	for _, tc := range []struct {
		variable Variable
		want     string
	}{
		{Variable{Metric: "nothing", Label: "gateway"}, "not in the contract"},
		{Variable{Metric: contract.Requests, Label: "model"}, "has no label model"},
	} {
		if err := tc.variable.Err(); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%v: got error %v, want one with %q", tc.variable, err, tc.want)
		}
	}
}
