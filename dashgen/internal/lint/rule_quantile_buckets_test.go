package lint

import "testing"

func TestQuantileBuckets(t *testing.T) {
	testRule(t, quantileBuckets(), Context{}, []ruleCase{
		{"by other labels", panelOf(`histogram_quantile(0.9, sum by (job) (rate(a_bucket[5m])))`), []string{`panel "P": takes a quantile of a_bucket without its buckets: add le to the aggregation`}},
		{"by none", panelOf(`histogram_quantile(0.9, sum(rate(a_bucket[5m]))) * 1000`), []string{`panel "P": takes a quantile of a_bucket without its buckets: add le to the aggregation`}},
		{"without le", panelOf(`histogram_quantile(0.9, sum without (le) (rate(a_bucket[5m])))`), []string{`panel "P": takes a quantile of a_bucket without its buckets: add le to the aggregation`}},
		{"in the inner of two", panelOf(`histogram_quantile(0.9, sum by (le) (max by (job) (rate(a_bucket[5m]))))`), []string{`panel "P": takes a quantile of a_bucket without its buckets: add le to the aggregation`}},
		{"recorded buckets", panelOf(`histogram_quantile(0.9, sum(a_bucket:rate5m))`), []string{`panel "P": takes a quantile of a_bucket:rate5m without its buckets: add le to the aggregation`}},
		{"kept", panelOf(`histogram_quantile(0.9, sum by (le, job) (rate(a_bucket[5m]))) + histogram_quantile(0.9, sum without (pod) (rate(a_bucket[5m])))`), nil},
		{"no aggregation, or one around the quantile", panelOf(`max by (job) (histogram_quantile(0.9, rate(a_bucket[5m])))`), nil},
		{"a native histogram", panelOf(`histogram_quantile(0.9, sum by (job) (rate(a_seconds[5m])))`), nil},
		{"a native histogram of buckets", panelOf(`histogram_quantile(0.9, sum by (job) (rate(s3_bucket_seconds[5m])))`), nil},
		{"the largest series", panelOf(`histogram_quantile(0.9, topk(10, rate(a_bucket[5m])))`), nil},
		{"no quantile", panelOf(`sum by (job) (rate(a_bucket{le="0.5"}[5m]))`), nil},
	})
}
