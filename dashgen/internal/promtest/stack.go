package promtest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Now is when Stack ends.
const Now = 70 * time.Minute

// Stack is 70 minutes of a stack at work, scraped every 15 s, as Server takes
// them. It is made so that every part of a query matters: each counter grows at
// other speeds an hour ago, since then and in the last five minutes; each is
// read from two pods, the second three times as fast; there are two gateways
// for everything, two models, their versions and labels; each alert has a cause
// in one place and none in another.
func Stack() string {
	var out strings.Builder
	out.WriteString("load 15s\n")
	for _, line := range strings.Split(stack, "\n") {
		series, values, ok := strings.Cut(strings.TrimSpace(line), "} ")
		switch {
		case !ok:
			fmt.Fprintf(&out, "  %s\n", strings.TrimSpace(line))
		case strings.Contains(values, "x"):
			fmt.Fprintf(&out, "  %s} %s\n", series, values)
		default:
			for pod, times := range []int{1, 3} {
				fmt.Fprintf(&out, "  %s,pod=\"%d\"} %s\n", series, pod, speeds(values, times))
			}
		}
	}
	return out.String()
}

// speeds are the values of a counter, out of how much it grows in each 15 s:
// since an hour ago, and in the last five minutes.
func speeds(values string, times int) string {
	var since, lately int
	if _, err := fmt.Sscan(values, &since, &lately); err != nil {
		panic("promtest: " + values + " are no two speeds: " + err.Error())
	}
	since, lately = since*times, lately*times
	early := 3 * since
	anHourAgo := 20 * early
	untilLately := anHourAgo + 239*since
	return "0+" + strconv.Itoa(early) + "x20 " +
		strconv.Itoa(anHourAgo+since) + "+" + strconv.Itoa(since) + "x238 " +
		strconv.Itoa(untilLately+lately) + "+" + strconv.Itoa(lately) + "x20"
}

const stack = `# TYPE moodring_predictions_total counter
moodring_predictions_total{gateway="a",model="bert",version="",label="joy"} 30 45
moodring_predictions_total{gateway="b",model="bert",version="",label="joy"} 15 5
moodring_predictions_total{gateway="a",model="bert",version="",label="sadness"} 15 10
moodring_predictions_total{gateway="b",model="bert",version="",label="sadness"} 5 20
moodring_predictions_total{gateway="a",model="bert",version="2",label="joy"} 3 6
moodring_predictions_total{gateway="b",model="bert",version="2",label="joy"} 2 4
moodring_predictions_total{gateway="a",model="bert",version="2",label="anger"} 6 9
moodring_predictions_total{gateway="b",model="bert",version="2",label="fear"} 1 2
moodring_predictions_total{gateway="a",model="bert",version="",label="sorrow"} 7x280
moodring_predictions_total{gateway="a",model="bert",version="",label="awe"} 0+0.02x280
moodring_predictions_total{gateway="a",model="bert",version="",label="doubt"} 0+1x250 250x29
moodring_predictions_total{gateway="a",model="bert",version="1",label="joy"} 5 8
moodring_predictions_total{gateway="a",model="bert",version="1",label="sadness"} 3 5
moodring_predictions_total{gateway="a",model="bert",version="4",label="joy"} 0+5x280
moodring_predictions_total{gateway="a",model="bert",version="4",label="anger"} 0+1x280
moodring_predictions_total{gateway="a",model="bert",version="5",label="anger"} 0+2.525x280
moodring_predictions_total{gateway="a",model="bert",version="6",label="joy"} 0+2x280
moodring_predictions_total{gateway="a",model="calm",version="2",label="x"} 9 14
moodring_predictions_total{gateway="a",model="calm",version="2",label="y"} 1 6
moodring_predictions_total{gateway="a",model="wild",version="",label="joy"} 1 6
moodring_predictions_total{gateway="a",model="toxic",version="2",label="joy"} 1 2
moodring_predictions_total{gateway="a",model="toxic",version="2",label="disgust"} 1 1
moodring_predictions_total{gateway="a",model="toxic",version="",label="insult"} 2 3
moodring_predictions_total{gateway="b",model="toxic",version="",label="insult"} 4 7
moodring_predictions_total{gateway="b",model="toxic",version="",label="threat"} 1 2
moodring_predictions_total{gateway="a",model="toxic",version="1",label="threat"} 0+1x280
moodring_predictions_total{gateway="b",model="resting",version="2",label="so \"happy\"/very-much.v2"} 7x280
# TYPE moodring_prediction_confidence histogram
moodring_prediction_confidence_bucket{gateway="a",model="bert",version="",label="joy",le="0.5"} 3 5
moodring_prediction_confidence_bucket{gateway="a",model="bert",version="",label="joy",le="0.9"} 20 20
moodring_prediction_confidence_bucket{gateway="a",model="bert",version="",label="joy",le="0.99"} 30 45
moodring_prediction_confidence_bucket{gateway="a",model="bert",version="",label="joy",le="+Inf"} 30 45
moodring_prediction_confidence_sum{gateway="a",model="bert",version="",label="joy"} 24 35
moodring_prediction_confidence_count{gateway="a",model="bert",version="",label="joy"} 30 45
moodring_prediction_confidence_bucket{gateway="b",model="bert",version="",label="sadness",le="0.5"} 1 8
moodring_prediction_confidence_bucket{gateway="b",model="bert",version="",label="sadness",le="0.9"} 3 11
moodring_prediction_confidence_bucket{gateway="b",model="bert",version="",label="sadness",le="0.99"} 5 20
moodring_prediction_confidence_bucket{gateway="b",model="bert",version="",label="sadness",le="+Inf"} 5 20
moodring_prediction_confidence_sum{gateway="b",model="bert",version="",label="sadness"} 4 13
moodring_prediction_confidence_count{gateway="b",model="bert",version="",label="sadness"} 5 20
moodring_prediction_confidence_bucket{gateway="a",model="bert",version="2",label="joy",le="0.5"} 1 1
moodring_prediction_confidence_bucket{gateway="a",model="bert",version="2",label="joy",le="0.9"} 2 2
moodring_prediction_confidence_bucket{gateway="a",model="bert",version="2",label="joy",le="0.99"} 3 6
moodring_prediction_confidence_bucket{gateway="a",model="bert",version="2",label="joy",le="+Inf"} 3 6
moodring_prediction_confidence_sum{gateway="a",model="bert",version="2",label="joy"} 2 5
moodring_prediction_confidence_count{gateway="a",model="bert",version="2",label="joy"} 3 6
moodring_prediction_confidence_bucket{gateway="a",model="bert",version="2",label="anger",le="0.5"} 0 1
moodring_prediction_confidence_bucket{gateway="a",model="bert",version="2",label="anger",le="0.9"} 2 3
moodring_prediction_confidence_bucket{gateway="a",model="bert",version="2",label="anger",le="0.99"} 6 9
moodring_prediction_confidence_bucket{gateway="a",model="bert",version="2",label="anger",le="+Inf"} 6 9
moodring_prediction_confidence_sum{gateway="a",model="bert",version="2",label="anger"} 5 8
moodring_prediction_confidence_count{gateway="a",model="bert",version="2",label="anger"} 6 9
moodring_prediction_confidence_bucket{gateway="b",model="bert",version="2",label="joy",le="0.5"} 1 2
moodring_prediction_confidence_bucket{gateway="b",model="bert",version="2",label="joy",le="0.9"} 2 3
moodring_prediction_confidence_bucket{gateway="b",model="bert",version="2",label="joy",le="0.99"} 2 4
moodring_prediction_confidence_bucket{gateway="b",model="bert",version="2",label="joy",le="+Inf"} 2 4
moodring_prediction_confidence_sum{gateway="b",model="bert",version="2",label="joy"} 1 3
moodring_prediction_confidence_count{gateway="b",model="bert",version="2",label="joy"} 2 4
moodring_prediction_confidence_bucket{gateway="a",model="toxic",version="2",label="joy",le="0.5"} 1 4
moodring_prediction_confidence_bucket{gateway="a",model="toxic",version="2",label="joy",le="0.9"} 2 5
moodring_prediction_confidence_bucket{gateway="a",model="toxic",version="2",label="joy",le="0.99"} 2 6
moodring_prediction_confidence_bucket{gateway="a",model="toxic",version="2",label="joy",le="+Inf"} 2 6
moodring_prediction_confidence_sum{gateway="a",model="toxic",version="2",label="joy"} 1 3
moodring_prediction_confidence_count{gateway="a",model="toxic",version="2",label="joy"} 2 6
moodring_prediction_confidence_bucket{gateway="b",model="toxic",version="",label="insult",le="0.5"} 3 6
moodring_prediction_confidence_bucket{gateway="b",model="toxic",version="",label="insult",le="0.9"} 4 7
moodring_prediction_confidence_bucket{gateway="b",model="toxic",version="",label="insult",le="0.99"} 4 7
moodring_prediction_confidence_bucket{gateway="b",model="toxic",version="",label="insult",le="+Inf"} 4 7
moodring_prediction_confidence_sum{gateway="b",model="toxic",version="",label="insult"} 2 3
moodring_prediction_confidence_count{gateway="b",model="toxic",version="",label="insult"} 4 7
moodring_prediction_confidence_bucket{gateway="b",model="resting",version="2",label="so \"happy\"/very-much.v2",le="0.5"} 0x280
moodring_prediction_confidence_bucket{gateway="b",model="resting",version="2",label="so \"happy\"/very-much.v2",le="0.99"} 7x280
moodring_prediction_confidence_bucket{gateway="b",model="resting",version="2",label="so \"happy\"/very-much.v2",le="+Inf"} 7x280
moodring_prediction_confidence_sum{gateway="b",model="resting",version="2",label="so \"happy\"/very-much.v2"} 6x280
moodring_prediction_confidence_count{gateway="b",model="resting",version="2",label="so \"happy\"/very-much.v2"} 7x280
moodring_prediction_confidence_bucket{gateway="a",model="bert",version="4",label="joy",le="0.5"} 0+1.5x280
moodring_prediction_confidence_bucket{gateway="a",model="bert",version="4",label="joy",le="0.99"} 0+6x280
moodring_prediction_confidence_bucket{gateway="a",model="bert",version="4",label="joy",le="+Inf"} 0+6x280
moodring_prediction_confidence_sum{gateway="a",model="bert",version="4",label="joy"} 0+4.2x280
moodring_prediction_confidence_count{gateway="a",model="bert",version="4",label="joy"} 0+6x280
moodring_prediction_confidence_bucket{gateway="a",model="bert",version="5",label="anger",le="0.5"} 0+0.63125x280
moodring_prediction_confidence_bucket{gateway="a",model="bert",version="5",label="anger",le="0.99"} 0+2.525x280
moodring_prediction_confidence_bucket{gateway="a",model="bert",version="5",label="anger",le="+Inf"} 0+2.525x280
moodring_prediction_confidence_sum{gateway="a",model="bert",version="5",label="anger"} 0+1.7675x280
moodring_prediction_confidence_count{gateway="a",model="bert",version="5",label="anger"} 0+2.525x280
moodring_prediction_confidence_bucket{gateway="a",model="bert",version="6",label="joy",le="0.5"} 0+0.5x280
moodring_prediction_confidence_bucket{gateway="a",model="bert",version="6",label="joy",le="0.99"} 0+2x280
moodring_prediction_confidence_bucket{gateway="a",model="bert",version="6",label="joy",le="+Inf"} 0+2x280
moodring_prediction_confidence_sum{gateway="a",model="bert",version="6",label="joy"} 0+1.4x280
moodring_prediction_confidence_count{gateway="a",model="bert",version="6",label="joy"} 0+2x280
moodring_prediction_confidence_bucket{gateway="a",model="bert",version="1",label="joy",le="0.5"} 0+3.25x280
moodring_prediction_confidence_bucket{gateway="a",model="bert",version="1",label="joy",le="0.99"} 0+13x280
moodring_prediction_confidence_bucket{gateway="a",model="bert",version="1",label="joy",le="+Inf"} 0+13x280
moodring_prediction_confidence_sum{gateway="a",model="bert",version="1",label="joy"} 0+9.75x280
moodring_prediction_confidence_count{gateway="a",model="bert",version="1",label="joy"} 0+13x280
moodring_prediction_confidence_bucket{gateway="a",model="toxic",version="1",label="threat",le="0.5"} 0+0.25x280
moodring_prediction_confidence_bucket{gateway="a",model="toxic",version="1",label="threat",le="0.99"} 0+1x280
moodring_prediction_confidence_bucket{gateway="a",model="toxic",version="1",label="threat",le="+Inf"} 0+1x280
moodring_prediction_confidence_sum{gateway="a",model="toxic",version="1",label="threat"} 0+0.2x280
moodring_prediction_confidence_count{gateway="a",model="toxic",version="1",label="threat"} 0+1x280
# TYPE moodring_replies_total counter
moodring_replies_total{gateway="a",model="bert",version="",outcome="counted"} 45 50
moodring_replies_total{gateway="b",model="bert",version="",outcome="counted"} 15 20
moodring_replies_total{gateway="a",model="bert",version="",outcome="unparsed"} 3 7
moodring_replies_total{gateway="b",model="bert",version="",outcome="unparsed"} 1 2
moodring_replies_total{gateway="a",model="bert",version="2",outcome="counted"} _x264 0+9x15
moodring_replies_total{gateway="a",model="bert",version="2",outcome="unparsed"} _x264 0+1x15
moodring_replies_total{gateway="b",model="bert",version="2",outcome="counted"} _x264 0+4x15
moodring_replies_total{gateway="b",model="bert",version="3",outcome="counted"} _x264 0+4x15
moodring_replies_total{gateway="a",model="bert",version="8",outcome="counted"} _x264 0+4x15
moodring_replies_total{gateway="a",model="toxic",version="9",outcome="counted"} _x264 0+4x15
moodring_replies_total{gateway="a",model="toxic",version="",outcome="counted"} 4 9
moodring_replies_total{gateway="a",model="toxic",version="",outcome="unparsed"} 0 0
moodring_replies_total{gateway="a",model="toxic",version="2",outcome="counted"} 2 5
moodring_replies_total{gateway="b",model="toxic",version="",outcome="unparsed"} 0x280
moodring_replies_total{gateway="a",model="fresh",version="1",outcome="counted"} _x264 0+2x15
moodring_replies_total{gateway="b",model="resting",version="2",outcome="counted"} 7x280
# TYPE moodring_overflow_total counter
moodring_overflow_total{gateway="a",kind="labels"} 0x280
moodring_overflow_total{gateway="a",kind="models"} 0 1
moodring_overflow_total{gateway="b",kind="models"} 0 1
# TYPE moodring_prediction_margin histogram
moodring_prediction_margin_bucket{gateway="a",model="bert",version="",le="0.2"} 15 11
moodring_prediction_margin_bucket{gateway="a",model="bert",version="",le="0.6"} 45 55
moodring_prediction_margin_bucket{gateway="a",model="bert",version="",le="+Inf"} 45 55
moodring_prediction_margin_bucket{gateway="a",model="bert",version="2",le="0.2"} 1 2
moodring_prediction_margin_bucket{gateway="a",model="bert",version="2",le="0.6"} 9 15
moodring_prediction_margin_bucket{gateway="a",model="bert",version="2",le="+Inf"} 9 15
moodring_prediction_margin_bucket{gateway="b",model="bert",version="2",le="0.2"} 1 3
moodring_prediction_margin_bucket{gateway="b",model="bert",version="2",le="0.6"} 2 4
moodring_prediction_margin_bucket{gateway="b",model="bert",version="2",le="+Inf"} 2 4
moodring_prediction_margin_bucket{gateway="a",model="toxic",version="2",le="0.2"} 3 7
moodring_prediction_margin_bucket{gateway="a",model="toxic",version="2",le="0.6"} 4 8
moodring_prediction_margin_bucket{gateway="a",model="toxic",version="2",le="+Inf"} 4 8
# TYPE moodring_label_scores_total counter
moodring_label_scores_total{gateway="a",model="bert",version="",label="joy"} 30 43
moodring_label_scores_total{gateway="b",model="bert",version="",label="sadness"} 10 17
moodring_label_scores_total{gateway="a",model="bert",version="2",label="joy"} 3 5
moodring_label_scores_total{gateway="a",model="bert",version="2",label="anger"} 4 9
moodring_label_scores_total{gateway="b",model="bert",version="2",label="joy"} 2 3
moodring_label_scores_total{gateway="b",model="bert",version="2",label="anger"} 2 1
moodring_label_scores_total{gateway="a",model="toxic",version="2",label="joy"} 1 2
moodring_label_scores_total{gateway="a",model="toxic",version="2",label="anger"} 4 1
# TYPE moodring_reply_batch_size histogram
moodring_reply_batch_size_bucket{gateway="a",model="bert",version="",le="1"} 30 20
moodring_reply_batch_size_bucket{gateway="a",model="bert",version="",le="2"} 45 50
moodring_reply_batch_size_bucket{gateway="a",model="bert",version="",le="+Inf"} 45 50
moodring_reply_batch_size_sum{gateway="a",model="bert",version=""} 60 80
moodring_reply_batch_size_count{gateway="a",model="bert",version=""} 45 50
moodring_reply_batch_size_bucket{gateway="a",model="bert",version="2",le="1"} 3 2
moodring_reply_batch_size_bucket{gateway="a",model="bert",version="2",le="2"} 5 6
moodring_reply_batch_size_bucket{gateway="a",model="bert",version="2",le="+Inf"} 5 6
moodring_reply_batch_size_sum{gateway="a",model="bert",version="2"} 7 10
moodring_reply_batch_size_count{gateway="a",model="bert",version="2"} 5 6
moodring_reply_batch_size_bucket{gateway="b",model="bert",version="2",le="1"} 1 3
moodring_reply_batch_size_bucket{gateway="b",model="bert",version="2",le="2"} 2 4
moodring_reply_batch_size_bucket{gateway="b",model="bert",version="2",le="+Inf"} 2 4
moodring_reply_batch_size_sum{gateway="b",model="bert",version="2"} 3 5
moodring_reply_batch_size_count{gateway="b",model="bert",version="2"} 2 4
moodring_reply_batch_size_bucket{gateway="a",model="toxic",version="2",le="1"} 1 1
moodring_reply_batch_size_bucket{gateway="a",model="toxic",version="2",le="2"} 2 7
moodring_reply_batch_size_bucket{gateway="a",model="toxic",version="2",le="+Inf"} 2 7
moodring_reply_batch_size_sum{gateway="a",model="toxic",version="2"} 3 13
moodring_reply_batch_size_count{gateway="a",model="toxic",version="2"} 2 7
# TYPE moodring_plugin_faults_total counter
moodring_plugin_faults_total{gateway="a"} 0 0
moodring_plugin_faults_total{gateway="b"} 1 3
# TYPE moodring_gateway_authorization_total counter
moodring_gateway_authorization_total{gateway="a",result="allowed"} 60 50
moodring_gateway_authorization_total{gateway="a",result="denied"} 6 40
moodring_gateway_authorization_total{gateway="b",result="allowed"} 15 20
moodring_gateway_authorization_total{gateway="b",result="denied"} 2 1
moodring_gateway_authorization_total{gateway="c",result="allowed",pod="0"} 0+12x20 240x219 252+12x39
moodring_gateway_authorization_total{gateway="c",result="denied",pod="0"} 0+3x20 60x239 78+18x19
moodring_gateway_authorization_total{gateway="d",result="allowed",pod="0"} _x241 0+11x39
moodring_gateway_authorization_total{gateway="d",result="denied",pod="0"} _x241 0+9x39
moodring_gateway_authorization_total{gateway="c",result="allowed",pod="1"} 0+36x20 720x219 756+36x39
moodring_gateway_authorization_total{gateway="c",result="denied",pod="1"} 0+9x20 180x239 234+54x19
moodring_gateway_authorization_total{gateway="d",result="allowed",pod="1"} _x241 0+33x39
moodring_gateway_authorization_total{gateway="d",result="denied",pod="1"} _x241 0+27x39
moodring_gateway_authorization_total{gateway="e",result="allowed",pod="0"} 0+4x280
moodring_gateway_authorization_total{gateway="e",result="denied",pod="0"} 0+6x280
moodring_gateway_authorization_total{gateway="e",result="allowed",pod="1"} 0+8x280
moodring_gateway_authorization_total{gateway="e",result="denied",pod="1"} 0+12x280
# TYPE moodring_gateway_ratelimit_total counter
moodring_gateway_ratelimit_total{gateway="a",result="ok"} 54 60
moodring_gateway_ratelimit_total{gateway="a",result="over_limit"} 3 4
moodring_gateway_ratelimit_total{gateway="b",result="ok"} 14 9
moodring_gateway_ratelimit_total{gateway="b",result="over_limit"} 1 8
moodring_gateway_ratelimit_total{gateway="a",result="error"} 0 0
moodring_gateway_ratelimit_total{gateway="b",result="error"} 1 2
moodring_gateway_ratelimit_total{gateway="c",result="ok",pod="0"} 0+12x20 240x219 252+12x39
moodring_gateway_ratelimit_total{gateway="c",result="over_limit",pod="0"} 0+3x20 60x239 78+18x19
moodring_gateway_ratelimit_total{gateway="d",result="ok",pod="0"} _x241 0+11x39
moodring_gateway_ratelimit_total{gateway="d",result="over_limit",pod="0"} _x241 0+9x39
moodring_gateway_ratelimit_total{gateway="c",result="ok",pod="1"} 0+36x20 720x219 756+36x39
moodring_gateway_ratelimit_total{gateway="c",result="over_limit",pod="1"} 0+9x20 180x239 234+54x19
moodring_gateway_ratelimit_total{gateway="d",result="ok",pod="1"} _x241 0+33x39
moodring_gateway_ratelimit_total{gateway="d",result="over_limit",pod="1"} _x241 0+27x39
moodring_gateway_ratelimit_total{gateway="e",result="ok",pod="0"} 0+4x280
moodring_gateway_ratelimit_total{gateway="e",result="over_limit",pod="0"} 0+6x280
moodring_gateway_ratelimit_total{gateway="e",result="ok",pod="1"} 0+8x280
moodring_gateway_ratelimit_total{gateway="e",result="over_limit",pod="1"} 0+12x280
# TYPE moodring_gateway_requests_total counter
moodring_gateway_requests_total{gateway="a",code_class="2xx"} 45 60
moodring_gateway_requests_total{gateway="a",code_class="4xx"} 0+9x248 0+9x31
moodring_gateway_requests_total{gateway="a",code_class="5xx"} 1 1
moodring_gateway_requests_total{gateway="b",code_class="2xx"} 15 20
moodring_gateway_requests_total{gateway="b",code_class="4xx",pod="0"} 0+3x272 0+3x7
moodring_gateway_requests_total{gateway="b",code_class="4xx",pod="1"} 0+4x274 0+4x5
moodring_gateway_requests_total{gateway="b",code_class="5xx"} 1 4
# TYPE moodring_gateway_upstream_duration_seconds histogram
moodring_gateway_upstream_duration_seconds_bucket{gateway="a",upstream="bert",le="0.01"} 0 0
moodring_gateway_upstream_duration_seconds_bucket{gateway="a",upstream="bert",le="0.02"} 15 10
moodring_gateway_upstream_duration_seconds_bucket{gateway="a",upstream="bert",le="0.12"} 30 45
moodring_gateway_upstream_duration_seconds_bucket{gateway="a",upstream="bert",le="+Inf"} 30 45
moodring_gateway_upstream_duration_seconds_sum{gateway="a",upstream="bert"} 1 2
moodring_gateway_upstream_duration_seconds_count{gateway="a",upstream="bert"} 30 45
moodring_gateway_upstream_duration_seconds_bucket{gateway="b",upstream="bert",le="0.01"} 3 8
moodring_gateway_upstream_duration_seconds_bucket{gateway="b",upstream="bert",le="0.02"} 10 12
moodring_gateway_upstream_duration_seconds_bucket{gateway="b",upstream="bert",le="0.12"} 12 15
moodring_gateway_upstream_duration_seconds_bucket{gateway="b",upstream="bert",le="+Inf"} 12 15
moodring_gateway_upstream_duration_seconds_sum{gateway="b",upstream="bert"} 2 1
moodring_gateway_upstream_duration_seconds_count{gateway="b",upstream="bert"} 12 15
moodring_gateway_upstream_duration_seconds_bucket{gateway="b",upstream="outbound|80||calm.models.svc.cluster.local",le="0.01"} 2 3
moodring_gateway_upstream_duration_seconds_bucket{gateway="b",upstream="outbound|80||calm.models.svc.cluster.local",le="0.02"} 4 9
moodring_gateway_upstream_duration_seconds_bucket{gateway="b",upstream="outbound|80||calm.models.svc.cluster.local",le="0.12"} 5 11
moodring_gateway_upstream_duration_seconds_bucket{gateway="b",upstream="outbound|80||calm.models.svc.cluster.local",le="+Inf"} 5 11
moodring_gateway_upstream_duration_seconds_sum{gateway="b",upstream="outbound|80||calm.models.svc.cluster.local"} 3 4
moodring_gateway_upstream_duration_seconds_count{gateway="b",upstream="outbound|80||calm.models.svc.cluster.local"} 5 11
# TYPE moodring_exporter_target_up gauge
moodring_exporter_target_up{gateway="a",instance="1"} 1x280
moodring_exporter_target_up{gateway="a",instance="2"} 1x280
moodring_exporter_target_up{gateway="b",instance="1"} 1x279 0
moodring_exporter_target_up{gateway="b",instance="2"} 1x280
moodring_exporter_target_up{gateway="b",instance="3"} 1x280
# TYPE moodring_exporter_scrape_duration_seconds gauge
moodring_exporter_scrape_duration_seconds{gateway="a",instance="1"} 0.002x280
moodring_exporter_scrape_duration_seconds{gateway="a",instance="2"} 0.004x280
moodring_exporter_scrape_duration_seconds{gateway="b",instance="1"} 0.25x280
moodring_exporter_scrape_duration_seconds{gateway="b",instance="2"} 0.125x280
# TYPE moodring_exporter_scrape_bytes_total counter
moodring_exporter_scrape_bytes_total{gateway="a",instance="1"} 0+60000x248 0+60000x31
moodring_exporter_scrape_bytes_total{gateway="a",instance="2"} 0+60000x220 0+40000x59
moodring_exporter_scrape_bytes_total{gateway="b",instance="1"} 0+30000x274 0+30000x5
moodring_exporter_scrape_bytes_total{gateway="b",instance="2"} 0+10000x274 0+10000x5
moodring_exporter_scrape_bytes_total{gateway="b",instance="3"} 0+10000x280
# TYPE moodring_exporter_scrape_errors_total counter
moodring_exporter_scrape_errors_total{gateway="a"} 0 0
moodring_exporter_scrape_errors_total{gateway="b"} 1 2
# TYPE moodring_exporter_dropped_series_total counter
moodring_exporter_dropped_series_total{gateway="a"} 1 3
moodring_exporter_dropped_series_total{gateway="b"} 0 0
# TYPE moodring_exporter_scrape_samples gauge
moodring_exporter_scrape_samples{gateway="a",instance="1"} 19x280
moodring_exporter_scrape_samples{gateway="a",instance="2"} 18x280
moodring_exporter_scrape_samples{gateway="b",instance="1"} 12x280
moodring_exporter_scrape_samples{gateway="b",instance="2"} 11x280
# TYPE moodring_exporter_config_last_reload_successful gauge
moodring_exporter_config_last_reload_successful{instance="1"} 1x279 0
moodring_exporter_config_last_reload_successful{instance="2"} 1x280
moodring_exporter_config_last_reload_successful{instance="3"} 1x280
# TYPE moodring_exporter_config_last_reload_success_timestamp_seconds gauge
moodring_exporter_config_last_reload_success_timestamp_seconds{instance="1"} 100x244 3700x3 3800x31
moodring_exporter_config_last_reload_success_timestamp_seconds{instance="2"} 100x274 4150x5
moodring_exporter_config_last_reload_success_timestamp_seconds{instance="3"} 200x274 4160x5
moodring_exporter_config_last_reload_success_timestamp_seconds{instance="4"} 50x280
# TYPE moodring_exporter_discovery_errors_total counter
moodring_exporter_discovery_errors_total{source="dns"} 0 0
moodring_exporter_discovery_errors_total{source="kubernetes"} 0 1
# TYPE moodring_exporter_build_info gauge
moodring_exporter_build_info{version="1.0",goversion="go1.26",instance="1"} 1x280
moodring_exporter_build_info{version="1.0",goversion="go1.26",instance="2"} 1x280
moodring_exporter_build_info{version="1.1",goversion="go1.26",instance="3"} 1x280
moodring_exporter_build_info{version="1.1",goversion="go1.27",instance="4"} 1x280
moodring_exporter_build_info{version="1.1",goversion="go1.27",instance="5"} 2x280
ALERTS{alertname="MoodringLabelMixDrift",alertstate="firing",model="bert",version="2"} 1x280
ALERTS{alertname="MoodringLabelMixDrift",alertstate="firing",model="bert",version="4"} 1x280
ALERTS{alertname="MoodringLabelMixFar",alertstate="firing",model="bert",version="4"} 1x280
ALERTS{alertname="MoodringLabelMixFar",alertstate="pending",model="bert",version="2"} 1x280
ALERTS{alertname="MoodringLabelMixFar",alertstate="pending",model="calm",version="2"} 1x280
ALERTS{alertname="MoodringLabelMixDrift",alertstate="firing",model="toxic",version=""} 1x280
`

// Baseline is a rule file with a baseline of three of Stack's models: of each,
// labels that never or no longer come; some that come are not in it.
const Baseline = `groups:
- name: moodring-baseline-bert
  rules:
  - {record: moodring:label_share:baseline, expr: vector(0.5), labels: {model: bert, label: joy}}
  - {record: moodring:label_share:baseline, expr: vector(0.3), labels: {model: bert, label: sadness}}
  - {record: moodring:label_share:baseline, expr: vector(0.07), labels: {model: bert, label: love}}
  - {record: moodring:label_share:baseline, expr: vector(0.05), labels: {model: bert, label: threat}}
  - {record: moodring:label_share:baseline, expr: vector(0.02), labels: {model: bert, label: fear}}
  - {record: moodring:label_share:baseline, expr: vector(0.02), labels: {model: bert, label: sorrow}}
  - {record: moodring:label_share:baseline, expr: vector(0.02), labels: {model: bert, label: awe}}
  - {record: moodring:label_share:baseline, expr: vector(0.02), labels: {model: bert, label: doubt}}
  - {record: moodring:label_share:baseline, expr: vector(0.9), labels: {model: calm, label: x}}
  - {record: moodring:label_share:baseline, expr: vector(0.08), labels: {model: calm, label: "y"}}
  - {record: moodring:label_share:baseline, expr: vector(0.02), labels: {model: calm, label: love}}
  - {record: moodring:confidence:baseline, expr: vector(0.9), labels: {model: bert}}
  - {record: moodring:label_share:baseline, expr: vector(0.848), labels: {model: toxic, label: insult}}
  - {record: moodring:label_share:baseline, expr: vector(0.14), labels: {model: toxic, label: threat}}
  - {record: moodring:label_share:baseline, expr: vector(0.012), labels: {model: toxic, label: obscene}}
  - {record: moodring:confidence:baseline, expr: vector(0.45), labels: {model: toxic}}
`
