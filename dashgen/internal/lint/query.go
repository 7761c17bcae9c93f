package lint

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"sync"

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
	isPanel  bool   // false for an annotation
	unit     string // of the panel's values; "" if series of the panel have units of their own
	// repeated are the variables that the panel, or its row, is repeated for.
	repeated []string
}

// queries returns the queries of panels and annotations that Prometheus, or a
// database with its language, evaluates.
func (d Dashboard) queries() []query {
	var all []query
	add := func(q query, sources ...json.RawMessage) {
		language := d.language(sources...)
		if q.expr == "" || language == otherLanguage {
			return
		}
		q.parsed, q.err = d.parse(q.expr)
		if q.err != nil && (language == metricsQL || language == unknownLanguage && logQL.MatchString(q.expr)) {
			return
		}
		all = append(all, q)
	}
	for _, p := range d.placed() {
		unit := p.unit()
		if p.overridesUnit() {
			unit = ""
		}
		for _, t := range p.Targets {
			add(query{place: p.name(), expr: t.Expr, isPanel: true, overTime: p.overTime(), unit: unit, repeated: p.repeated}, t.Datasource, p.Datasource)
		}
	}
	for _, a := range d.Annotations.List {
		add(query{place: "annotation " + a.Name, expr: cmp.Or(a.Expr, a.Target.Expr)}, a.Datasource)
	}
	return all
}

func (p Panel) overTime() bool { return p.Type == "timeseries" || p.Type == "graph" }

// placedPanel is a panel, and the variables that it, or its row, is repeated for.
type placedPanel struct {
	Panel
	repeated []string
}

// placed returns all panels with the variables that they are repeated for. The
// panels of an open row follow it, and those of a collapsed row are inside it.
func (d Dashboard) placed() []placedPanel {
	all := placedIn(d.Panels, "")
	for _, row := range d.Rows {
		all = append(all, placedIn(row.Panels, row.Repeat)...)
	}
	return all
}

func placedIn(panels []Panel, row string) []placedPanel {
	var all []placedPanel
	for _, p := range panels {
		if p.Type == "row" {
			row = p.Repeat
			all = append(all, placedIn(p.Panels, row)...)
			continue
		}
		all = append(all, placedPanel{p, []string{row, p.Repeat}})
	}
	return all
}

// intervals replaces Grafana's intervals by durations. Only $__rate_interval has
// the duration rateInterval, so that a rule recognises it after parsing.
var intervals = strings.NewReplacer(
	"$__rate_interval_ms", "1234567", "${__rate_interval_ms}", "1234567",
	"$__rate_interval", rateInterval, "${__rate_interval}", rateInterval,
	"$__interval_ms", "15000", "${__interval_ms}", "15000",
	"$__interval", "15s", "${__interval}", "15s",
	"$__range_s", "3600", "${__range_s}", "3600", "$__range_ms", "3600000", "${__range_ms}", "3600000",
	"$__range", "1h", "${__range}", "1h",
)

const rateInterval = "1234567ms"

// variable matches $name, ${name:format} and [[name]].
var variable = regexp.MustCompile(`\$(\w+)|\$\{(\w+)(?:[.:][^}]*)?\}|\[\[(\w+)(?::\w+)?\]\]`)

// placeholder replaces a variable with an unknown value inside a name. A metric with
// the placeholder in its name is an unknown metric.
const placeholder = "dashgenvariable"

// mostFillings is the number of ways in which the unknown variables of a query are
// replaced before the query counts as invalid.
const mostFillings = 256

// everyFeature enables the syntax that Prometheus reads only with a feature flag. The
// flags of the dashboard's Prometheus are not known.
var everyFeature = parser.Options{EnableExperimentalFunctions: true, ExperimentalDurationExpr: true, EnableExtendedRangeSelectors: true, EnableBinopFillModifiers: true}

// parse parses a query. It replaces each variable by its selected value, or by a
// name, a number or a duration: the first with which the query is valid. The tree
// that the parser returns beside an error has holes, and is left out.
func (d Dashboard) parse(expr string) (parser.Expr, error) {
	text := intervals.Replace(expr)
	names := variableNames(text)
	var first error
	for filling := range mostFillings {
		chosen := map[string]string{}
		rest := filling
		for _, name := range names {
			values := d.candidates(name, text)
			chosen[name] = values[rest%len(values)]
			rest /= len(values)
		}
		if rest > 0 {
			break // all fillings were tried
		}
		filled := variable.ReplaceAllStringFunc(text, func(reference string) string { return chosen[variableName(reference)] })
		parsed, err := parser.NewParser(everyFeature).ParseExpr(filled)
		if err == nil {
			return parsed, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// places lists places in a query, by the text before and after a variable, and values
// that are valid there.
var places = []struct {
	before, after *regexp.Regexp
	values        []string
}{
	{regexp.MustCompile(`(\[|:|\boffset\s+-?)\s*$`), regexp.MustCompile(``), []string{"5m"}},
	{regexp.MustCompile(`[{,]\s*$`), regexp.MustCompile(`^\s*[,}]`), []string{anyJob}},
	{regexp.MustCompile(`\w\s*$`), regexp.MustCompile("^\\s*[\"'`]"), []string{"=~"}},
	{regexp.MustCompile(`(^|[^\w:])$`), regexp.MustCompile(`^\s*((by|without)\b|\()`), []string{"sum", "rate"}},
	{regexp.MustCompile(`[\w)}\]]\s+$`), regexp.MustCompile(`^\s+[\w({]`), []string{">"}},
}

// anyJob is a matcher that every series has.
const anyJob = `job=~".*"`

// unknownValues returns the values to try for a variable with an unknown value, the
// likeliest first.
func unknownValues(name, text string) []string {
	var likely []string
	for _, at := range variable.FindAllStringIndex(text, -1) {
		if variableName(text[at[0]:at[1]]) != name {
			continue
		}
		for _, p := range places {
			if p.before.MatchString(text[:at[0]]) && p.after.MatchString(text[at[1]:]) {
				likely = append(likely, p.values...)
			}
		}
	}
	var values []string
	for _, value := range append(likely, placeholder, "1", "5m") {
		if !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	return values
}

// candidates returns the values to try for a variable in a query, the likeliest
// first.
func (d Dashboard) candidates(name, text string) []string {
	unknown := unknownValues(name, text)
	for _, v := range d.Templating.List {
		if v.Name != name {
			continue
		}
		if value := v.value(); value != "" {
			return append([]string{value}, unknown...)
		}
		if v.Type == "interval" {
			return []string{"5m"}
		}
	}
	return unknown
}

// variableNames returns the names of the variables in a text, each once.
func variableNames(text string) []string {
	var names []string
	for _, reference := range variable.FindAllString(text, -1) {
		if name := variableName(reference); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func variableName(reference string) string {
	groups := variable.FindStringSubmatch(reference)
	return groups[1] + groups[2] + groups[3]
}

// visit calls f for each selector of a query that names a metric, and not a
// variable. The nodes around the selector are outermost first.
func (q query) visit(f func(s *parser.VectorSelector, above []parser.Node)) {
	if q.parsed == nil {
		return
	}
	parser.Inspect(q.parsed, func(node parser.Node, above []parser.Node) error {
		if s, ok := node.(*parser.VectorSelector); ok && name(s) != "" && !strings.Contains(name(s), placeholder) {
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
var counterFunctions = []string{
	"rate", "irate", "increase", "resets", "changes", "delta", "idelta", "deriv", "absent", "absent_over_time", "timestamp", "present_over_time", "count_over_time",
}

// known returns the metric of the contract to which a series belongs.
func known(series string) (contract.Metric, bool) {
	if m, ok := contract.Find(series); ok {
		return m, true
	}
	metric, _, _ := contract.CutPart(series)
	m, ok := contract.Find(metric)
	return m, ok && m.Type == contract.Histogram
}

// ours returns our boards and rules, which take a while to build.
var ours = sync.OnceValue(board.All)

// recordedLabels returns the labels of a series that our rules record, or that
// Prometheus records for our alerts.
func recordedLabels(series string) ([]string, bool) {
	all := ours()
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
	return kindByName(series)
}

// amounts matches names of gauges that end in _total because they are the total of
// a stock, such as envoy_cluster_membership_total and memory_total.
var amounts = regexp.MustCompile(`(membership|members|memory|mem|swap|heap|disk|space|storage|capacity|size|pool|quota|limit|cores|cpus|slots|nodes|hosts|pods|replicas|shards|partitions|volumes|inodes|blocks|threads)_total$`)

// kindByName returns the type that a name alone tells. A name that ends in _count
// or _sum can also be a gauge: whether it belongs to a histogram is not known.
func kindByName(series string) contract.Type {
	hasSuffix := func(suffix string) bool { return strings.HasSuffix(series, suffix) }
	switch {
	case strings.HasSuffix(series, "_total") && !amounts.MatchString(series), hasSuffix(contract.SuffixBucket):
		return contract.Counter
	case slices.ContainsFunc([]string{"_info", "_ratio", "_percent", "_celsius", "_timestamp_seconds", "_created", "_boot_time_seconds"}, hasSuffix):
		return contract.Gauge
	}
	return ""
}
