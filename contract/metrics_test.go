package contract

import (
	"regexp"
	"strings"
	"testing"
)

// TestMetricsFollowPrometheusNaming checks Prometheus's naming practices: one
// prefix, snake case, base units, and _total for counters only.
func TestMetricsFollowPrometheusNaming(t *testing.T) {
	name := regexp.MustCompile(`^moodring(_[a-z]+)+$`)
	seen := map[string]bool{}
	for _, metric := range Metrics() {
		if !name.MatchString(metric.Name) || seen[metric.Name] {
			t.Errorf("%s: not snake case under the moodring prefix, or twice", metric.Name)
		}
		seen[metric.Name] = true
		if isTotal := strings.HasSuffix(metric.Name, "_total"); isTotal != (metric.Type == Counter) {
			t.Errorf("%s: is a %s", metric.Name, metric.Type)
		}
		if !strings.HasSuffix(metric.Help, ".") {
			t.Errorf("%s: no help sentence", metric.Name)
		}
		if isOwn := strings.HasPrefix(metric.Name, "moodring_exporter_"); len(metric.Labels) == 0 && !isOwn {
			t.Errorf("%s: no labels", metric.Name)
		}
	}
}

// TestStatsAreInTheContract checks that each of the plugin's counters belongs to an
// exported metric.
func TestStatsAreInTheContract(t *testing.T) {
	listed := map[string]bool{}
	for _, metric := range Metrics() {
		listed[metric.Name] = true
	}
	for _, stat := range Stats() {
		if metric, _ := SplitStat(stat); !listed[metric] {
			t.Errorf("%s is a part of %s, which is not a metric of the contract", stat, metric)
		}
	}
}
