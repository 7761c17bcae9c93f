package promtest

import "time"

// Healthy is ten minutes of a stack at work, scraped every 15 s: gateways a
// and b, a model of emotions behind both, and another behind b that rests.
const Healthy = `load 15s
  moodring_predictions_total{gateway="a",model="bert",version="",label="joy"} 0+30x40
  moodring_predictions_total{gateway="b",model="bert",version="",label="joy"} 0+15x40
  moodring_predictions_total{gateway="a",model="bert",version="",label="sadness"} 0+15x40
  moodring_predictions_total{gateway="b",model="resting",version="2",label="so \"happy\"/very-much.v2"} 7+0x40
  moodring_prediction_confidence_bucket{gateway="a",model="bert",version="",label="joy",le="0.5"} 0+0x40
  moodring_prediction_confidence_bucket{gateway="a",model="bert",version="",label="joy",le="0.9"} 0+15x40
  moodring_prediction_confidence_bucket{gateway="a",model="bert",version="",label="joy",le="0.99"} 0+30x40
  moodring_prediction_confidence_bucket{gateway="a",model="bert",version="",label="joy",le="+Inf"} 0+30x40
  moodring_prediction_confidence_bucket{gateway="b",model="resting",version="2",label="so \"happy\"/very-much.v2",le="0.99"} 7+0x40
  moodring_prediction_confidence_bucket{gateway="b",model="resting",version="2",label="so \"happy\"/very-much.v2",le="+Inf"} 7+0x40
  moodring_replies_total{gateway="a",model="bert",version="",outcome="counted"} 0+45x40
  moodring_replies_total{gateway="b",model="bert",version="",outcome="counted"} 0+15x40
  moodring_replies_total{gateway="a",model="bert",version="",outcome="unparsed"} 0+3x40
  moodring_replies_total{gateway="b",model="resting",version="2",outcome="counted"} 7+0x40
  moodring_gateway_authorization_total{gateway="a",result="allowed"} 0+60x40
  moodring_gateway_authorization_total{gateway="a",result="denied"} 0+6x40
  moodring_gateway_authorization_total{gateway="b",result="denied"} 0+0x40
  moodring_gateway_ratelimit_total{gateway="a",result="ok"} 0+54x40
  moodring_gateway_ratelimit_total{gateway="a",result="over_limit"} 0+3x40
  moodring_gateway_ratelimit_total{gateway="b",result="over_limit"} 0+0x40
  moodring_gateway_ratelimit_total{gateway="a",result="error"} 0+0x40
  moodring_gateway_ratelimit_total{gateway="b",result="error"} 0+0x40
  moodring_overflow_total{gateway="a",kind="labels"} 0+0x40
  moodring_overflow_total{gateway="a",kind="models"} 0+0x40
  moodring_gateway_requests_total{gateway="a",code_class="2xx"} 0+45x40
  moodring_gateway_requests_total{gateway="a",code_class="4xx"} 0+9x40
  moodring_gateway_requests_total{gateway="b",code_class="2xx"} 0+15x40
  moodring_gateway_upstream_duration_seconds_bucket{gateway="a",upstream="bert",le="0.01"} 0+0x40
  moodring_gateway_upstream_duration_seconds_bucket{gateway="a",upstream="bert",le="0.02"} 0+15x40
  moodring_gateway_upstream_duration_seconds_bucket{gateway="a",upstream="bert",le="0.12"} 0+30x40
  moodring_gateway_upstream_duration_seconds_bucket{gateway="a",upstream="bert",le="+Inf"} 0+30x40
  moodring_exporter_target_up{gateway="a"} 1+0x40
  moodring_exporter_target_up{gateway="b"} 1+0x39 0
  moodring_exporter_scrape_duration_seconds{gateway="a"} 0.002+0x40
  moodring_exporter_scrape_duration_seconds{gateway="b"} 0.25+0x40
  moodring_exporter_scrape_errors_total{gateway="a"} 0+0x40
  moodring_exporter_scrape_errors_total{gateway="b"} 0+1x40
  moodring_exporter_dropped_series_total{gateway="a"} 0+0x40
  moodring_exporter_scrape_samples{gateway="a"} 19+0x40
  moodring_exporter_scrape_samples{gateway="b"} 12+0x40
`

// Now is when Healthy ends.
const Now = 10 * time.Minute
