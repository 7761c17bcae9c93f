package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/moodring/moodring/contract"
)

func unitMismatch() rule {
	return rule{
		name: "panel-unit-mismatch",
		rule: "The unit of a panel is the unit that the names of its metrics end in.",
		why:  "A metric in seconds under the unit `ms` looks a thousand times faster than it is. Use `s` for `_seconds`, `ms` for `_milliseconds`, `bytes` for `_bytes`, `percentunit` for `_ratio`: Grafana chooses the prefix. lint checks queries that do not calculate.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			for _, q := range d.queries() {
				q.visit(func(s *parser.VectorSelector, above []parser.Node) {
					wanted := unitOf(name(s))
					if wanted != nil && !slices.Contains(wanted, q.unit) && isScaled(q.unit) && keepsUnit(s, above) {
						report(q.place, fmt.Sprintf("has the unit %s, and %s needs %s", q.unit, name(s), wanted[0]))
					}
				})
			}
		},
	}
}

// scales are the units of time, of bytes and of shares (Grafana,
// packages/grafana-data, src/valueFormats/categories.ts). The first of each list is
// the unit of a metric whose name ends in the list's suffix.
var scales = []struct {
	suffix string
	units  []string
}{
	{"_seconds", []string{"s", "dtdurations", "clocks"}},
	{"_milliseconds", []string{"ms", "dtdurationms", "clockms"}},
	{"_ms", []string{"ms", "dtdurationms", "clockms"}},
	{"_microseconds", []string{"µs"}},
	{"_us", []string{"µs"}},
	{"_nanoseconds", []string{"ns"}},
	{"_minutes", []string{"m"}},
	{"_hours", []string{"h"}},
	{"_days", []string{"d"}},
	{"_bytes", []string{"bytes", "decbytes"}},
	{"_kilobytes", []string{"kbytes", "deckbytes"}},
	{"_megabytes", []string{"mbytes", "decmbytes"}},
	{"_gigabytes", []string{"gbytes", "decgbytes"}},
	{"_ratio", []string{"percentunit"}},
	{"_percent", []string{"percent"}},
}

// unitOf returns the units that fit a series; nil if its name has no unit.
func unitOf(series string) []string {
	metric := strings.TrimSuffix(series, "_total")
	if m, part, ok := contract.CutPart(series); ok && part != contract.SuffixCount {
		metric = m
	}
	for _, scale := range scales {
		if strings.HasSuffix(metric, scale.suffix) && !strings.HasSuffix(metric, "_timestamp_seconds") && !strings.HasSuffix(metric, "_time_seconds") {
			return scale.units
		}
	}
	return nil
}

// isScaled reports whether a unit is one of scales. Other units, such as none or a
// unit of a plugin, contradict nothing.
func isScaled(unit string) bool {
	for _, scale := range scales {
		if slices.Contains(scale.units, unit) {
			return true
		}
	}
	return false
}

// keepsUnit reports whether a query returns its selector's unit: it only
// aggregates, or takes a quantile, or divides a sum by its count.
func keepsUnit(s *parser.VectorSelector, above []parser.Node) bool {
	path := append(slices.Clone(above), s)
	isValue := !strings.HasSuffix(name(s), contract.SuffixBucket) // and not a number of values
	isRate := false
	for i, node := range slices.Backward(above) {
		switch n := node.(type) {
		case *parser.AggregateExpr:
			if n.Op == parser.COUNT || n.Op == parser.GROUP || n.Op == parser.COUNT_VALUES {
				return false
			}
		case *parser.BinaryExpr:
			switch {
			case isMean(n) && path[i+1] == n.LHS:
				isRate = false
			case !n.Op.IsComparisonOperator() && n.Op != parser.LOR:
				return false
			}
		case *parser.Call:
			switch {
			case n.Func.Name == "histogram_quantile":
				isValue, isRate = true, false
			case n.Func.Name == "rate" || n.Func.Name == "irate":
				isRate = true
			case !slices.Contains(unitFunctions, n.Func.Name):
				return false
			}
		}
	}
	return isValue && !isRate
}

// unitFunctions are the functions whose result has the unit of their argument.
var unitFunctions = []string{
	"avg_over_time", "max_over_time", "min_over_time", "last_over_time", "quantile_over_time", "increase", "delta", "idelta",
	"abs", "ceil", "floor", "round", "clamp", "clamp_min", "clamp_max", "sort", "sort_desc", "label_replace", "label_join",
}

// isMean reports whether an expression divides the sum of a histogram by its count.
func isMean(n *parser.BinaryExpr) bool {
	sum, count := onlyMetric(n.LHS), onlyMetric(n.RHS)
	metric, ok := strings.CutSuffix(sum, contract.SuffixSum)
	return n.Op == parser.DIV && ok && metric+contract.SuffixCount == count
}

// onlyMetric returns the only metric that an expression reads; "" if it reads several.
func onlyMetric(expr parser.Expr) string {
	var names []string
	query{parsed: expr}.visit(func(s *parser.VectorSelector, _ []parser.Node) { names = append(names, name(s)) })
	if len(names) != 1 {
		return ""
	}
	return names[0]
}
