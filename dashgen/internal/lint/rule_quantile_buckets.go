package lint

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/moodring/moodring/contract"
)

func quantileBuckets() rule {
	return rule{
		name: "quantile-without-le",
		rule: "An aggregation inside `histogram_quantile` keeps the label `le`.",
		why:  "The label `le` holds the bounds of the buckets. Without it, `histogram_quantile` returns nothing. Add it: `sum by (le, job) (rate(..._bucket[$__rate_interval]))`.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			for _, q := range d.queries() {
				q.visit(func(s *parser.VectorSelector, above []parser.Node) {
					if isBuckets.MatchString(name(s)) && losesBounds(above) {
						report(q.place, fmt.Sprintf("takes a quantile of %s without its buckets: add le to the aggregation", name(s)))
					}
				})
			}
		},
	}
}

// isBuckets matches the buckets of a histogram, also as rules record them:
// a_bucket:rate5m. A native histogram such as s3_bucket_seconds has no le.
var isBuckets = regexp.MustCompile(contract.SuffixBucket + `(:|$)`)

// choosesSeries lists the aggregations that keep all labels.
var choosesSeries = []parser.ItemType{parser.TOPK, parser.BOTTOMK, parser.LIMITK, parser.LIMIT_RATIO}

// losesBounds reports whether an aggregation between a selector and the quantile
// around it removes le.
func losesBounds(above []parser.Node) bool {
	lost := false
	for _, node := range slices.Backward(above) {
		switch n := node.(type) {
		case *parser.AggregateExpr:
			lost = lost || slices.Contains(n.Grouping, contract.LabelBucket) == n.Without && !slices.Contains(choosesSeries, n.Op)
		case *parser.Call:
			if n.Func.Name == "histogram_quantile" {
				return lost
			}
		}
	}
	return false
}
