package transform

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"

	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/scrape"
)

var update = flag.Bool("update", false, "rewrite the wanted files of the real pages")

const pagesDir = "../../testdata/envoy-1.40"

// transformed returns the series of a page as text, and the number of dropped ones.
func transformed(t testing.TB, format config.Format, text string, rules ...*relabel.Config) (string, int) {
	t.Helper()
	return transformedBy(t, New(Options{Format: format, Labels: labels.FromStrings("gateway", "g"), Relabel: rules, MaxSeries: 1000}), text)
}

func transformedBy(t testing.TB, s *Transformer, text string) (string, int) {
	t.Helper()
	s.Begin()
	var err error
	if s.options.Format == config.JSON {
		err = scrape.ReadJSON(strings.NewReader(text), 64<<10, s.Add)
	} else {
		err = new(scrape.TextReader).Read(strings.NewReader(text), 64<<10, s.Add)
	}
	if err != nil {
		t.Fatal(err)
	}
	series, dropped := s.End(time.Time{}, time.Time{})
	return write(series), dropped
}

// write writes each series on a line. A histogram has its sum, count and buckets.
func write(series []Series) string {
	var text strings.Builder
	for _, s := range series {
		builder := labels.NewBuilder(s.Labels).Del(model.MetricNameLabel)
		fmt.Fprintf(&text, "%s%s", s.Labels.Get(model.MetricNameLabel), strings.ReplaceAll(builder.Labels().String(), ", ", ","))
		if s.Histogram == nil {
			fmt.Fprintf(&text, " %v\n", s.Value)
			continue
		}
		fmt.Fprintf(&text, " sum=%.9g count=%d", s.Histogram.Sum, s.Histogram.Count)
		for _, b := range s.Histogram.Buckets {
			fmt.Fprintf(&text, " %v:%d", b.Bound, b.Count)
		}
		text.WriteByte('\n')
	}
	return text.String()
}

// Both formats of a real Envoy's page give the same series. But Prometheus's format
// has mangled names of clusters, unless Envoy moves the whole names to tags.
func TestTransformOfRealPages(t *testing.T) {
	for page, want := range map[string]string{
		"istio.prom":            "istio.want",
		"istio.json":            "istio.want",
		"istio-unfiltered.prom": "istio-unfiltered.want",
		"default.json":          "default-json.want",
		"default.prom":          "default-prom.want",
		"none.json":             "none-json.want",
		"none.prom":             "none-prom.want",
	} {
		t.Run(page, func(t *testing.T) {
			format := config.Prometheus
			if strings.HasSuffix(page, ".json") {
				format = config.JSON
			}
			got, dropped := transformed(t, format, read(t, page))
			if dropped != 0 {
				t.Errorf("%d dropped, want none", dropped)
			}
			if *update {
				if err := os.WriteFile(filepath.Join(pagesDir, want), []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(read(t, want), got); diff != "" {
				t.Errorf("series (-want +got):\n%s", diff)
			}
		})
	}
}

func read(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(pagesDir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// With any tags, both formats agree, except for the names of clusters.
func TestTransformFormatsAgree(t *testing.T) {
	for _, tags := range []string{"default", "none"} {
		fromJSON, _ := transformed(t, config.JSON, read(t, tags+".json"))
		fromText, _ := transformed(t, config.Prometheus, read(t, tags+".prom"))
		if diff := cmp.Diff(withoutUpstreams(fromJSON), withoutUpstreams(fromText)); diff != "" {
			t.Errorf("%s: series (-json +prometheus):\n%s", tags, diff)
		}
	}
}

func withoutUpstreams(text string) (kept []string) {
	for line := range strings.Lines(text) {
		if !strings.Contains(line, "upstream=") {
			kept = append(kept, line)
		}
	}
	return kept
}

func TestTransform(t *testing.T) {
	const zeroReplies = `moodring_replies_total{gateway="g",model="m",outcome="encoded",version="1"} 0
moodring_replies_total{gateway="g",model="m",outcome="error_status",version="1"} 0
moodring_replies_total{gateway="g",model="m",outcome="no_predictions",version="1"} 0
moodring_replies_total{gateway="g",model="m",outcome="not_a_classifier",version="1"} 0
moodring_replies_total{gateway="g",model="m",outcome="truncated",version="1"} 0
moodring_replies_total{gateway="g",model="m",outcome="unparsed",version="1"} 0
`
	const zeroOverflow = `moodring_overflow_total{gateway="g",kind="label_form"} 0
moodring_overflow_total{gateway="g",kind="label_length"} 0
moodring_overflow_total{gateway="g",kind="labels"} 0
moodring_overflow_total{gateway="g",kind="models"} 0
moodring_overflow_total{gateway="g",kind="new_labels"} 0
moodring_overflow_total{gateway="g",kind="services"} 0
`
	for name, test := range map[string]struct {
		format  config.Format // JSON if page begins with a brace
		page    string
		want    string
		dropped int
	}{
		"nothing":          {page: "", want: ""},
		"others' stats":    {page: "joy{} 6\nenvoy_server_live{} 1\n", want: ""},
		"mangled":          {page: "model___bert___model_version___2___label___joy___moodring_predictions_total{} 6\n", want: `moodring_predictions_total{gateway="g",label="joy",model="bert",version="2"} 6` + "\n"},
		"tags":             {page: `moodring_predictions_total{model="0xbert_2dmini",model_version="2",label="0xso_20_22happy_22_2fvery_2dmuch_2ev2"} 6` + "\n", want: `moodring_predictions_total{gateway="g",label="so \"happy\"/very-much.v2",model="bert-mini",version="2"} 6` + "\n"},
		"tags and mangled": {page: `label___joy___moodring_predictions_total{model="bert"} 6` + "\n", want: `moodring_predictions_total{gateway="g",label="joy",model="bert"} 6` + "\n"},
		"raw":              {page: `{"stats":[{"name":"wasmcustom.model=.=bert;.;label=.=0xso_20_22happy_22_2fvery_2dmuch_2ev2;.;moodring_predictions_total","value":6}]}`, want: `moodring_predictions_total{gateway="g",label="so \"happy\"/very-much.v2",model="bert"} 6` + "\n"},
		"whose model, mangled": {page: "model_namespace___0xteam_2da___model_service___iris___model___m___label___joy___moodring_predictions_total{} 6\n",
			want: `moodring_predictions_total{gateway="g",label="joy",model="m",namespace="team-a",service="iris"} 6` + "\n"},
		"whose model, as tags": {page: `moodring_predictions_total{model_namespace="0xteam_2da",model_service="iris",model="m",label="joy"} 6` + "\n",
			want: `moodring_predictions_total{gateway="g",label="joy",model="m",namespace="team-a",service="iris"} 6` + "\n"},
		"whose model, raw": {page: `{"stats":[{"name":"wasmcustom.model_namespace=.=0xteam_2da;.;model_service=.=iris;.;model=.=m;.;label=.=joy;.;moodring_predictions_total","value":6}]}`,
			want: `moodring_predictions_total{gateway="g",label="joy",model="m",namespace="team-a",service="iris"} 6` + "\n"},
		"not UTF-8":                           {page: "label___0xraw_ff___moodring_predictions_total{} 6\nlabel___0xraw_5cxff___moodring_predictions_total{} 7\n", want: `moodring_predictions_total{gateway="g",label="raw\\x5cxff"} 7` + "\n" + `moodring_predictions_total{gateway="g",label="raw\\xff"} 6` + "\n"},
		"no version and an empty one are one": {page: "label___joy___moodring_predictions_total{} 6\nmodel_version___0x___label___joy___moodring_predictions_total{} 7\n", want: `moodring_predictions_total{gateway="g",label="joy"} 13` + "\n"},
		"bad escape":                          {page: "label___0xGG_g0___moodring_predictions_total{} 6\n", want: "", dropped: 1},
		"unknown tag":                         {page: `moodring_predictions_total{colour="red"} 6` + "\n", want: "", dropped: 1},
		"a key twice":                         {page: `label___joy___moodring_predictions_total{label="joy"} 6` + "\n", want: "", dropped: 1},
		"another's label":                     {page: "outcome___joy___moodring_predictions_total{} 6\n", want: "", dropped: 1},
		"unknown name":                        {page: "label___joy___moodring_guesses_total{} 6\n", want: "", dropped: 1},
		"not a count":                         {page: "label___a___moodring_predictions_total{} NaN\nlabel___b___moodring_predictions_total{} -1\nlabel___c___moodring_predictions_total{} +Inf\n", want: "", dropped: 3},
		"a histogram's part of a counter":     {page: `envoy_http_a_upstream_rq_time_bucket{authz_enforce_result="rbac_allowed",le="1"} 1` + "\n", want: "", dropped: 1},
		"le on a counter":                     {page: "label___a___le___0_5___moodring_predictions_total{} 1\n", want: "", dropped: 1},
		"confidence": {
			page: "label___joy___le___0_9___moodring_prediction_confidence_bucket{} 2\nlabel___joy___le___0_99___moodring_prediction_confidence_bucket{} 9\n" +
				"label___joy___moodring_prediction_confidence_count{} 5\nlabel___joy___moodring_prediction_confidence_sum_millionths{} 4500000\n",
			want: `moodring_prediction_confidence{gateway="g",label="joy"} sum=4.5 count=5 0.2:0 0.3:0 0.4:0 0.5:0 0.6:0 0.7:0 0.8:0 0.9:2 0.95:2 0.99:5` + "\n"},
		"confidence without its count":   {page: "label___joy___moodring_prediction_confidence_sum_millionths{} 4500000\n", want: "", dropped: 1},
		"confidence bucket without a le": {page: "label___joy___moodring_prediction_confidence_bucket{} 4\n", want: "", dropped: 1},
		"margin, as tags": {
			page: `moodring_prediction_margin_bucket{model="m",model_version="1",le="0.05"} 2` + "\n" + `moodring_prediction_margin_count{model="m",model_version="1"} 3` + "\n" +
				`moodring_prediction_margin_sum_millionths{model="m",model_version="1"} 300000` + "\n",
			want: `moodring_prediction_margin{gateway="g",model="m",version="1"} sum=0.3 count=3 0.05:2 0.1:2 0.2:2 0.4:2 0.6:2 0.8:2 0.9:2` + "\n"},
		"predicted values": {
			page: "model___m___le___0_5___moodring_prediction_value_bucket{} 1\nmodel___m___le___0x_2d2___moodring_prediction_value_bucket{} 1\nmodel___m___le___250000___moodring_prediction_value_bucket{} 2\n" +
				"model___m___moodring_prediction_value_count{} 2\nmodel___m___moodring_prediction_value_sum_millionths{} 9000000\nmodel___m___moodring_prediction_value_negative_sum_millionths{} 2500000\n",
			want: `moodring_prediction_value{gateway="g",model="m"} sum=6.5 count=2 -2:1 0.5:1 250000:2` + "\n"},
		"batch sizes, raw": {
			page: `{"stats":[{"name":"wasmcustom.model=.=m;.;le=.=2;.;moodring_reply_batch_size_bucket","value":1},{"name":"wasmcustom.model=.=m;.;moodring_reply_batch_size_count","value":2},` +
				`{"name":"wasmcustom.model=.=m;.;moodring_reply_batch_size_sum_millionths","value":602000000}]}`,
			want: `moodring_reply_batch_size{gateway="g",model="m"} sum=602 count=2 1:0 2:1 5:1 10:1 20:1 50:1 100:1 200:1 500:1` + "\n"},
		"label scores": {page: "model___m___label___joy___moodring_label_scores_total_millionths{} 1250000\n", want: `moodring_label_scores_total{gateway="g",label="joy",model="m"} 1.25` + "\n"},
		"faults":       {page: "moodring_plugin_faults_total{} 2\n", want: `moodring_plugin_faults_total{gateway="g"} 2` + "\n"},
		"a counter of ours twice": {page: "label___joy___moodring_predictions_total{} 6\nlabel___joy___moodring_predictions_total{} 7\n",
			want: `moodring_predictions_total{gateway="g",label="joy"} 6` + "\n", dropped: 1},
		"two stats of Envoy's that mangle to one text": {page: "envoy_http_a_b_downstream_rq_2xx{} 1\nenvoy_http_a_b_downstream_rq_2xx{} 2\n",
			want: `moodring_gateway_requests_total{code_class="1xx",gateway="g"} 0
moodring_gateway_requests_total{code_class="2xx",gateway="g"} 3
moodring_gateway_requests_total{code_class="3xx",gateway="g"} 0
moodring_gateway_requests_total{code_class="4xx",gateway="g"} 0
moodring_gateway_requests_total{code_class="5xx",gateway="g"} 0
`},
		"replies": {
			page: "model___m___model_version___1___outcome___counted___moodring_replies_total{} 3\n",
			want: zeroOverflow + `moodring_replies_total{gateway="g",model="m",outcome="counted",version="1"} 3` + "\n" + zeroReplies},
		"an outcome of a newer plugin": {
			page: "model___m___model_version___1___outcome___bored___moodring_replies_total{} 3\n",
			want: zeroOverflow + `moodring_replies_total{gateway="g",model="m",outcome="bored",version="1"} 3` + "\n" + `moodring_replies_total{gateway="g",model="m",outcome="counted",version="1"} 0` + "\n" + zeroReplies},
		"overflow": {page: "kind___labels___moodring_overflow_total{} 3\n", want: strings.Replace(zeroOverflow, `"labels"} 0`, `"labels"} 3`, 1)},
		"authorization of two managers, and asides": {
			page: `envoy_http_rbac_allowed{envoy_http_conn_manager_prefix="a"} 1
envoy_http_rbac_allowed{envoy_http_conn_manager_prefix="b"} 2
envoy_http_rbac_shadow_denied{envoy_http_conn_manager_prefix="a"} 9
envoy_http_rbac_policy_mine_allowed{envoy_http_conn_manager_prefix="a"} 9
envoy_http_rbac_policy_rbac_allowed{envoy_http_conn_manager_prefix="a"} 9
envoy_tcp_rbac_allowed{envoy_tcp_prefix="a"} 9
envoy_http_a_rbac{authz_dry_run_action="deny",authz_dry_run_result="denied"} 9
`, want: `moodring_gateway_authorization_total{gateway="g",result="allowed"} 3
moodring_gateway_authorization_total{gateway="g",result="denied"} 0
`},
		"authorization, raw": {
			page: `{"stats":[{"name":"http.a.b.rbac.denied","value":1},{"name":"http.a.rbac.policy.x.rbac.denied","value":9},{"name":"http.a.rbac.shadow_denied","value":9}]}`,
			want: `moodring_gateway_authorization_total{gateway="g",result="allowed"} 0
moodring_gateway_authorization_total{gateway="g",result="denied"} 1
`},
		"rate limit of two clusters, and others": {
			page: `envoy_cluster_ratelimit_over_limit{envoy_cluster_name="a"} 1
envoy_cluster_default_svc_cluster_local_ratelimit_over_limit{envoy_cluster_name="b"} 2
envoy_cluster_ratelimit_svc_cluster_local_ext_authz_ok{envoy_cluster_name="b"} 9
envoy_http_local_rate_limit_ok{} 9
`, want: `moodring_gateway_ratelimit_total{gateway="g",result="error"} 0
moodring_gateway_ratelimit_total{gateway="g",result="failure_mode_allowed"} 0
moodring_gateway_ratelimit_total{gateway="g",result="ok"} 0
moodring_gateway_ratelimit_total{gateway="g",result="over_limit"} 3
`},
		"requests, in Envoy's tags, Istio's, and none": {
			page: `envoy_http_downstream_rq_xx{envoy_response_code_class="2",envoy_http_conn_manager_prefix="a"} 1
envoy_http_a_downstream_rq{response_code_class="2xx"} 2
envoy_http_a_downstream_rq_2xx{} 4
envoy_http_downstream_rq_xx{envoy_response_code_class="2",envoy_http_conn_manager_prefix="admin"} 9
envoy_http_stats_downstream_rq{response_code_class="2xx"} 9
envoy_http_downstream_rq_xx{envoy_response_code_class="2",envoy_http_conn_manager_prefix="eg-stats-http"} 9
envoy_http_eg_ready_http_downstream_rq_2xx{} 9
envoy_http_agent_downstream_rq_2xx{} 9
envoy_http_0_0_0_8081__downstream_rq_xx{envoy_response_code_class="2",envoy_http_conn_manager_prefix="outbound_0"} 9
envoy_http_outbound_0_0_0_0_8081__downstream_rq{response_code_class="2xx"} 9
envoy_listener_http_downstream_rq_xx{envoy_response_code_class="2",envoy_http_conn_manager_prefix="a"} 9
envoy_http_downstream_rq_completed{envoy_http_conn_manager_prefix="a"} 9
`, want: `moodring_gateway_requests_total{code_class="1xx",gateway="g"} 0
moodring_gateway_requests_total{code_class="2xx",gateway="g"} 7
moodring_gateway_requests_total{code_class="3xx",gateway="g"} 0
moodring_gateway_requests_total{code_class="4xx",gateway="g"} 0
moodring_gateway_requests_total{code_class="5xx",gateway="g"} 0
`},
		"the second pass through an Istio gateway": {
			page: `{"stats":[{"name":"http.outbound_0.0.0.0_8080;.rbac.allowed","value":2},{"name":"http.outbound_0.0.0.0_8081;.rbac.allowed","value":2}]}`,
			want: `moodring_gateway_authorization_total{gateway="g",result="allowed"} 2
moodring_gateway_authorization_total{gateway="g",result="denied"} 0
`},
		"upstream time, and the same by origin": {
			page: `envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="my_external",le="0.5"} 1
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="my_external",le="25"} 3
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="my_external",le="+Inf"} 4
envoy_cluster_upstream_rq_time_sum{envoy_cluster_name="my_external"} 250.5
envoy_cluster_upstream_rq_time_count{envoy_cluster_name="my_external"} 4
envoy_cluster_external_upstream_rq_time_count{envoy_cluster_name="my_external"} 4
envoy_cluster_zone_a_b_upstream_rq_time_count{envoy_cluster_name="my_external"} 4
`, want: `moodring_gateway_upstream_duration_seconds{gateway="g",upstream="my_external"} sum=0.2505 count=4 0.0005:1 0.025:3` + "\n"},
		"upstream time, raw, with Istio's end of a name": {
			page: `{"stats":[{"histograms":{"details":[
				{"name":"cluster.outbound|80||m.svc;.upstream_rq_time","totals":[{"lower_bound":0,"width":0,"count":3}]},
				{"name":"cluster.outbound|80||m.svc;.internal.upstream_rq_time","totals":[{"lower_bound":0,"width":0,"count":3}]},
				{"name":"cluster.outbound|80||m.svc;.zone.a.b.upstream_rq_time","totals":[{"lower_bound":0,"width":0,"count":3}]}]}}]}`,
			want: `moodring_gateway_upstream_duration_seconds{gateway="g",upstream="outbound|80||m.svc"} sum=0 count=3 0.0005:3 0.001:3 0.005:3 0.01:3 0.025:3 0.05:3 0.1:3 0.25:3 0.5:3 1:3 2.5:3 5:3 10:3 30:3 60:3 300:3 600:3 1800:3 3600:3` + "\n"},
		"upstream time of a bad le": {page: `envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="a",le="much"} 1` + "\n" + `envoy_cluster_upstream_rq_time_count{envoy_cluster_name="a"} 4` + "\n",
			want: `moodring_gateway_upstream_duration_seconds{gateway="g",upstream="a"} sum=0 count=4` + "\n", dropped: 1},
	} {
		t.Run(name, func(t *testing.T) {
			format := config.Prometheus
			if strings.HasPrefix(test.page, "{") {
				format = config.JSON
			}
			got, dropped := transformed(t, format, test.page)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("series (-want +got):\n%s", diff)
			}
			if dropped != test.dropped {
				t.Errorf("%d dropped, want %d", dropped, test.dropped)
			}
		})
	}
}

func TestTransformRelabels(t *testing.T) {
	const page = `model___a___label___joy___moodring_predictions_total{} 6
model___b___label___joy___moodring_predictions_total{} 7
label___joy___moodring_prediction_confidence_count{} 5
`
	const confidence = `moodring_prediction_confidence{gateway="g",label="joy"} sum=0 count=5 0.2:0 0.3:0 0.4:0 0.5:0 0.6:0 0.7:0 0.8:0 0.9:0 0.95:0 0.99:0` + "\n"
	for name, test := range map[string]struct {
		rules   string
		want    string
		dropped int
	}{
		"drop": {`[{source_labels: [model], regex: a, action: drop}]`,
			confidence + `moodring_predictions_total{gateway="g",label="joy",model="b"} 7` + "\n", 0},
		"a dropped label adds up": {`[{regex: model, action: labeldrop}]`,
			confidence + `moodring_predictions_total{gateway="g",label="joy"} 13` + "\n", 0},
		"rename": {`[{source_labels: [__name__], regex: moodring_predictions_total, target_label: __name__, replacement: mood}]`,
			`mood{gateway="g",label="joy",model="a"} 6` + "\n" + `mood{gateway="g",label="joy",model="b"} 7` + "\n" + confidence, 0},
		"no name left": {`[{source_labels: [model], regex: a, target_label: __name__, replacement: ""}]`,
			confidence + `moodring_predictions_total{gateway="g",label="joy",model="b"} 7` + "\n", 1},
		"counter and histogram": {`[{regex: model|label|__name__, action: labeldrop}, {target_label: __name__, replacement: one}]`,
			`one{gateway="g"} 13` + "\n", 1},
		"a histogram with le": {`[{regex: (l)ab(e)l, replacement: $1$2, action: labelmap}, {regex: label, action: labeldrop}]`,
			`moodring_predictions_total{gateway="g",le="joy",model="a"} 6` + "\n" + `moodring_predictions_total{gateway="g",le="joy",model="b"} 7` + "\n", 1},
		"a histogram without le": {`[{target_label: le, replacement: ""}, {regex: model, action: labeldrop}]`,
			confidence + `moodring_predictions_total{gateway="g",label="joy"} 13` + "\n", 0},
		"names that not every scraper reads": {`[{source_labels: [model], regex: a, target_label: __name__, replacement: mood.ring}, {source_labels: [model], target_label: the model}, {regex: model, action: labeldrop}]`,
			`mood_ring{gateway="g",label="joy",the_model="a"} 6` + "\n" + confidence + `moodring_predictions_total{gateway="g",label="joy",the_model="b"} 7` + "\n", 0},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, err := config.Parse([]byte("metric_relabel_configs: " + test.rules))
			if err != nil {
				t.Fatal(err)
			}
			got, dropped := transformed(t, config.Prometheus, page, cfg.MetricRelabelConfigs...)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("series (-want +got):\n%s", diff)
			}
			if dropped != test.dropped {
				t.Errorf("%d dropped, want %d", dropped, test.dropped)
			}
		})
	}
}

// The limit drops the last series of a page, and starts anew with each page.
func TestTransformLimitsSeries(t *testing.T) {
	s := New(Options{Format: config.Prometheus, MaxSeries: 2})
	counter := func(label string) string { return "label___" + label + "___moodring_predictions_total{} 1\n" }
	for _, step := range []struct {
		page, want string
		dropped    int
	}{
		{counter("a") + counter("b"), "a b", 0},
		{counter("a") + counter("b") + counter("c") + counter("d"), "a b", 2},
		{counter("d") + counter("c") + counter("b"), "c d", 1},
		{"moodring_plugin_faults_total{} 1\n" + counter("a") + "outcome___counted___moodring_replies_total{} 1\n", " a", 1},
	} {
		got, dropped := transformedBy(t, s, step.page)
		var labels []string
		for line := range strings.Lines(got) {
			_, label, _ := strings.Cut(line, `label="`)
			label, _, _ = strings.Cut(label, `"`)
			labels = append(labels, label)
		}
		if got := strings.Join(labels, " "); got != step.want || dropped != step.dropped {
			t.Errorf("%q: got %s and %d dropped, want %s and %d", step.page, got, dropped, step.want, step.dropped)
		}
	}
}

// The largest number as a limit means no limit.
func TestTransformWithoutALimit(t *testing.T) {
	s := New(Options{Format: config.Prometheus, MaxSeries: math.MaxInt})
	if got, dropped := transformedBy(t, s, "label___a___moodring_predictions_total{} 1\n"); got == "" || dropped != 0 {
		t.Errorf("got %q and %d dropped", got, dropped)
	}
}

// The memory and the page of a malicious gateway are limited, with many short names
// and with a few names as long as a line may be.
func TestTransformLimitsMemory(t *testing.T) {
	const limit = 10
	for name, test := range map[string]struct {
		length, samples int
		rules           string
	}{
		"many names":                {8, 1000, "[]"},
		"long names":                {60000, 20, "[]"},
		"many names, all dropped":   {8, 1000, "[{action: drop, source_labels: [gateway]}]"},
		"long names, all dropped":   {60000, 20, "[{action: drop, source_labels: [gateway]}]"},
		"long names made of others": {1500, 20, "[{source_labels: [upstream, upstream, upstream, upstream], target_label: upstream}]"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, err := config.Parse([]byte("metric_relabel_configs: " + test.rules))
			if err != nil {
				t.Fatal(err)
			}
			s := New(Options{Format: config.Prometheus, MaxSeries: limit, Relabel: cfg.MetricRelabelConfigs})
			for page := range 20 {
				s.Begin()
				for i := range test.samples {
					for _, sample := range lies(test.length, page, i) {
						s.Add(sample)
					}
				}
				series, _ := s.End(time.Time{}, time.Time{})
				if size := len(write(series)); len(series) > limit || size > limit*seriesBytes {
					t.Errorf("page %d has %d series of %d bytes", page, len(series), size)
				}
				if got := held(s); got > limit*(mappingLimit+3*entryLimit) {
					t.Errorf("page %d: %d samples and %d series of %d bytes are remembered", page, len(s.mappings), len(s.entries), got)
				}
			}
		})
	}
}

// A histogram with too many buckets takes no more of the page than three of Envoy's
// histograms, and its counts stay correct.
func TestTransformLimitsBuckets(t *testing.T) {
	var page strings.Builder
	for le := range 1000 {
		fmt.Fprintf(&page, "envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name=\"a\",le=\"%d\"} %d\n", le+1, le)
	}
	page.WriteString("envoy_cluster_upstream_rq_time_count{envoy_cluster_name=\"a\"} 999\n")
	s := New(Options{Format: config.Prometheus, MaxSeries: 10})
	s.Begin()
	if err := new(scrape.TextReader).Read(strings.NewReader(page.String()), 1000, s.Add); err != nil {
		t.Fatal(err)
	}
	series, dropped := s.End(time.Time{}, time.Time{})
	if len(series) != 1 || dropped != 1000-maxBuckets || series[0].Histogram.Count != 999 || len(series[0].Histogram.Buckets) > 3*(usualBuckets+3) {
		t.Errorf("%d dropped; %s", dropped, write(series))
	}
}

// Series of earlier pages are forgotten, also if the memory for mappings is full.
func TestTransformForgetsOtherPages(t *testing.T) {
	const limit = 10
	s := New(Options{Format: config.Prometheus, MaxSeries: limit})
	counter := func(label string) {
		name := "label___" + label + "___moodring_predictions_total"
		s.Add(scrape.Sample{Series: name, Name: name, Value: 1})
	}
	for page := range 1000 {
		s.Begin()
		for i := range 100 {
			counter(fmt.Sprintf("0x%dGG", i)) // not a valid label
		}
		counter(fmt.Sprintf("l%d", page))
		if series, dropped := s.End(time.Time{}, time.Time{}); len(series) != 1 || dropped != 100 || held(s) > limit*(mappingLimit+2*entryLimit) {
			t.Fatalf("page %d: %d series, %d dropped; %d bytes are remembered", page, len(series), dropped, held(s))
		}
	}
}

// lies returns samples of new series. length is that of a part of their names.
func lies(length, page, i int) []scrape.Sample {
	word := fmt.Sprintf("%0*d", length, 1000*page+i)
	plugins, owner, upstream := "label___"+word+"___moodring_predictions_total", "envoy_http_"+word+"_rbac_allowed", "envoy_cluster_upstream_rq_time"
	le := scrape.Label{Name: "le", Value: fmt.Sprint(i)}
	cluster := scrape.Label{Name: "envoy_cluster_name", Value: word}
	return []scrape.Sample{
		{Series: plugins, Name: plugins, Value: 1},
		{Series: owner, Name: owner, Value: 1},
		{Series: upstream + word, Name: upstream + "_count", Labels: []scrape.Label{cluster}, Value: 1},
		{Series: upstream + word + "le", Name: upstream + "_bucket", Labels: []scrape.Label{cluster, le}, Value: 1},
		{Series: upstream + word + "bad", Name: upstream + "_bucket", Labels: []scrape.Label{{Name: "envoy_cluster_name", Value: word + "bad"}}, Value: 1},
		{Series: fmt.Sprint("t", i), Name: upstream + "_bucket", Labels: []scrape.Label{le}, Value: 1},
	}
}

// held counts the bytes that the Transformer remembers.
func held(s *Transformer) int {
	size := 0
	for series := range s.mappings {
		size += len(series) + overhead
	}
	for key, e := range s.entries {
		size += int(key.ByteSize()) + len(e.labels.Bytes(nil)) + overhead
	}
	return size
}

// Earlier pages do not change the result.
func TestTransformDependsOnThePageAlone(t *testing.T) {
	istio, unfiltered := read(t, "istio.prom"), read(t, "istio-unfiltered.prom")
	half := istio[:strings.LastIndexByte(istio[:len(istio)/2], '\n')+1]
	restarted := strings.ReplaceAll(strings.ReplaceAll(istio, "} 1", "} 2"), `label="joy"`, `label="grief"`)
	s := New(Options{Format: config.Prometheus, Labels: labels.FromStrings("gateway", "g"), MaxSeries: 1000})
	for i, page := range []string{istio, istio, half, restarted, "", unfiltered, restarted, half, istio} {
		want, wantDropped := transformed(t, config.Prometheus, page)
		got, dropped := transformedBy(t, s, page)
		if diff := cmp.Diff(want, got); diff != "" || dropped != wantDropped {
			t.Errorf("page %d: %d dropped, want %d; series (-fresh +used):\n%s", i, dropped, wantDropped, diff)
		}
		s.Begin() // a page that is not ended
		s.Add(scrape.Sample{Series: "x", Name: "label___joy___moodring_predictions_total", Value: 1e9})
	}
}

func FuzzTransform(f *testing.F) {
	f.Add("label___joy___moodring_predictions_total{} 6\n", "label___joy___moodring_predictions_total{} 7\nenvoy_http_a_rbac_allowed{} 1\n")
	f.Add(read(f, "istio.prom")[:3000], read(f, "default.prom")[:3000])
	f.Fuzz(func(t *testing.T, before, page string) {
		options := Options{Format: config.Prometheus, Labels: labels.FromStrings("gateway", "g"), MaxSeries: 5}
		used, fresh := New(options), New(options)
		addAll(used, before)
		used.End(time.Time{}, time.Time{})
		addAll(used, page)
		addAll(fresh, page)
		got, dropped := used.End(time.Time{}, time.Time{})
		want, wantDropped := fresh.End(time.Time{}, time.Time{})
		if diff := cmp.Diff(write(want), write(got)); diff != "" || dropped != wantDropped {
			t.Errorf("%d dropped, want %d; series (-fresh +used):\n%s", dropped, wantDropped, diff)
		}
	})
}

// addAll adds the samples before the page's first error.
func addAll(s *Transformer, page string) {
	s.Begin()
	_ = new(scrape.TextReader).Read(strings.NewReader(page), 64<<10, s.Add)
}

func BenchmarkTransform(b *testing.B) {
	page := read(b, "istio.prom")
	s := New(Options{Format: config.Prometheus, Labels: labels.FromStrings("gateway", "g"), MaxSeries: 1000})
	reader := new(scrape.TextReader)
	b.ReportAllocs()
	for b.Loop() {
		s.Begin()
		_ = reader.Read(strings.NewReader(page), 64<<10, s.Add)
		s.End(time.Time{}, time.Time{})
	}
}
