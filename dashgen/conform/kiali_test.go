package conform

import (
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/kiali/kiali/config/dashboards"
	"gopkg.in/yaml.v2"

	"github.com/moodring/moodring/contract"
)

// kialiConfig holds the dashboards of Kiali's configuration, under the key of
// Kiali's config.Config.
type kialiConfig struct {
	CustomDashboards dashboards.MonitoringDashboardsList `yaml:"custom_dashboards"`
}

func customDashboards(t *testing.T) dashboards.MonitoringDashboardsList {
	t.Helper()
	var config kialiConfig
	if err := yaml.UnmarshalStrict(file(t, "kiali.yaml"), &config); err != nil {
		t.Fatal(err)
	}
	return config.CustomDashboards
}

// TestKialiReads checks that Kiali's types have every field, and that Kiali can
// draw each chart.
func TestKialiReads(t *testing.T) {
	list := customDashboards(t)
	if len(list) != 1 {
		t.Fatalf("got %d dashboards, want 1", len(list))
	}
	if _, ok := contract.Find(list[0].DiscoverOn); !ok {
		t.Errorf("discovered by %s, which is not in the contract", list[0].DiscoverOn)
	}
	types := map[contract.Type]string{contract.Counter: dashboards.Rate, contract.Gauge: dashboards.Raw, contract.Histogram: dashboards.Histogram}
	names := map[string]bool{}
	for _, item := range list[0].Items {
		chart := item.Chart
		metric, ok := contract.Find(chart.MetricName)
		if !ok || chart.DataType != types[metric.Type] || chart.Name == "" || names[chart.Name] || chart.Spans != 4 {
			t.Errorf("chart %+v of %+v", chart, metric)
		}
		names[chart.Name] = true
		labels := slices.Clone(chart.GroupLabels)
		for _, a := range chart.Aggregations {
			labels = append(labels, a.Label)
		}
		slices.Sort(labels)
		if diff := cmp.Diff(slices.Sorted(slices.Values(metric.Labels)), labels); diff != "" {
			t.Errorf("chart %s: labels -want +got:\n%s", chart.Name, diff)
		}
	}
	if want := len(contract.Metrics()) - 1; len(list[0].Items) != want {
		t.Errorf("got %d charts, want %d: all metrics but the build", len(list[0].Items), want)
	}
	merged := dashboards.AddMonitoringDashboards(dashboards.GetBuiltInMonitoringDashboards(), list)
	if _, ok := merged.OrganizeByName()["moodring"]; !ok {
		t.Error("Kiali leaves the dashboard out beside its own")
	}
}

// TestKialiPatch checks that the annotation holds the same dashboards.
func TestKialiPatch(t *testing.T) {
	var patch struct {
		Metadata struct {
			Annotations map[string]string
		}
	}
	if err := yaml.UnmarshalStrict(file(t, "kiali-patch.yaml"), &patch); err != nil {
		t.Fatal(err)
	}
	got := dashboards.GetNamespaceMonitoringDashboards("istio-system", patch.Metadata.Annotations)
	if diff := cmp.Diff(customDashboards(t), got); diff != "" {
		t.Errorf("-config +annotation:\n%s", diff)
	}
}

// file reads one of the committed files.
func file(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("../../dashboards/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
