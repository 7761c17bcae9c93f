package promtest

import (
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/util/teststorage"
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
	var rules []rulefmt.Rule
	for _, file := range files {
		groups, errs := rulefmt.Parse([]byte(file), false, model.UTF8Validation, parser.NewParser(parser.Options{}), promslog.NewNopLogger())
		for _, err := range errs {
			t.Fatal(err)
		}
		for _, group := range groups.Groups {
			rules = append(rules, group.Rules...)
		}
	}
	for now := at - while; now <= at; now += interval {
		for _, rule := range rules {
			if rule.Record != "" {
				recordAt(t, stored, engine, rule, time.Unix(0, 0).Add(now))
			}
		}
	}
}

func recordAt(t testing.TB, stored *teststorage.TestStorage, engine *promql.Engine, rule rulefmt.Rule, now time.Time) {
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
