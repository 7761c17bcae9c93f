package transform

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/scrape"
)

// Filter returns a regular expression in RE2's syntax for Envoy's filter parameter.
// It matches the raw names of all stats that a Transformer with these rules uses:
//
//	(^wasmcustom\.|;\.;)moodring_        the plugin's counters, without and with labels
//	^http.MANAGER.downstream_rq_CLASS$   requests by code class, and
//	^http.MANAGER.rbac.RESULT$           authorization, of managers that serve users
//	^cluster.NAME.upstream_rq_time$      durations, also those by origin (upstream.go)
//	^cluster.NAME.ratelimit.RESULT$      rate limit results
//	scrape.FilterOfProcess               to notice a restart of Envoy
//	(FILTER)                             each rule's own
//
// TestFilter has the whole expression.
func Filter(rules []config.Rule) string {
	anyOf := func(words []string) string { return "(" + strings.Join(words, "|") + ")" }
	plugin := "(^" + regexp.QuoteMeta(contract.StatPrefix) + "|" + regexp.QuoteMeta(contract.FieldEnd) + ")" + pluginPrefix
	// A manager's name may have dots: a manager my.admin serves users.
	manager := "(.*" + noneOf(infrastructure()) + `|\..*\.` + anyOf(infrastructure()) + ")"
	http := "^http" + manager + `\.(downstream_rq_` + anyOf(contract.CodeClasses()) + `|rbac\.` + anyOf(contract.AuthorizationResults()) + ")$"
	cluster := `^cluster\..*\.(upstream_rq_time|ratelimit\.` + anyOf(contract.RateLimitResults()) + ")$"
	filter := plugin + "|" + http + "|" + cluster + "|" + scrape.FilterOfProcess
	for _, rule := range rules {
		filter += "|(" + rule.Filter + ")"
	}
	return filter
}

// IsUsed returns a function that reports whether a Transformer with these rules may
// use the samples called name on a page in Prometheus's format.
func IsUsed(rules []config.Rule) func(name string) bool {
	all := newRules(rules)
	return func(name string) bool {
		return mayBePlugin(name) || strings.HasPrefix(name, envoyPrefix) && mayBeEnvoy(name) ||
			slices.ContainsFunc(all, func(r rule) bool {
				text, _ := r.cutPart(name)
				return r.Match.MatchString(text)
			})
	}
}

// noneOf returns a regular expression for the end of a name whose last segment is
// not one of words. RE2 has no lookahead. Instead, each end of a word is matched
// after any letter but the word's own: [^d]min matches xmin, but not admin.
func noneOf(words []string) string {
	before := make(map[string]string) // by the end of a word: the letters before it
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
