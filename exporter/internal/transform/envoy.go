package transform

import (
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/scrape"
)

// Filter returns the regular expression, in RE2's syntax, that finds the raw
// names of all the stats which a Shaper with these rules uses, for Envoy's
// filter parameter.
func Filter(rules []config.Rule) string {
	anyOf := func(words []string) string { return "(" + strings.Join(words, "|") + ")" }
	filter := "(^" + regexp.QuoteMeta(contract.StatPrefix) + "|" + regexp.QuoteMeta(contract.FieldEnd) + ")" + pluginPrefix +
		`|^http(.*` + anyBut(infrastructure()) + `|\..*\.` + anyOf(infrastructure()) + `)\.(downstream_rq_` + anyOf(contract.CodeClasses()) + `|rbac\.` + anyOf(contract.AuthorizationResults()) + `)$` +
		`|^cluster(\.` + anyOf(asides()) + `\.upstream_rq_time|.*(` + anyBut(asides()) + `\.upstream_rq_time|\.ratelimit\.` + anyOf(contract.RateLimitResults()) + `))$`
	for _, rule := range rules {
		filter += "|(" + rule.Filter + ")"
	}
	return filter
}

// asides are the last segments of a cluster's histograms that have once more
// what another has, by the origin of a request. Each that is in use is as long a
// part of the page as the one that is wanted.
func asides() []string { return []string{"external", "internal", "canary"} }

// infrastructure are the connection managers of Envoy's admin endpoint and of the
// listeners on which Istio serves statistics and health. Each scrape makes them
// count, so that they are used on every page.
func infrastructure() []string { return []string{"admin", "agent", "stats"} }

// anyBut returns a regular expression for the ends of names whose last segment
// is none of words: for each end of a word, names that go on before it with
// another letter than the word does. RE2 has no shorter way to say so.
func anyBut(words []string) string {
	before := make(map[string]string) // letters that stand before an end
	for _, word := range words {
		for i := range len(word) {
			if letter := word[i : i+1]; !strings.Contains(before[word[i+1:]], letter) {
				before[word[i+1:]] += letter
			}
		}
		before[word] = "."
	}
	var others []string
	for _, end := range slices.Sorted(maps.Keys(before)) {
		others = append(others, "[^"+before[end]+"]"+end)
	}
	return "(" + strings.Join(others, "|") + ")"
}

// envoyStat is a stat of Envoy's own: scope.OWNER.member, whose member may be
// two words.
type envoyStat struct {
	scope  string // http, whose owner is a connection manager, or cluster
	member []string
	metric string
	value  string // of the metric's last label; the owner where empty
}

// envoyStats are the same for all gateways.
var envoyStats = sync.OnceValue(func() []envoyStat {
	stats := []envoyStat{{"cluster", []string{"upstream_rq_time"}, contract.UpstreamDuration, ""}}
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

// isEnvoys tells in short whether a stat could be one that the contract wants.
func isEnvoys(name string) bool {
	return strings.Contains(name, "rbac") || strings.Contains(name, "ratelimit") ||
		strings.Contains(name, "upstream_rq_time") || strings.Contains(name, "downstream_rq")
}

// envoyUse says what a stat of Envoy's own is for; it is false for one that the
// contract does not want.
func (s *Shaper) envoyUse(sample scrape.Sample) (use, bool) {
	if !isEnvoys(sample.Name) {
		return use{}, false
	}
	name := s.nameOf(sample)
	for _, stat := range envoyStats() {
		owner, ok := name.match(stat)
		if !ok {
			continue
		}
		value := stat.value
		if value == "" {
			value = validText(owner)
		}
		e := s.member(stat.metric, []string{value})
		const millisecond = 1e-3 // in the seconds of the metric
		return e.use(name.part, sample, millisecond), true
	}
	return use{}, false
}

// use says what a sample is for that has a part of a metric, scaled if it is a
// histogram.
func (e *entry) use(part string, sample scrape.Sample, scale float64) use {
	if (part != "") != (e.Type == contract.Histogram) {
		return use{}
	}
	switch part {
	case "_count":
		return use{entry: e, cell: &e.count, scale: 1}
	case "_sum":
		return use{entry: e, cell: &e.sum, scale: scale}
	case "_bucket":
		return e.bucketUse(sample.Label(contract.LabelBucket), scale)
	}
	return use{entry: e, cell: &e.value, scale: 1}
}

func (e *entry) bucketUse(le string, scale float64) use {
	bound, err := strconv.ParseFloat(le, 64)
	if err != nil || math.IsNaN(bound) {
		return use{}
	}
	if math.IsInf(bound, 1) { // which is the count
		return use{entry: e, cell: new(cell), scale: 1}
	}
	b := e.bucket(scaled(bound, scale))
	if b == nil {
		return use{}
	}
	return use{entry: e, cell: &b.cell, scale: 1}
}

// envoyName is a stat's name, taken apart as far as its form allows.
type envoyName struct {
	text      string // http.OWNER.STAT, without a histogram's suffix
	part      string // the histogram's suffix
	prefix    string // before the scope: envoy_ in Prometheus's form
	separator string
	owner     string // what Envoy took out of the name as a tag
}

func (s *Shaper) nameOf(sample scrape.Sample) envoyName {
	text, part := cutPart(sample.Name)
	if s.options.Format == config.JSON {
		return envoyName{text: text, part: part, separator: "."}
	}
	return envoyName{
		text: withTags(text, sample), part: part, prefix: "envoy_", separator: "_",
		owner: tag(sample, "http_conn_manager_prefix") + tag(sample, "cluster_name"),
	}
}

// tag returns a tag's value under the name that Envoy gives it by default, or
// under the one Istio's bootstrap does, which lacks the envoy_.
func tag(sample scrape.Sample, name string) string {
	if value := sample.Label("envoy_" + name); value != "" {
		return value
	}
	return sample.Label(name)
}

// withTags puts the end of the name back where Envoy took it for a tag:
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

func cutPart(name string) (text, part string) {
	for _, part := range []string{"_bucket", "_sum", "_count"} {
		if text, ok := strings.CutSuffix(name, part); ok && strings.HasSuffix(text, "upstream_rq_time") {
			return text, part
		}
	}
	return name, ""
}

// match tells whether the name is one of stat, and whose: a connection
// manager's or a cluster's.
func (n envoyName) match(stat envoyStat) (owner string, ok bool) {
	rest, ok := strings.CutPrefix(n.text, n.prefix+stat.scope)
	if !ok || !strings.HasPrefix(rest, n.separator) {
		return "", false
	}
	rest, ok = strings.CutSuffix(rest, n.separator+strings.Join(stat.member, n.separator))
	if !ok || n.isAside(stat, rest) {
		return "", false
	}
	owner = n.join(strings.TrimPrefix(rest, n.separator))
	return owner, owner != "" && (stat.scope != "http" || !isInfrastructure(owner))
}

// join puts together an owner's name. Envoy's default tags take it up to its
// first dot and leave the rest in the metric's name, mangled, as all of it is
// left there where there is no tag.
func (n envoyName) join(left string) string {
	owner := n.owner
	switch {
	case owner == "":
		owner = left
	case left != "":
		owner += "." + left
	}
	return strings.TrimSuffix(owner, ";") // Istio's mark for the end of a cluster's name
}

// isAside tells whether a stat counts once more what another has: by origin or
// by zone (source/common/http/codes.cc, chargeResponseTiming), or by policy.
// left is what stands before the stat's member, with the separator before it.
func (n envoyName) isAside(stat envoyStat, left string) bool {
	sep := n.separator
	if stat.metric == contract.Authorization {
		return strings.Contains(left+sep, sep+"rbac"+sep+"policy"+sep)
	}
	if stat.metric != contract.UpstreamDuration {
		return false
	}
	if n.owner == "" { // the owner is in left: it may be called as an aside is
		_, left, _ = strings.Cut(strings.TrimPrefix(left, sep), sep)
		left = sep + left
	}
	isAside := func(word string) bool { return strings.HasSuffix(left, sep+word) }
	return slices.ContainsFunc(asides(), isAside) || strings.Contains(left, sep+"zone"+sep)
}

// isInfrastructure tells whether a connection manager serves no user: one of
// infrastructure, or the one on which Knative's requests pass an Istio gateway for
// the second time (knative-local-gateway), which would count each of them again.
func isInfrastructure(manager string) bool {
	// Prometheus's form has the name's dots and end mangled.
	manager = strings.TrimRight(strings.ReplaceAll(manager, ".", "_"), "_;")
	return manager == "outbound_0_0_0_0_8081" || slices.Contains(infrastructure(), manager)
}
