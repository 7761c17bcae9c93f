package scrape

import "time"

// Stats by which Process recognises a process of Envoy. FilterOfProcess matches their
// raw names.
const (
	uptime          = "server.uptime"
	requests        = "http.admin.downstream_rq_total"
	FilterOfProcess = `^server\.uptime$|^http\.admin\.downstream_rq_total$`
)

// Process notices that a gateway's Envoy has been replaced by a new process, also if
// the new process has already counted more than the old one. Then no counter has
// fallen, and the old process's counts would be lost to Prometheus.
type Process struct {
	uptime, requests float64 // on this page, 0 if missing
	hasUptime        bool

	isKnown bool // an earlier page had the uptime
	before  struct {
		uptime, requests float64
		began            time.Time // when the page was requested
	}
}

// Begin begins a page.
func (p *Process) Begin() { p.uptime, p.requests, p.hasUptime = 0, 0, false }

// Add takes a sample of the page.
func (p *Process) Add(s Sample) {
	switch s.Name {
	case uptime, "envoy_server_uptime":
		p.uptime, p.hasUptime = s.Value, true
	case requests, "envoy_http_admin_downstream_rq_total":
		p.requests = s.Value
	case "envoy_http_downstream_rq_total":
		if s.Label("envoy_http_conn_manager_prefix") == "admin" || s.Label("http_conn_manager_prefix") == "admin" {
			p.requests = s.Value
		}
	}
}

// End ends a complete page that was requested at began and is read at ended. It
// reports whether the process was started after the page before.
//
// The uptime of a process never falls, and its count of requests grows with each
// page. The uptime must also be short enough: the host's clock can be set back, and
// an address can lead to another process that has run for long. Envoy updates its
// uptime every few seconds, so it may be too small, and is 0 at first.
func (p *Process) End(began, ended time.Time) (isNew bool) {
	const rounding = 1 // the uptime has whole seconds
	hasFallen := p.uptime < p.before.uptime
	isCountingAnew := p.before.requests > 0 && p.requests <= p.before.requests
	isYoung := p.uptime <= ended.Sub(p.before.began).Seconds()+rounding
	isNew = p.isKnown && (hasFallen || isCountingAnew) && isYoung
	p.isKnown = p.isKnown || p.hasUptime
	p.before.uptime, p.before.requests, p.before.began = p.uptime, p.requests, began
	return isNew
}
