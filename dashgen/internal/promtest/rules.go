package promtest

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/util/teststorage"
	"go.yaml.in/yaml/v3"

	"github.com/moodring/moodring/dashgen/internal/rules"
)

// Rules are evaluated each interval, in the last while before the end.
const (
	interval = time.Minute
	while    = 5 * time.Minute
)

// record evaluates what the rule files record, in the last while before at, in the
// order in which it stands there. Alerts are another module's to test, with
// Prometheus's own rule manager.
func record(t testing.TB, stored *teststorage.TestStorage, engine *promql.Engine, files []string, at time.Duration) {
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
	for now := at - while; now <= at; now += interval {
		for _, rule := range all {
			if rule.Record != "" {
				recordAt(t, stored, engine, rule, time.Unix(0, 0).Add(now))
			}
		}
	}
}

func recordAt(t testing.TB, stored *teststorage.TestStorage, engine *promql.Engine, rule rules.Rule, now time.Time) {
	t.Helper()
	asked, err := engine.NewInstantQuery(t.Context(), stored, nil, rule.Expr, now)
	if err != nil {
		t.Fatalf("%s: %v", rule.Record, err)
	}
	defer asked.Close()
	vector, err := asked.Exec(t.Context()).Vector()
	if err != nil {
		t.Fatalf("%s: %v", rule.Record, err)
	}
	appender := stored.Appender(t.Context())
	for _, sample := range vector {
		series := labels.NewBuilder(sample.Metric).Set("__name__", rule.Record)
		for name, value := range rule.Labels {
			series.Set(name, value)
		}
		if _, err := appender.Append(0, series.Labels(), now.UnixMilli(), sample.F); err != nil {
			t.Fatalf("%s: %v", rule.Record, err)
		}
	}
	if err := appender.Commit(); err != nil {
		t.Fatalf("%s: %v", rule.Record, err)
	}
}
