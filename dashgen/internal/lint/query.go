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

// query is a query of a dashboard, and its place.
type query struct {
	place    string
	expr     string
	parsed   parser.Expr // nil if expr is not valid PromQL
	err      error
	overTime bool
	isPanel  bool // false for an annotation
}

// queries returns the PromQL of panels and annotations.
func (d Dashboard) queries() []query {
	var all []query
	add := func(q query) {
		q.parsed, q.err = d.parse(q.expr)
		all = append(all, q)
	}
	for _, p := range d.panels() {
		for _, t := range p.Targets {
			if t.Expr != "" {
				add(query{place: p.name(), expr: t.Expr, isPanel: true, overTime: p.Type == "timeseries" || p.Type == "graph"})
			}
		}
	}
	for _, a := range d.Annotations.List {
		if expr := cmp.Or(a.Expr, a.Target.Expr); expr != "" {
			add(query{place: "annotation " + a.Name, expr: expr})
		}
	}
	return all
}

// intervals replaces Grafana's intervals by durations. Only $__rate_interval has
// the duration rateInterval, so that a rule recognises it after parsing.
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

// fill returns a value for a variable: the selected value, or a value that is
// valid in most places.
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

// visit calls f for each selector of a query that names a metric. The nodes
// around the selector are outermost first.
func (q query) visit(f func(s *parser.VectorSelector, above []parser.Node)) {
	if q.parsed == nil {
		return
	}
	parser.Inspect(q.parsed, func(node parser.Node, above []parser.Node) error {
		if s, ok := node.(*parser.VectorSelector); ok && name(s) != "" {
			f(s, above)
		}
		return nil
	})
}

// name returns the metric that a selector names; "" if the name is a pattern.
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

// function returns the name of the innermost function call around a selector.
func function(above []parser.Node) string {
	for _, node := range slices.Backward(above) {
		if call, ok := node.(*parser.Call); ok {
			return call.Func.Name
		}
	}
	return ""
}

// counterFunctions are the functions that make sense on a counter.
var counterFunctions = []string{"rate", "irate", "increase", "resets", "changes", "absent", "absent_over_time", "timestamp", "present_over_time", "count_over_time"}

// known returns the metric of the contract to which a series belongs.
func known(series string) (contract.Metric, bool) {
	if m, ok := contract.Find(series); ok {
		return m, true
	}
	metric, _, _ := contract.CutPart(series)
	m, ok := contract.Find(metric)
	return m, ok && m.Type == contract.Histogram
}

// recordedLabels returns the labels of a series that our rules record, or that
// Prometheus records for our alerts.
func recordedLabels(series string) ([]string, bool) {
	all := board.All()
	for _, r := range slices.Concat(all.Recordings, all.Baselines, all.Others) {
		if r.Name == series {
			return r.Labels, true
		}
	}
	return nil, false
}

// kind returns the type of a series by the source of c, by the contract, or by
// the suffixes of Prometheus's naming practices. If the type is unknown, kind
// returns "".
func (c Context) kind(series string) contract.Type {
	metric, _, _ := contract.CutPart(series)
	m, inContract := known(series)
	switch whole := c.Types[metric]; {
	case c.Types[series] != "":
		return c.Types[series]
	case whole == contract.Histogram || whole == "summary":
		return contract.Counter // all series of a histogram are counters
	case inContract && m.Name == series:
		return m.Type
	case inContract:
		return contract.Counter
	}
	hasSuffix := func(suffix string) bool { return strings.HasSuffix(series, suffix) }
	switch {
	case slices.ContainsFunc(append(contract.Parts(), "_total"), hasSuffix):
		return contract.Counter
	case slices.ContainsFunc([]string{"_info", "_ratio", "_celsius", "_timestamp_seconds"}, hasSuffix):
		return contract.Gauge
	}
	return ""
}
