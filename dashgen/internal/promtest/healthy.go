package promtest

import "time"

// Healthy is 70 minutes of a stack at work, scraped every 15 s: gateways a
// and b, each read by two exporters that begin to differ; a model of emotions
// behind both, with a canary behind a that came last; and another model behind b that rests.
const Healthy = `load 15s
  # TYPE moodring_predictions_total counter
  moodring_predictions_total{gateway="a",model="bert",version="",label="joy"} 0+30x280
  moodring_predictions_total{gateway="b",model="bert",version="",label="joy"} 0+15x280
  moodring_predictions_total{gateway="a",model="bert",version="",label="sadness"} 0+15x280
  moodring_predictions_total{gateway="a",model="bert",version="2",label="joy"} 0+3x280
  moodring_predictions_total{gateway="a",model="bert",version="2",label="anger"} 0+6x280
  moodring_predictions_total{gateway="b",model="resting",version="2",label="so \"happy\"/very-much.v2"} 7+0x280
  # TYPE moodring_prediction_confidence histogram
  moodring_prediction_confidence_bucket{gateway="a",model="bert",version="",label="joy",le="0.5"} 0+3x280
  moodring_prediction_confidence_bucket{gateway="a",model="bert",version="",label="joy",le="0.9"} 0+15x280
  moodring_prediction_confidence_bucket{gateway="a",model="bert",version="",label="joy",le="0.99"} 0+30x280
  moodring_prediction_confidence_bucket{gateway="a",model="bert",version="",label="joy",le="+Inf"} 0+30x280
  moodring_prediction_confidence_sum{gateway="a",model="bert",version="",label="joy"} 0+24x280
  moodring_prediction_confidence_count{gateway="a",model="bert",version="",label="joy"} 0+30x280
  moodring_prediction_confidence_bucket{gateway="a",model="bert",version="2",label="anger",le="0.5"} 0+0x280
  moodring_prediction_confidence_bucket{gateway="a",model="bert",version="2",label="anger",le="0.9"} 0+2x280
  moodring_prediction_confidence_bucket{gateway="a",model="bert",version="2",label="anger",le="0.99"} 0+6x280
  moodring_prediction_confidence_bucket{gateway="a",model="bert",version="2",label="anger",le="+Inf"} 0+6x280
  moodring_prediction_confidence_sum{gateway="a",model="bert",version="2",label="anger"} 0+5.1x280
  moodring_prediction_confidence_count{gateway="a",model="bert",version="2",label="anger"} 0+6x280
  moodring_prediction_confidence_bucket{gateway="b",model="resting",version="2",label="so \"happy\"/very-much.v2",le="0.5"} 0+0x280
  moodring_prediction_confidence_bucket{gateway="b",model="resting",version="2",label="so \"happy\"/very-much.v2",le="0.99"} 7+0x280
  moodring_prediction_confidence_bucket{gateway="b",model="resting",version="2",label="so \"happy\"/very-much.v2",le="+Inf"} 7+0x280
  moodring_prediction_confidence_sum{gateway="b",model="resting",version="2",label="so \"happy\"/very-much.v2"} 6.3+0x280
  moodring_prediction_confidence_count{gateway="b",model="resting",version="2",label="so \"happy\"/very-much.v2"} 7+0x280
  # TYPE moodring_replies_total counter
  moodring_replies_total{gateway="a",model="bert",version="",outcome="counted"} 0+45x280
  moodring_replies_total{gateway="b",model="bert",version="",outcome="counted"} 0+15x280
  moodring_replies_total{gateway="a",model="bert",version="",outcome="unparsed"} 0+3x280
  moodring_replies_total{gateway="a",model="bert",version="2",outcome="counted"} _x264 0+9x15
  moodring_replies_total{gateway="a",model="bert",version="2",outcome="unparsed"} _x264 0+1x15
  moodring_replies_total{gateway="b",model="resting",version="2",outcome="counted"} 7+0x280
  # TYPE moodring_overflow_total counter
  moodring_overflow_total{gateway="a",kind="labels"} 0+0x280
  moodring_overflow_total{gateway="a",kind="models"} 0+3x280
  moodring_overflow_total{gateway="b",kind="models"} 0+3x280
  # TYPE moodring_prediction_margin histogram
  moodring_prediction_margin_bucket{gateway="a",model="bert",version="",le="0.2"} 0+15x280
  moodring_prediction_margin_bucket{gateway="a",model="bert",version="",le="0.6"} 0+45x280
  moodring_prediction_margin_bucket{gateway="a",model="bert",version="",le="+Inf"} 0+45x280
  moodring_prediction_margin_bucket{gateway="a",model="bert",version="2",le="0.2"} 0+1x280
  moodring_prediction_margin_bucket{gateway="a",model="bert",version="2",le="0.6"} 0+9x280
  moodring_prediction_margin_bucket{gateway="a",model="bert",version="2",le="+Inf"} 0+9x280
  # TYPE moodring_label_scores_total counter
  moodring_label_scores_total{gateway="a",model="bert",version="",label="joy"} 0+30x280
  moodring_label_scores_total{gateway="a",model="bert",version="",label="sadness"} 0+10x280
  # TYPE moodring_reply_batch_size histogram
  moodring_reply_batch_size_bucket{gateway="a",model="bert",version="",le="1"} 0+30x280
  moodring_reply_batch_size_bucket{gateway="a",model="bert",version="",le="2"} 0+45x280
  moodring_reply_batch_size_bucket{gateway="a",model="bert",version="",le="+Inf"} 0+45x280
  moodring_reply_batch_size_sum{gateway="a",model="bert",version=""} 0+60x280
  moodring_reply_batch_size_count{gateway="a",model="bert",version=""} 0+45x280
  moodring_reply_batch_size_sum{gateway="b",model="bert",version=""} 0+90x280
  moodring_reply_batch_size_count{gateway="b",model="bert",version=""} 0+15x280
  # TYPE moodring_plugin_faults_total counter
  moodring_plugin_faults_total{gateway="a"} 0+0x280
  moodring_plugin_faults_total{gateway="b"} 0+3x280
  # TYPE moodring_gateway_authorization_total counter
  moodring_gateway_authorization_total{gateway="a",result="allowed"} 0+60x280
  moodring_gateway_authorization_total{gateway="a",result="denied"} 0+0x40 6+6x239
  moodring_gateway_authorization_total{gateway="b",result="allowed"} 0+15x280
  moodring_gateway_authorization_total{gateway="b",result="denied"} 0+0x280
  # TYPE moodring_gateway_ratelimit_total counter
  moodring_gateway_ratelimit_total{gateway="a",result="ok"} 0+54x280
  moodring_gateway_ratelimit_total{gateway="a",result="over_limit"} 0+1x40 43+3x239
  moodring_gateway_ratelimit_total{gateway="b",result="over_limit"} 0+0x280
  moodring_gateway_ratelimit_total{gateway="a",result="error"} 0+0x280
  moodring_gateway_ratelimit_total{gateway="b",result="error"} 0+1x280
  # TYPE moodring_gateway_requests_total counter
  moodring_gateway_requests_total{gateway="a",code_class="2xx"} 0+45x280
  moodring_gateway_requests_total{gateway="a",code_class="4xx"} 0+9x280
  moodring_gateway_requests_total{gateway="a",code_class="5xx"} 0+1x280
  moodring_gateway_requests_total{gateway="b",code_class="2xx"} 0+15x272 0+15x7
  moodring_gateway_requests_total{gateway="b",code_class="5xx"} 0+0x280
  # TYPE moodring_gateway_upstream_duration_seconds histogram
  moodring_gateway_upstream_duration_seconds_bucket{gateway="a",upstream="bert",le="0.01"} 0+0x280
  moodring_gateway_upstream_duration_seconds_bucket{gateway="a",upstream="bert",le="0.02"} 0+15x280
  moodring_gateway_upstream_duration_seconds_bucket{gateway="a",upstream="bert",le="0.12"} 0+30x280
  moodring_gateway_upstream_duration_seconds_bucket{gateway="a",upstream="bert",le="+Inf"} 0+30x280
  moodring_gateway_upstream_duration_seconds_sum{gateway="a",upstream="bert"} 0+0.9x280
  moodring_gateway_upstream_duration_seconds_count{gateway="a",upstream="bert"} 0+30x280
  # TYPE moodring_exporter_target_up gauge
  moodring_exporter_target_up{gateway="a",instance="1"} 1+0x280
  moodring_exporter_target_up{gateway="b",instance="1"} 1+0x279 0
  moodring_exporter_target_up{gateway="b",instance="2"} 1+0x280
  # TYPE moodring_exporter_scrape_duration_seconds gauge
  moodring_exporter_scrape_duration_seconds{gateway="a",instance="1"} 0.002+0x280
  moodring_exporter_scrape_duration_seconds{gateway="b",instance="1"} 0.25+0x280
  moodring_exporter_scrape_duration_seconds{gateway="b",instance="2"} 0.125+0x280
  # TYPE moodring_exporter_scrape_bytes_total counter
  moodring_exporter_scrape_bytes_total{gateway="a",instance="1"} 0+60000x280
  moodring_exporter_scrape_bytes_total{gateway="b",instance="1"} 0+30000x280
  moodring_exporter_scrape_bytes_total{gateway="b",instance="2"} 0+30000x274 0+30000x5
  # TYPE moodring_exporter_scrape_errors_total counter
  moodring_exporter_scrape_errors_total{gateway="a",instance="1"} 0+0x280
  moodring_exporter_scrape_errors_total{gateway="b",instance="1"} 0+1x280
  moodring_exporter_scrape_errors_total{gateway="b",instance="2"} 0+1x280
  # TYPE moodring_exporter_dropped_series_total counter
  moodring_exporter_dropped_series_total{gateway="a",instance="1"} 0+3x280
  moodring_exporter_dropped_series_total{gateway="a",instance="2"} 0+3x280
  # TYPE moodring_exporter_scrape_samples gauge
  moodring_exporter_scrape_samples{gateway="a",instance="1"} 19+0x280
  moodring_exporter_scrape_samples{gateway="b",instance="1"} 12+0x280
  moodring_exporter_scrape_samples{gateway="b",instance="2"} 11+0x280
  # TYPE moodring_exporter_build_info gauge
  moodring_exporter_build_info{version="1.0",goversion="go1.26",instance="1"} 1+0x280
  moodring_exporter_build_info{version="1.0",goversion="go1.26",instance="2"} 1+0x280
`

// Baseline is a rule file with a baseline of Healthy's model of emotions: one
// label never comes, and one that comes is not in it.
const Baseline = `groups:
- name: moodring-baseline-bert
  rules:
  - {record: moodring:label_share:baseline, expr: vector(0.5), labels: {model: bert, label: joy}}
  - {record: moodring:label_share:baseline, expr: vector(0.3), labels: {model: bert, label: sadness}}
  - {record: moodring:label_share:baseline, expr: vector(0.2), labels: {model: bert, label: love}}
  - {record: moodring:confidence:baseline, expr: vector(0.9), labels: {model: bert}}
`

// Now is when Healthy ends.
const Now = 70 * time.Minute
