package lint

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/board"
)

// asked is a query in a dashboard and where it stands.
type asked struct {
	place    string
	expr     string
	parsed   parser.Expr // nil when it is no PromQL
	err      error
	overTime bool
	panel    bool // and not an annotation
}

// queries returns the PromQL of panels and annotations.
func (d Dashboard) queries() []asked {
	var all []asked
	add := func(a asked) {
		a.parsed, a.err = d.parse(a.expr)
		all = append(all, a)
	}
	for _, p := range d.panels() {
		for _, t := range p.Targets {
			if t.Expr != "" {
				add(asked{place: p.name(), expr: t.Expr, panel: true, overTime: p.Type == "timeseries" || p.Type == "graph"})
			}
		}
	}
	for _, a := range d.Annotations.List {
		if expr := cmp.Or(a.Expr, a.Target.Expr); expr != "" {
			add(asked{place: "annotation " + a.Name, expr: expr})
		}
	}
	return all
}

// The intervals that Grafana makes up, each as a duration of its own, so that a
// rule can tell them apart after parsing.
var intervals = strings.NewReplacer(
	"$__rate_interval", rateInterval, "${__rate_interval}", rateInterval,
	"$__interval_ms", "15000", "${__interval_ms}", "15000",
	"$__interval", "15s", "${__interval}", "15s",
	"$__range_s", "3600", "${__range_s}", "3600", "$__range_ms", "3600000", "${__range_ms}", "3600000",
	"$__range", "1h", "${__range}", "1h",
)

const rateInterval = "1234567ms"

// variable matches $name, ${name:format} and [[name]].
var variable = regexp.MustCompile(`\$(\w+)|\$\{(\w+)(?:[.:][^}]*)?\}|\[\[(\w+)(?::\w+)?\]\]`)

func (d Dashboard) parse(expr string) (parser.Expr, error) {
	filled := variable.ReplaceAllStringFunc(intervals.Replace(expr), d.fill)
	return parser.NewParser(parser.Options{EnableExperimentalFunctions: true}).ParseExpr(filled)
}

// fill puts a value in for a variable: the one that is chosen, or one that can
// stand in most places.
func (d Dashboard) fill(reference string) string {
	name := variableName(reference)
	for _, v := range d.Templating.List {
		if v.Name != name {
			continue
		}
		if value := v.value(); value != "" {
			return value
		}
		if v.Type == "interval" {
			return "5m"
		}
	}
	return name
}

func variableName(reference string) string {
	groups := variable.FindStringSubmatch(reference)
	return groups[1] + groups[2] + groups[3]
}

// visit calls f for each metric that a query selects, with the nodes above it,
// outermost first.
func (a asked) visit(f func(s *parser.VectorSelector, above []parser.Node)) {
	if a.parsed == nil {
		return
	}
	parser.Inspect(a.parsed, func(node parser.Node, above []parser.Node) error {
		if s, ok := node.(*parser.VectorSelector); ok && name(s) != "" {
			f(s, above)
		}
		return nil
	})
}

// name is a selector's metric; empty when it selects by pattern.
func name(s *parser.VectorSelector) string {
	if s.Name != "" {
		return s.Name
	}
	for _, m := range s.LabelMatchers {
		if m.Name == "__name__" && m.Type.String() == "=" {
			return m.Value
		}
	}
	return ""
}

// function is the innermost function that is called above a selector.
func function(above []parser.Node) string {
	for _, node := range slices.Backward(above) {
		if call, ok := node.(*parser.Call); ok {
			return call.Func.Name
		}
	}
	return ""
}

// growth are the functions that a counter makes sense under.
var growth = []string{"rate", "irate", "increase", "resets", "changes", "absent", "absent_over_time", "timestamp", "present_over_time", "count_over_time"}

// known is the row of the contract that a series belongs to.
func known(series string) (contract.Metric, bool) {
	for _, suffix := range []string{"", "_bucket", "_sum", "_count"} {
		base, ok := strings.CutSuffix(series, suffix)
		if m, found := contract.Find(base); ok && found && (suffix == "" || m.Type == contract.Histogram) {
			return m, true
		}
	}
	return contract.Metric{}, false
}

// recordedLabels are the labels of a series that our rules record, or Prometheus
// of our alerts.
func recordedLabels(series string) ([]string, bool) {
	all := board.All()
	for _, r := range slices.Concat(all.Recordings, all.Baselines, all.Others) {
		if r.Name == series {
			return r.Labels, true
		}
	}
	return nil, false
}

// kind is a series' type as far as it is known: from Prometheus, the contract,
// or the endings that Prometheus's naming practices keep for it.
func (c Context) kind(series string) contract.Type {
	for _, suffix := range []string{"", "_bucket", "_sum", "_count"} {
		if base, ok := strings.CutSuffix(series, suffix); ok {
			if t, found := c.Types[base]; found && (suffix == "" || t == contract.Histogram || t == "summary") {
				return part(t, suffix)
			}
		}
	}
	if m, ok := known(series); ok {
		return part(m.Type, strings.TrimPrefix(series, m.Name))
	}
	for _, suffix := range []string{"_total", "_bucket", "_count", "_sum"} {
		if strings.HasSuffix(series, suffix) {
			return contract.Counter
		}
	}
	for _, suffix := range []string{"_info", "_ratio", "_celsius", "_timestamp_seconds"} {
		if strings.HasSuffix(series, suffix) {
			return contract.Gauge
		}
	}
	return ""
}

// part is the type of a part of a metric: all of a histogram's count up.
func part(t contract.Type, suffix string) contract.Type {
	if suffix != "" {
		return contract.Counter
	}
	return t
}
