package contract

import "slices"

// Names of the exported metrics. Renaming a metric is a [CHANGE] in CHANGELOG.md.
const (
	Predictions      = "moodring_predictions_total"
	Confidence       = "moodring_prediction_confidence"
	Replies          = "moodring_replies_total"
	Overflow         = "moodring_overflow_total"
	Margin           = "moodring_prediction_margin"
	PredictionValue  = "moodring_prediction_value"
	LabelScores      = "moodring_label_scores_total"
	BatchSize        = "moodring_reply_batch_size"
	Faults           = "moodring_plugin_faults_total"
	Unfollowed       = "moodring_unfollowed_requests_total"
	Authorization    = "moodring_gateway_authorization_total"
	RateLimit        = "moodring_gateway_ratelimit_total"
	Requests         = "moodring_gateway_requests_total"
	UpstreamDuration = "moodring_gateway_upstream_duration_seconds"
)

// Names of the exporter's own metrics.
const (
	ExporterUp         = "moodring_exporter_target_up"
	ExporterDuration   = "moodring_exporter_scrape_duration_seconds"
	ExporterBytes      = "moodring_exporter_scrape_bytes_total"
	ExporterSamples    = "moodring_exporter_scrape_samples"
	ExporterErrors     = "moodring_exporter_scrape_errors_total"
	ExporterDropped    = "moodring_exporter_dropped_series_total"
	ExporterPushErrors = "moodring_exporter_push_errors_total"
	ExporterShards     = "moodring_exporter_shards"
	ExporterBuild      = "moodring_exporter_build_info"

	ExporterReload          = "moodring_exporter_config_last_reload_successful"
	ExporterReloadTime      = "moodring_exporter_config_last_reload_success_timestamp_seconds"
	ExporterDiscoveryErrors = "moodring_exporter_discovery_errors_total"
	ExporterDiscoveryUp     = "moodring_exporter_discovery_up"
	ExporterGateways        = "moodring_exporter_gateways"
)

// Label keys.
const (
	LabelGateway   = "gateway"
	LabelNamespace = "namespace"
	LabelService   = "service"
	LabelModel     = "model"
	LabelVersion   = "version"
	LabelLabel     = "label"
	LabelOutcome   = "outcome"
	LabelKind      = "kind"
	LabelResult    = "result"
	LabelCodeClass = "code_class"
	LabelUpstream  = "upstream"
	LabelBucket    = "le"
	LabelSource    = "source"
	LabelState     = "state"
	LabelShard     = "shard"
)

// Discovery sources that can fail.
const (
	SourceFile       = "file"
	SourceDNS        = "dns"
	SourceKubernetes = "kubernetes"
)

// Sources returns all discovery sources that can fail.
func Sources() []string { return []string{SourceFile, SourceDNS, SourceKubernetes} }

// SourceStatic is the source of gateways that the configuration or the command line
// names.
const SourceStatic = "static"

// States of a gateway in ExporterGateways.
const (
	GatewayActive  = "active"  // scraped
	GatewayLeaving = "leaving" // scraped while it shuts down
	GatewayDropped = "dropped" // found and not scraped; /targets has the reason
)

// GatewayStates returns all states of a gateway.
func GatewayStates() []string { return []string{GatewayActive, GatewayLeaving, GatewayDropped} }

// Outcomes of a reply on a predict route. Each reply has exactly one.
const (
	OutcomeCounted       = "counted"          // at least one prediction was counted
	OutcomeNoPredictions = "no_predictions"   // valid, but empty
	OutcomeUnparsed      = "unparsed"         // invalid, or of an unknown form
	OutcomeNotClassifier = "not_a_classifier" // unparsed, as all replies of the model so far
	OutcomeTruncated     = "truncated"        // ended before its JSON or its text did, or the stream was reset
	OutcomeEncoded       = "encoded"          // compressed, and so not read
	OutcomeErrorStatus   = "error_status"     // not 2xx
)

var outcomes = [...]string{
	OutcomeCounted, OutcomeNoPredictions, OutcomeUnparsed, OutcomeNotClassifier, OutcomeTruncated, OutcomeEncoded, OutcomeErrorStatus,
}

// OutcomeCount is the number of Outcomes.
const OutcomeCount = len(outcomes)

// Outcomes returns all outcomes of a reply.
func Outcomes() []string { return slices.Clone(outcomes[:]) }

// Kinds of overflow.
const (
	OverflowLabels      = "labels"       // a model had more than MaxLabels labels
	OverflowModels      = "models"       // a service had more than MaxModels models and versions
	OverflowServices    = "services"     // more than MaxServices services were seen
	OverflowLabelLength = "label_length" // a label was longer than MaxLabelBytes
	OverflowLabelForm   = "label_form"   // a label that the configuration does not list looks like text
	OverflowNewLabels   = "new_labels"   // a model's labels are new more often than not
)

var overflowKinds = [...]string{
	OverflowLabels, OverflowModels, OverflowServices, OverflowLabelLength, OverflowLabelForm, OverflowNewLabels,
}

// OverflowKindCount is the number of OverflowKinds.
const OverflowKindCount = len(overflowKinds)

// OverflowKinds returns all kinds of overflow.
func OverflowKinds() []string { return slices.Clone(overflowKinds[:]) }

// Results of the gateway's authorization (Envoy's RBAC filter).
const (
	ResultAllowed = "allowed"
	ResultDenied  = "denied"
)

// Results of the gateway's rate limit. A failure that allows the request counts
// under both error and failure_mode_allowed.
const (
	ResultOK                 = "ok"
	ResultOverLimit          = "over_limit"
	ResultError              = "error"
	ResultFailureModeAllowed = "failure_mode_allowed"
)

// AuthorizationResults returns all results of authorization.
func AuthorizationResults() []string { return []string{ResultAllowed, ResultDenied} }

// RateLimitResults returns all results of the rate limit.
func RateLimitResults() []string {
	return []string{ResultOK, ResultOverLimit, ResultError, ResultFailureModeAllowed}
}

// CodeClasses returns all classes of HTTP response codes.
func CodeClasses() []string { return []string{"1xx", "2xx", "3xx", "4xx", "5xx"} }

// Other is the value of the service, model or label label for predictions past a limit.
const Other = "other"

// Default limits of the plugin. Services, models and labels past a limit count under Other.
const (
	MaxLabels     = 64  // labels of one model and version
	MaxModels     = 32  // models and versions of one service
	MaxServices   = 64  // services of one gateway
	MaxLabelBytes = 128 // bytes of a label, or of a model's or version's name
)

// Type is a metric's type in the Prometheus exposition format.
type Type string

// Types used by the contract.
const (
	Counter   Type = "counter"
	Gauge     Type = "gauge"
	Histogram Type = "histogram"
)

// Metric describes an exported metric.
type Metric struct {
	Name   string
	Type   Type
	Labels []string // label keys without le, in the order of the documents
	Help   string
}

// Metrics returns all exported metrics, in the order of the documents.
func Metrics() []Metric {
	return []Metric{
		{Predictions, Counter, ofModel(LabelLabel), "Predictions by top label."},
		{Confidence, Histogram, ofModel(LabelLabel), "Score of the top label, 0 to 1."},
		{Replies, Counter, ofModel(LabelOutcome), "Replies on predict routes, each under one outcome."},
		{Overflow, Counter, []string{LabelGateway, LabelKind}, "Predictions counted under other, by reason."},
		{Margin, Histogram, ofModel(), "Score of the top label minus the second score, 0 to 1; with the plugin's margins."},
		{LabelScores, Counter, ofModel(LabelLabel), "Sum of a label's scores, in predictions with any top label; with the plugin's scoreSums."},
		{PredictionValue, Histogram, ofModel(), "Number that the model answered; with a model's answer: number."},
		{BatchSize, Histogram, ofModel(), "Predictions in a reply; with the plugin's batchSizes."},
		{Faults, Counter, []string{LabelGateway}, "Faults of the plugin itself; the reply passed, uncounted."},
		{Unfollowed, Counter, []string{LabelGateway}, "Requests that look like predictions, and that no rule of the plugin follows."},
		{Authorization, Counter, []string{LabelGateway, LabelResult}, "Requests the gateway's authorization allowed or denied."},
		{RateLimit, Counter, []string{LabelGateway, LabelResult}, "Decisions of the gateway's rate limit filter."},
		{Requests, Counter, []string{LabelGateway, LabelCodeClass}, "Downstream requests by class of the response code."},
		{UpstreamDuration, Histogram, []string{LabelGateway, LabelUpstream}, "Time the upstream took to reply, as measured by the gateway."},
		{ExporterUp, Gauge, []string{LabelGateway}, "Whether the last scrape of the gateway succeeded."},
		{ExporterDuration, Gauge, []string{LabelGateway}, "Time the last scrape of the gateway took."},
		{ExporterBytes, Counter, []string{LabelGateway}, "Bytes read from the gateway, after decompression."},
		{ExporterSamples, Gauge, []string{LabelGateway}, "Samples of the gateway after the transform, at the last scrape."},
		{ExporterErrors, Counter, []string{LabelGateway}, "Scrapes of the gateway that failed."},
		{ExporterDropped, Counter, []string{LabelGateway}, "Series left out because they could not be decoded or were over the limit."},
		{ExporterReload, Gauge, nil, "Whether the last configuration that was read is valid; if not, the previous configuration is in use."},
		{ExporterReloadTime, Gauge, nil, "When the configuration in use was read."},
		{ExporterDiscoveryErrors, Counter, []string{LabelSource}, "Failed lookups of gateways; the previous result stays in use."},
		{ExporterDiscoveryUp, Gauge, []string{LabelSource}, "Whether every file, name and namespace of the source could be read when it was last tried."},
		{ExporterGateways, Gauge, []string{LabelSource, LabelState}, "Gateways that the source lists: active, leaving (shutting down), or dropped (not scraped; /targets has the reason)."},
		{ExporterPushErrors, Counter, nil, "Failed pushes over OTLP; the next push sends all metrics again."},
		{ExporterShards, Gauge, []string{LabelShard}, "Number of exporters that share the gateways; the label has this exporter's share."},
		{ExporterBuild, Gauge, []string{"version", "goversion"}, "Always 1; the exporter's version is in the labels."},
	}
}

// ofModel returns the labels of a model's metric: the labels that identify the
// model, then the others.
func ofModel(others ...string) []string {
	return append([]string{LabelGateway, LabelNamespace, LabelService, LabelModel, LabelVersion}, others...)
}

// Find returns the metric with that name, and whether it exists.
func Find(name string) (Metric, bool) {
	rows := Metrics()
	at := slices.IndexFunc(rows, func(m Metric) bool { return m.Name == name })
	if at < 0 {
		return Metric{}, false
	}
	return rows[at], true
}

// stats lists the plugin's counters.
var stats = [...]string{
	Predictions, Replies, Overflow, Faults, Unfollowed, LabelScores + SuffixMillionths,
	Confidence + SuffixBucket, Confidence + SuffixCount, Confidence + SuffixSumMillionths,
	Margin + SuffixBucket, Margin + SuffixCount, Margin + SuffixSumMillionths,
	BatchSize + SuffixBucket, BatchSize + SuffixCount, BatchSize + SuffixSumMillionths,
	PredictionValue + SuffixBucket, PredictionValue + SuffixCount, PredictionValue + SuffixSumMillionths,
	PredictionValue + SuffixNegativeMillionths,
}

// Stats returns the names of the plugin's counters in Envoy, without labels. A
// histogram is several counters.
func Stats() []string { return slices.Clone(stats[:]) }

// Suffixes of the plugin's counters in Envoy, besides SuffixBucket and
// SuffixCount. Envoy's counters are whole numbers, so sums are counted in
// millionths.
const (
	SuffixMillionths    = "_millionths"
	SuffixSumMillionths = SuffixSum + SuffixMillionths

	// SuffixNegativeMillionths is the sum of the values below 0, without their
	// sign, because Envoy's counters only grow.
	SuffixNegativeMillionths = "_negative" + SuffixSumMillionths

	SumScale = 1e-6
)
