package conform

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/rules"
	"go.yaml.in/yaml/v3"

	"github.com/moodring/moodring/dashgen/internal/board"
)

// testFile holds the fields of a promtool test file that these tests use.
type testFile struct {
	RuleFiles []string       `yaml:"rule_files"`
	Interval  model.Duration `yaml:"evaluation_interval"`
	Tests     []testGroup    `yaml:"tests"`
}

type testGroup struct {
	Name     string         `yaml:"name"`
	Interval model.Duration `yaml:"interval"`
	Series   []struct {
		Series string `yaml:"series"`
		Values string `yaml:"values"`
	} `yaml:"input_series"`
	Exprs []struct {
		Expr    string         `yaml:"expr"`
		At      model.Duration `yaml:"eval_time"`
		Samples []struct {
			Labels string  `yaml:"labels"`
			Value  float64 `yaml:"value"`
		} `yaml:"exp_samples"`
	} `yaml:"promql_expr_test"`
}

const alerts = "testdata/alerts.yaml"

func read(t *testing.T) testFile {
	t.Helper()
	text, err := os.ReadFile(alerts)
	if err != nil {
		t.Fatal(err)
	}
	var file testFile
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		t.Fatalf("%s: %v", alerts, err)
	}
	return file
}

// TestAlerts runs the promtool test file with Prometheus's own rule manager.
func TestAlerts(t *testing.T) {
	file := read(t)
	for _, group := range file.Tests {
		t.Run(group.Name, func(t *testing.T) { group.run(t, file) })
	}
}

func (g testGroup) run(t *testing.T, file testFile) {
	var load strings.Builder
	fmt.Fprintf(&load, "load %s\n", g.Interval)
	for _, s := range g.Series {
		fmt.Fprintf(&load, "  %s %s\n", s.Series, s.Values)
	}
	stored := promqltest.LoadedStorage(t, load.String())
	engine := promqltest.NewTestEngine(t, false, 0, promqltest.DefaultMaxSamplesPerQuery)
	manager := rules.NewManager(&rules.ManagerOptions{
		QueryFunc:  rules.EngineQueryFunc(engine, stored),
		Appendable: stored, Queryable: stored, Context: t.Context(),
		NotifyFunc: func(context.Context, string, ...*rules.Alert) {},
		Logger:     promslog.NewNopLogger(),
		Parser:     parser.NewParser(parser.Options{}),
	})
	loaded := groups(t, manager, file)
	for now := time.Duration(0); now <= g.end(); now += time.Duration(file.Interval) {
		for _, group := range loaded {
			evaluate(t, group, time.Unix(0, 0).Add(now))
		}
	}
	for _, e := range g.Exprs {
		want := []string{}
		for _, s := range e.Samples {
			series, err := parser.NewParser(parser.Options{}).ParseMetric(s.Labels)
			if err != nil {
				t.Fatalf("%s: %v", s.Labels, err)
			}
			want = append(want, fmt.Sprintf("%s %g", series, s.Value))
		}
		slices.Sort(want)
		at := time.Unix(0, 0).Add(time.Duration(e.At))
		query, err := engine.NewInstantQuery(t.Context(), stored, nil, e.Expr, at)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, answer(t, query)); diff != "" {
			t.Errorf("%s at %s: -want +got:\n%s", e.Expr, e.At, diff)
		}
		query.Close()
	}
}

func (g testGroup) end() time.Duration {
	var end time.Duration
	for _, e := range g.Exprs {
		end = max(end, time.Duration(e.At))
	}
	return end
}

// groups returns the rule groups in the order of their dependencies.
func groups(t *testing.T, manager *rules.Manager, file testFile) []*rules.Group {
	t.Helper()
	var names []string
	for _, name := range file.RuleFiles {
		names = append(names, filepath.Join("testdata", name))
	}
	loaded, errs := manager.LoadGroups(time.Duration(file.Interval), labels.EmptyLabels(), "", nil, false, names...)
	for _, err := range errs {
		t.Fatal(err)
	}
	order := []string{"moodring-baseline-m", "moodring-recordings", "moodring-alerts"}
	var all []*rules.Group
	for _, group := range loaded {
		all = append(all, group)
	}
	slices.SortFunc(all, func(a, b *rules.Group) int {
		return slices.Index(order, a.Name()) - slices.Index(order, b.Name())
	})
	if len(all) != len(order) {
		t.Fatalf("got %d groups of rules, want %q", len(all), order)
	}
	return all
}

func evaluate(t *testing.T, group *rules.Group, now time.Time) {
	t.Helper()
	for _, rule := range group.Rules() {
		if alert, ok := rule.(*rules.AlertingRule); ok {
			alert.SetRestored(true) // there is no state from before a restart to wait for
		}
	}
	group.Eval(t.Context(), now)
	for _, rule := range group.Rules() {
		if err := rule.LastError(); err != nil {
			t.Fatalf("rule %s: %v", rule.Name(), err)
		}
	}
}

func answer(t *testing.T, query promql.Query) []string {
	t.Helper()
	vector, err := query.Exec(t.Context()).Vector()
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{}
	for _, sample := range vector {
		lines = append(lines, fmt.Sprintf("%s %g", sample.Metric, sample.F))
	}
	slices.Sort(lines)
	return lines
}

// TestEachAlertFires checks that each alert fires in one case. In the first case
// no alert fires, so that case must have all metrics that alerts query.
func TestEachAlertFires(t *testing.T) {
	file := read(t)
	fires := map[string]bool{}
	for _, group := range file.Tests {
		for _, e := range group.Exprs {
			for _, s := range e.Samples {
				if _, rest, ok := strings.Cut(s.Labels, `alertname="`); ok {
					name, _, _ := strings.Cut(rest, `"`)
					fires[name] = true
				}
			}
		}
	}
	watched := file.Tests[0].Series
	for _, a := range board.All().Alerts() {
		if !fires[a.Name] {
			t.Errorf("%s: no case of %s lets it fire", a.Name, alerts)
		}
		for _, metric := range a.Expr.Metrics() {
			found := false
			for _, s := range watched {
				found = found || strings.HasPrefix(s.Series, metric)
			}
			if !found {
				t.Errorf("%s: the case in which nothing fires has no %s", a.Name, metric)
			}
		}
	}
}
