package transform

import (
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/config"
)

// The whole expression, to read, and to see the effect of a change.
func TestFilter(t *testing.T) {
	const want = `(^wasmcustom\.|;\.;)moodring_` +
		`|^http(.*([^ntsp]|[^sy]-http|[^g]-ready-http|[^g]-stats-http|[^.]admin|[^e]ady-http|[^.]agent|[^t]ats|[^t]ats-http|[^a]dmin|[^a]dy-http|[^r]eady-http` +
		`|[^.]eg-ready-http|[^.]eg-stats-http|[^g]ent|[^e]g-ready-http|[^e]g-stats-http|[^a]gent|[^-]http|[^m]in|[^d]min|[^i]n|[^e]nt|[^t]p|[^-]ready-http` +
		`|[^t]s|[^t]s-http|[^.]stats|[^-]stats-http|[^n]t|[^s]tats|[^s]tats-http|[^t]tp|[^a]ts|[^a]ts-http|[^h]ttp|[^d]y-http)` +
		`|\..*\.(admin|agent|stats|eg-stats-http|eg-ready-http))` +
		`\.(downstream_rq_(1xx|2xx|3xx|4xx|5xx)|rbac\.(allowed|denied))$` +
		`|^cluster\..*\.(upstream_rq_time|ratelimit\.(ok|over_limit|error|failure_mode_allowed))$` +
		`|^server\.uptime$|^http\.admin\.downstream_rq_total$`
	if diff := cmp.Diff(want, Filter(nil)); diff != "" {
		t.Errorf("filter (-want +got):\n%s", diff)
	}
}

func TestFilterOfRules(t *testing.T) {
	got := Filter([]config.Rule{{Filter: "^a$|b"}, {Filter: "c"}})
	if want := Filter(nil) + "|(^a$|b)|(c)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The filter matches all stats of the contract, and no similar stats.
func TestFilterFindsTheContract(t *testing.T) {
	filter := regexp.MustCompile(Filter(nil))
	model := contract.Field{Key: contract.LabelModel, Value: "a-b"}
	var names []string
	for _, cluster := range []string{
		"outbound|80||m.svc;", "outbound|80||m.internal;", "m", "m.svc.cluster.local", "internal", "models.corp.internal", "a.external.external",
	} {
		names = append(names, "cluster."+cluster+".upstream_rq_time")
	}
	for _, stat := range contract.Stats() {
		names = append(names, contract.StatPrefix+stat, contract.StatPrefix+string(contract.AppendStat(nil, stat, model)))
	}
	for _, class := range contract.CodeClasses() {
		names = append(names, "http.outbound_0.0.0.0_8080;.downstream_rq_"+class)
	}
	for _, manager := range []string{"n", "min", "ts", "t", "nt", "admins", "myadmin", "my.admin", "admin.my", "admin.admin", "a.b.stats", "agent_", "http", "a-http", "stats-http", "my-eg-stats-http", "a.eg-ready-http", "eg-http", "ready-http"} {
		names = append(names, "http."+manager+".downstream_rq_2xx", "http."+manager+".rbac.denied")
	}
	for _, result := range contract.AuthorizationResults() {
		names = append(names, "http.ingress.rbac."+result)
	}
	for _, result := range contract.RateLimitResults() {
		names = append(names, "cluster.m.ratelimit."+result)
	}
	for _, name := range names {
		if !filter.MatchString(name) {
			t.Errorf("%s does not match", name)
		}
	}
	for _, name := range []string{"wasmcustom.joy", "http.a.downstream_rq_completed", "http.a.rbac.shadow_denied", "cluster.a.upstream_rq_200", "listener.a.downstream_rq_2xx", "server.live", "server.uptime_x", "http.admin.downstream_rq_2xx",
		"http.eg-stats-http.downstream_rq_2xx", "http.eg-ready-http.downstream_rq_2xx", "http.eg-ready-http.rbac.denied",
		"http.admin.downstream_rq_2xx", "http.agent.downstream_rq_4xx", "http.stats.downstream_rq_5xx",
		"cluster.a.upstream_rq_time.x", "cluster.a.upstream_rq_timeout", "cluster.upstream_rq_time"} {
		if filter.MatchString(name) {
			t.Errorf("%s matches", name)
		}
	}
}
