package transform

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/moodring/moodring/exporter/internal/config"
)

func TestRules(t *testing.T) {
	const active = `envoy_cluster_upstream_cx_active{envoy_cluster_name="a"} 3
envoy_cluster_upstream_cx_active{envoy_cluster_name="b",gateway="theirs"} 4
envoy_server_live{} 1
`
	for name, test := range map[string]struct {
		rules   string
		page    string
		want    string
		dropped int
	}{
		"Envoy's labels stay": {
			`{match: envoy_cluster_upstream_cx_active, filter: x, name: connections, type: gauge}`, active,
			`connections{envoy_cluster_name="a",gateway="g"} 3
connections{envoy_cluster_name="b",exported_gateway="theirs",gateway="g"} 4
`, 0},
		"labels of a group, of a label, and fixed": {
			`{match: 'envoy_(?P<side>cluster|listener)_upstream_(.*)_active', filter: x, name: "active", type: gauge, labels: {side: "$side", kind: "${2}", upstream: "x/${envoy_cluster_name}", from: envoy}}`, active,
			`active{from="envoy",gateway="g",kind="cx",side="cluster",upstream="x/a"} 3
active{from="envoy",gateway="g",kind="cx",side="cluster",upstream="x/b"} 4
`, 0},
		"labels of many groups, and dollar signs": {
			`{match: '(e)(n)(v)(o)(y)(_)(s)(e)(r)(v)er_live', filter: x, name: "live", type: gauge, labels: {a: "$10", b: "${1}0", c: "$$5", d: "$$$10$"}}`, active,
			`live{a="v",b="e0",c="$5",d="$v$",gateway="g"} 1` + "\n", 0},
		"samples of the same labels add up": {
			`{match: envoy_cluster_upstream_cx_active, filter: x, name: connections, type: gauge, labels: {}}`, active,
			`connections{gateway="g"} 7` + "\n", 0},
		"the first rule counts": {
			`{match: envoy_server_live, filter: x, name: live, type: gauge}, {match: "envoy_server_.*", filter: x, name: "rest", type: gauge}`, active,
			`live{gateway="g"} 1` + "\n", 0},
		"a gauge may be below 0, a counter not": {
			`{match: a, filter: x, name: a, type: gauge}, {match: b, filter: x, name: b_total, type: counter}`, "a -1\nb -1\n",
			`a{gateway="g"} -1` + "\n", 1},
		"a counter in another unit": {
			`{match: a_ms, filter: x, name: a_seconds_total, type: counter, unit: seconds, scale: 0.001}`, "a_ms 25\n",
			`a_seconds_total{gateway="g"} 0.025` + "\n", 0},
		"a histogram": {
			`{match: envoy_listener_cx_length_ms, filter: x, name: length_seconds, type: histogram, scale: 0.001}`,
			`envoy_listener_cx_length_ms_bucket{l="a",le="5"} 1
envoy_listener_cx_length_ms_bucket{l="a",le="25"} 3
envoy_listener_cx_length_ms_bucket{l="a",le="+Inf"} 4
envoy_listener_cx_length_ms_sum{l="a"} 1250
envoy_listener_cx_length_ms_count{l="a"} 4
envoy_listener_cx_length_ms{l="a"} 4
envoy_listener_cx_length_ms_bucket{l="a",le="many"} 4
`, `length_seconds{gateway="g",l="a"} sum=1.25 count=4 0.005:1 0.025:3` + "\n", 2},
		"the contract comes before rules": {
			`{match: '.*', filter: x, name: other, type: gauge, labels: {}}`, "moodring_plugin_faults_total{} 2\n",
			`moodring_plugin_faults_total{gateway="g"} 2` + "\n", 0},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, err := config.Parse([]byte("rules: [" + test.rules + "]"))
			if err != nil {
				t.Fatal(err)
			}
			s := New(Options{Format: config.Prometheus, Labels: labels.FromStrings("gateway", "g"), Rules: cfg.Rules, MaxSeries: 100})
			for range 2 { // the second time with remembered mappings
				got, dropped := transformedBy(t, s, test.page)
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("series (-want +got):\n%s", diff)
				}
				if dropped != test.dropped {
					t.Errorf("%d dropped, want %d", dropped, test.dropped)
				}
			}
		})
	}
}
