package lint

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
)

func rateRange() rule {
	return rule{
		name: "target-rate-interval",
		rule: "In panels, the range of `rate` and `irate` is `$__rate_interval`, or a variable of the dashboard.",
		why: "A range shorter than four scrape intervals has gaps, and a range shorter than the panel's step skips samples. " +
			"`$__rate_interval` follows both: the scrape interval of the data source, and the step, which depends on the time range.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			wanted, err := time.ParseDuration(rateInterval)
			for _, q := range d.queries() {
				if !q.overTime || err != nil || rangeVariable.MatchString(q.expr) {
					continue
				}
				q.visit(func(_ *parser.VectorSelector, above []parser.Node) {
					within, ok := rangeOf(above)
					if f := function(above); ok && within != wanted && slices.Contains([]string{"rate", "irate"}, f) {
						report(q.place, fmt.Sprintf("takes %s over a fixed range: use $__rate_interval: %s", f, q.expr))
					}
				})
			}
		},
	}
}

// rangeVariable matches a range that a variable of the dashboard chooses. The names
// of Grafana's own variables begin with __.
var rangeVariable = regexp.MustCompile(`\[\s*(\$\{?[A-Za-z]|\[\[[A-Za-z])`)

func rangeOf(above []parser.Node) (time.Duration, bool) {
	if len(above) == 0 {
		return 0, false
	}
	matrix, ok := above[len(above)-1].(*parser.MatrixSelector)
	if !ok {
		return 0, false
	}
	if matrix.RangeExpr != nil {
		return 0, false // a calculated range
	}
	return matrix.Range, true
}
