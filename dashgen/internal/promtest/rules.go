package promtest

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"go.yaml.in/yaml/v3"

	"github.com/moodring/moodring/dashgen/internal/rules"
)

// Rules are evaluated at each interval of the last recordedRange.
const (
	interval      = time.Minute
	recordedRange = 5 * time.Minute
)

// record evaluates the recording rules of the rule files up to the time at, in
// their order. Alerting rules are left out: dashgen/conform tests them with
// Prometheus's own rule manager.
func record(t testing.TB, stored *memory, engine *promql.Engine, files []string, at time.Duration) {
	t.Helper()
	var all []rules.Rule
	for _, file := range files {
		var content rules.RuleFile
		decoder := yaml.NewDecoder(strings.NewReader(file))
		decoder.KnownFields(true)
		if err := decoder.Decode(&content); err != nil {
			t.Fatal(err)
		}
		for _, group := range content.Groups {
			all = append(all, group.Rules...)
		}
	}
	for now := at - recordedRange; now <= at; now += interval {
		for _, rule := range all {
			if rule.Record != "" {
				recordAt(t, stored, engine, rule, time.Unix(0, 0).Add(now))
			}
		}
	}
}

// recordAt stores the result of a rule's query at one time.
func recordAt(t testing.TB, stored *memory, engine *promql.Engine, rule rules.Rule, now time.Time) {
	t.Helper()
	query, err := engine.NewInstantQuery(t.Context(), stored, nil, rule.Expr, now)
	if err != nil {
		t.Fatalf("%s: %v", rule.Record, err)
	}
	defer query.Close()
	vector, err := query.Exec(t.Context()).Vector()
	if err != nil {
		t.Fatalf("%s: %v", rule.Record, err)
	}
	for _, sample := range vector {
		series := labels.NewBuilder(sample.Metric).Set("__name__", rule.Record)
		for name, value := range rule.Labels {
			series.Set(name, value)
		}
		if err := stored.append(series.Labels(), now.UnixMilli(), sample.F); err != nil {
			t.Fatalf("%s: %v", rule.Record, err)
		}
	}
}
