package transform

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/config"
)

// upstreams returns the upstreams of a page that has the counts of these times.
func upstreams(t *testing.T, format config.Format, times ...string) []string {
	t.Helper()
	var page strings.Builder
	for _, time := range times {
		if format == config.JSON {
			fmt.Fprintf(&page, `,{"name":"cluster.%s.upstream_rq_time","totals":[{"lower_bound":0,"width":0,"count":3}]}`, time)
		} else {
			fmt.Fprintf(&page, "envoy_cluster_%s 3\n", time)
		}
	}
	text := page.String()
	if format == config.JSON {
		text = `{"stats":[{"histograms":{"details":[` + strings.TrimPrefix(text, ",") + `]}}]}`
	}
	s := New(Options{Format: format, Labels: labels.FromStrings("gateway", "g"), MaxSeries: 1000})
	series, _ := transformedBy(t, s, text)
	again, _ := transformedBy(t, s, text)
	if diff := cmp.Diff(series, again); diff != "" {
		t.Errorf("a second page differs (-first +second):\n%s", diff)
	}
	var found []string
	for _, match := range regexp.MustCompile(`upstream="([^"]*)"`).FindAllStringSubmatch(series, -1) {
		found = append(found, match[1])
	}
	return found
}

// A cluster whose name ends like a time by origin keeps its times, and a time by
// origin is no cluster.
func TestUpstreamsWithNamesOfOrigins(t *testing.T) {
	for name, test := range map[string]struct {
		format config.Format
		times  []string
		want   []string
	}{
		"a cluster by origin":                 {config.JSON, []string{"m", "m.internal", "m.external", "m.canary", "m.zone.a.b"}, []string{"m"}},
		"a cluster *.internal":                {config.JSON, []string{"models.corp.internal", "models.corp.internal.internal", "models.corp.internal.external"}, []string{"models.corp.internal"}},
		"without the times by origin":         {config.JSON, []string{"models.corp.internal"}, []string{"models.corp.internal"}},
		"beside its parent":                   {config.JSON, []string{"corp", "corp.internal", "corp.internal.external"}, []string{"corp", "corp.internal"}},
		"a cluster *.canary":                  {config.JSON, []string{"m", "m.external", "m.canary", "m.canary.external", "m.canary.canary"}, []string{"m", "m.canary"}},
		"a cluster with a zone":               {config.JSON, []string{"m.zone.eu", "m.zone.eu.internal", "m.zone.eu.zone.a.b"}, []string{"m.zone.eu"}},
		"clusters that are called so":         {config.JSON, []string{"internal", "internal.internal", "external", "external.internal"}, []string{"external", "internal"}},
		"Istio's names":                       {config.JSON, []string{"outbound|80||a.internal;", "outbound|80||a.internal;.internal"}, []string{"outbound|80||a.internal"}},
		"mangled":                             {config.Prometheus, []string{"my_internal_upstream_rq_time_count", "my_internal_external_upstream_rq_time_count"}, []string{"my_internal"}},
		"mangled, by origin":                  {config.Prometheus, []string{"my_upstream_rq_time_count", "my_internal_upstream_rq_time_count"}, []string{"my"}},
		"with a tag, up to the first dot":     {config.Prometheus, []string{`corp_internal_upstream_rq_time_count{envoy_cluster_name="models"}`, `corp_internal_external_upstream_rq_time_count{envoy_cluster_name="models"}`}, []string{"models.corp_internal"}},
		"with a tag, by origin":               {config.Prometheus, []string{`upstream_rq_time_count{envoy_cluster_name="models"}`, `internal_upstream_rq_time_count{envoy_cluster_name="models"}`}, []string{"models"}},
		"with a tag that ends like an origin": {config.Prometheus, []string{`upstream_rq_time_count{envoy_cluster_name="a"}`, `upstream_rq_time_count{envoy_cluster_name="a_internal"}`}, []string{"a", "a_internal"}},
	} {
		if diff := cmp.Diff(test.want, upstreams(t, test.format, test.times...)); diff != "" {
			t.Errorf("%s: upstreams (-want +got):\n%s", name, diff)
		}
	}
}

// A time by origin takes no place of another series, and a rule can use it.
func TestTimesByOriginAreLeftToRules(t *testing.T) {
	options := Options{Format: config.Prometheus, MaxSeries: 2, Rules: []config.Rule{{
		Match: relabel.MustNewRegexp("envoy_cluster_(canary)_upstream_rq_time"), Name: "canary_milliseconds", Type: contract.Histogram, Scale: 1, Labels: map[string]string{},
	}}}
	got, dropped := transformedBy(t, New(options), "envoy_cluster_a_internal_upstream_rq_time_count 3\n"+
		`envoy_cluster_upstream_rq_time_count{envoy_cluster_name="a"} 3`+"\n"+
		`envoy_cluster_internal_upstream_rq_time_count{envoy_cluster_name="a"} 3`+"\n"+
		`envoy_cluster_canary_upstream_rq_time_count{envoy_cluster_name="a"} 1`+"\n")
	const want = "canary_milliseconds{} sum=0 count=1\n" + `moodring_gateway_upstream_duration_seconds{upstream="a"} sum=0 count=3` + "\n"
	if got != want || dropped != 1 {
		t.Errorf("got %d dropped and\n%s", dropped, got)
	}
}
