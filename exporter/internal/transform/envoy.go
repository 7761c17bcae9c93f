package transform

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/scrape"
)

// infrastructure lists the connection managers of Envoy's admin endpoint, and of
// the listeners on which Istio and Envoy Gateway serve statistics and health. Scrapes
// and probes pass through them, so they are used on every page.
func infrastructure() []string {
	return []string{"admin", "agent", "stats", "eg-stats-http", "eg-ready-http"}
}

// isInfrastructure reports whether a connection manager serves no user. That includes
// the manager of knative-local-gateway: Knative's requests pass an Istio gateway
// twice, and would be counted twice.
func isInfrastructure(manager string) bool {
	// Prometheus's format replaces dots and hyphens, and the semicolon at the end.
	mangled := strings.NewReplacer(".", "_", "-", "_")
	manager = strings.TrimRight(mangled.Replace(manager), "_;")
	return manager == "outbound_0_0_0_0_8081" ||
		slices.ContainsFunc(infrastructure(), func(name string) bool { return manager == mangled.Replace(name) })
}

// envoyStat describes one of Envoy's own stats: scope.OWNER.member.
type envoyStat struct {
	scope  string   // http, whose owner is a connection manager, or cluster
	member []string // one or two segments
	metric string
	value  string // of the metric's last label; if empty, the label is the owner
}

const (
	upstreamTime = "upstream_rq_time"
	envoyPrefix  = "envoy_" // of the names of Envoy's own stats in Prometheus's format
)

// envoyStats returns all of Envoy's own stats that the contract uses.
var envoyStats = sync.OnceValue(func() []envoyStat {
	stats := []envoyStat{{"cluster", []string{upstreamTime}, contract.UpstreamDuration, ""}}
	for _, result := range contract.AuthorizationResults() {
		stats = append(stats, envoyStat{"http", []string{"rbac", result}, contract.Authorization, result})
	}
	for _, result := range contract.RateLimitResults() {
		stats = append(stats, envoyStat{"cluster", []string{"ratelimit", result}, contract.RateLimit, result})
	}
	for _, class := range contract.CodeClasses() {
		stats = append(stats, envoyStat{"http", []string{"downstream_rq_" + class}, contract.Requests, class})
	}
	return stats
})

// mayBeEnvoy is a fast check whether a stat can be one of envoyStats.
func mayBeEnvoy(name string) bool {
	return strings.Contains(name, "rbac") || strings.Contains(name, "ratelimit") ||
		strings.Contains(name, upstreamTime) || strings.Contains(name, "downstream_rq")
}

// envoyMapping returns the mapping of one of envoyStats. ok is false for all other
// samples.
func (t *Transformer) envoyMapping(sample scrape.Sample) (m mapping, ok bool) {
	if !mayBeEnvoy(sample.Name) {
		return mapping{}, false
	}
	name := t.parseEnvoyName(sample)
	for _, stat := range envoyStats() {
		owner, before, ok := name.match(stat)
		if !ok {
			continue
		}
		value := stat.value
		if value == "" {
			value = validText(owner)
		}
		e := t.member(stat.metric, []string{value})
		if stat.metric == contract.UpstreamDuration {
			t.relate(e, name, before)
		}
		const millisecond = 1e-3 // in the seconds of the metric
		return e.mapping(name.part, sample, millisecond), true
	}
	return mapping{}, false
}

// mapping returns the mapping of a sample. part is the suffix of a histogram's
// series, whose sum and bounds are scaled.
func (e *entry) mapping(part string, sample scrape.Sample, scale float64) mapping {
	if (part != "") != (e.Type == contract.Histogram) {
		return mapping{}
	}
	switch part {
	case contract.SuffixCount:
		return mapping{entry: e, cell: &e.count, scale: 1}
	case contract.SuffixSum:
		return mapping{entry: e, cell: &e.sum, scale: scale}
	case contract.SuffixBucket:
		return e.bucketMapping(sample.Label(contract.LabelBucket), scale)
	}
	return mapping{entry: e, cell: &e.value, scale: 1}
}

func (e *entry) bucketMapping(le string, scale float64) mapping {
	bound, err := strconv.ParseFloat(le, 64)
	if err != nil || math.IsNaN(bound) {
		return mapping{}
	}
	if math.IsInf(bound, 1) { // the same as the count, so the value is not used
		return mapping{entry: e, cell: new(cell), scale: 1}
	}
	b := e.bucket(scaled(bound, scale))
	if b == nil {
		return mapping{}
	}
	return mapping{entry: e, cell: &b.cell, scale: 1}
}

// envoyName is a stat's name, split as far as the page's format allows.
type envoyName struct {
	text      string // http.OWNER.STAT, without a histogram's suffix
	part      string // a histogram's suffix, or ""
	prefix    string // before the scope: envoy_ in Prometheus's format
	separator string
	owner     string // if Envoy moved the owner from the name to a tag
}

func (t *Transformer) parseEnvoyName(sample scrape.Sample) envoyName {
	text, part := cutTimePart(sample.Name)
	if t.options.Format == config.JSON {
		return envoyName{text: text, part: part, separator: "."}
	}
	return envoyName{
		text: withTags(text, sample), part: part, prefix: envoyPrefix, separator: "_",
		owner: tag(sample, "http_conn_manager_prefix") + tag(sample, "cluster_name"),
	}
}

// cutTimePart cuts the suffix off a series of the one histogram, upstream_rq_time.
func cutTimePart(name string) (text, part string) {
	if text, part, ok := contract.CutPart(name); ok && strings.HasSuffix(text, upstreamTime) {
		return text, part
	}
	return name, ""
}

// tag returns the value of a tag. Envoy's default name for a tag begins with
// envoy_, and the name in Istio's bootstrap does not.
func tag(sample scrape.Sample, name string) string {
	if value := sample.Label("envoy_" + name); value != "" {
		return value
	}
	return sample.Label(name)
}

// withTags appends the end of the name that Envoy moved to a tag:
// downstream_rq_xx{envoy_response_code_class="2"} by default, and Istio's
// downstream_rq{response_code_class="2xx"} and rbac{authz_enforce_result="allowed"}.
func withTags(text string, sample scrape.Sample) string {
	if class := sample.Label("envoy_response_code_class"); class != "" {
		return strings.TrimSuffix(text, "xx") + class + "xx"
	}
	if class := sample.Label("response_code_class"); class != "" {
		return text + "_" + class
	}
	if result := sample.Label("authz_enforce_result"); result != "" {
		return text + "_" + result
	}
	return text
}

// match reports whether the name is one of stat, and returns its owner: a
// connection manager or a cluster. before is the text between the stat's scope and
// its member. It begins with a separator, unless Envoy moved all of it to a tag.
func (n envoyName) match(stat envoyStat) (owner, before string, ok bool) {
	before, ok = strings.CutPrefix(n.text, n.prefix+stat.scope)
	if !ok || !strings.HasPrefix(before, n.separator) {
		return "", "", false
	}
	before, ok = strings.CutSuffix(before, n.separator+strings.Join(stat.member, n.separator))
	if !ok || stat.metric == contract.Authorization && n.isOfPolicy(before) {
		return "", "", false
	}
	owner = n.join(strings.TrimPrefix(before, n.separator))
	return owner, before, owner != "" && (stat.scope != "http" || !isInfrastructure(owner))
}

// join returns the owner's whole name. Envoy's default tags take the name only up
// to its first dot. rest is the text left in the metric's name: all of the name
// if there is no tag, and with dots replaced in Prometheus's format.
func (n envoyName) join(rest string) string {
	owner := n.owner
	switch {
	case owner == "":
		owner = rest
	case rest != "":
		owner += "." + rest
	}
	return strings.TrimSuffix(owner, ";") // Istio's mark for the end of a cluster's name
}

// isOfPolicy reports whether a stat of authorization counts the requests of one
// policy, which the stat of all policies counts too.
func (n envoyName) isOfPolicy(before string) bool {
	return strings.Contains(before+n.separator, n.separator+"rbac"+n.separator+"policy"+n.separator)
}
