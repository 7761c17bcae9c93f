package scrape

import (
	"testing"
	"time"
)

// A page of an Envoy: seconds after the first page, and the stats that it has.
type processPage struct {
	at               float64
	uptime, requests float64 // -1: not on the page
	isNew            bool
}

func TestProcess(t *testing.T) {
	for name, pages := range map[string][]processPage{
		"runs":                                 {{0, 100, 7, false}, {15, 115, 8, false}, {30, 130, 12, false}},
		"restarts":                             {{0, 100, 7, false}, {15, 5, 1, true}, {30, 20, 2, false}},
		"restarts, without requests":           {{0, 100, -1, false}, {15, 5, -1, true}, {30, 20, -1, false}},
		"restarts, uptime not on the page yet": {{0, 100, -1, false}, {15, -1, -1, true}, {30, 10, -1, false}},
		"restarts before its first update":     {{0, 0, 1, false}, {4, 0, 1, true}, {8, 5, 2, false}},
		"restarts while it cannot be scraped":  {{0, 100, 7, false}, {600, 500, 1, true}},
		"updates its uptime seldom":            {{0, 100, 7, false}, {1, 100, 8, false}, {2, 100, 9, false}},
		"has its clock set back":               {{0, 1000, 7, false}, {15, 915, 8, false}, {30, 930, 9, false}},
		"is another old process":               {{0, 1000, 7, false}, {15, 500, 3, false}, {30, 515, 4, false}},
		"does not show its uptime":             {{0, -1, 7, false}, {15, -1, 1, false}},
		"shows its uptime later":               {{0, -1, 7, false}, {15, 3, 8, false}},
	} {
		p, first := new(Process), time.Now()
		for i, page := range pages {
			p.Begin()
			if page.uptime >= 0 {
				p.Add(Sample{Name: "envoy_server_uptime", Value: page.uptime})
			}
			if page.requests >= 0 {
				p.Add(Sample{Name: "envoy_http_downstream_rq_total", Labels: []Label{{"envoy_http_conn_manager_prefix", "admin"}}, Value: page.requests})
				p.Add(Sample{Name: "envoy_http_downstream_rq_total", Labels: []Label{{"envoy_http_conn_manager_prefix", "ingress"}}, Value: 1})
			}
			at := first.Add(time.Duration(page.at * float64(time.Second)))
			if got := p.End(at, at); got != page.isNew {
				t.Errorf("an Envoy that %s, page %d: new: %v, want %v", name, i, got, page.isNew)
			}
		}
	}
}
