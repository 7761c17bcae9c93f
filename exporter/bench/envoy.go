package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/scrape"
	"github.com/moodring/moodring/exporter/internal/shape"
)

// envoyClusters make some 100,000 statistics.
const envoyClusters = 1000

// envoy is a real one.
type envoy struct {
	*process
	admin string // URL
}

// ofEnvoy measures what scrapes cost an Envoy: a whole page, one of what was
// used, and the exporter's.
func (b *bench) ofEnvoy(ctx context.Context) error {
	e, err := b.startEnvoy(ctx)
	if err != nil {
		return err
	}
	defer e.stop()
	fmt.Printf("cost to an Envoy of %d clusters\n", envoyClusters)
	whole, wholeBytes, err := e.costOf(20, func() (int64, error) { return e.pageBytes(ctx, "/stats/prometheus") })
	if err != nil {
		return err
	}
	used, usedBytes, err := e.costOf(60, func() (int64, error) { return e.pageBytes(ctx, "/stats/prometheus?usedonly") })
	if err != nil {
		return err
	}
	ours, oursBytes, err := e.costOf(200, e.scraper(ctx))
	if err != nil {
		return err
	}
	tell("the whole page", whole.Seconds()*1e3, "ms CPU")
	tell("usedonly", used.Seconds()*1e3, "ms CPU")
	tell("the exporter's", ours.Seconds()*1e3, "ms CPU")
	report("processor, of the whole page's", 100*ours.Seconds()/whole.Seconds(), 8, "%")
	tell("the whole page", float64(wholeBytes)/1e6, "MB")
	tell("usedonly", float64(usedBytes)/1e6, "MB")
	report("bytes, of the whole page's", 100*float64(oursBytes)/float64(wholeBytes), 0.1, "%")
	return nil
}

func (e *envoy) pageBytes(ctx context.Context, path string) (int64, error) {
	body, err := get(ctx, e.admin+path, nil)
	return int64(len(body)), err
}

// scraper scrapes as the exporter does, by its own code.
func (e *envoy) scraper(ctx context.Context) func() (int64, error) {
	client := &scrape.Client{Format: config.Prometheus, Filter: shape.Filter(nil), MaxPageBytes: 64 << 20, MaxLineBytes: maxLine, Timeout: 10 * time.Second}
	link := scrape.NewLink(nil)
	return func() (int64, error) {
		address, err := url.Parse(e.admin)
		if err != nil {
			return 0, err
		}
		return client.Page(ctx, link, address, func(scrape.Sample) {})
	}
}

// costOf returns the processor time and the bytes of a page, on average.
func (e *envoy) costOf(times int, page func() (int64, error)) (time.Duration, int64, error) {
	var bytes int64
	used, err := e.cost(times, func() error {
		n, err := page()
		bytes += n
		return err
	})
	return used, bytes / int64(times), err
}

func (b *bench) startEnvoy(ctx context.Context) (*envoy, error) {
	path, err := b.tool("envoy", "make tools")
	if err != nil {
		return nil, err
	}
	admin, err := freeAddress()
	if err != nil {
		return nil, err
	}
	listener, err := freeAddress()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(envoyConfig(admin, listener, b.farm.address(0)))
	if err != nil {
		return nil, err
	}
	file := filepath.Join(b.dir, "envoy.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	p, err := start(ctx, b.dir, nil, path, "-c", file, "--concurrency", "1", "--disable-hot-restart", "--log-level", "error")
	if err != nil {
		return nil, err
	}
	e := &envoy{p, "http://" + admin}
	if err := p.ready(ctx, e.admin+"/ready"); err != nil {
		return nil, err
	}
	for range 20 { // what passes through is counted
		if _, err := get(ctx, "http://"+listener+"/stats/prometheus", nil); err != nil {
			return nil, err
		}
	}
	return e, nil
}

type object = map[string]any

// envoyConfig is an Envoy that authorizes what comes and passes it to the first
// of its clusters.
func envoyConfig(admin, listener, upstream string) object {
	var clusters []object
	for i := range envoyClusters {
		name := fmt.Sprintf("outbound|80||model-%d.default.svc.cluster.local", i)
		clusters = append(clusters, object{
			"name": name, "connect_timeout": "1s", "type": "STATIC",
			"load_assignment": object{"cluster_name": name, "endpoints": []object{{"lb_endpoints": []object{{"endpoint": object{"address": socket(upstream)}}}}}},
		})
	}
	const filters = "type.googleapis.com/envoy.extensions.filters."
	manager := object{
		"@type": filters + "network.http_connection_manager.v3.HttpConnectionManager", "stat_prefix": "ingress",
		"route_config": object{"virtual_hosts": []object{{
			"name": "all", "domains": []string{"*"},
			"routes": []object{{"match": object{"prefix": "/"}, "route": object{"cluster": clusters[0]["name"]}}},
		}}},
		"http_filters": []object{
			{"name": "rbac", "typed_config": object{"@type": filters + "http.rbac.v3.RBAC", "rules": object{"action": "DENY"}}},
			{"name": "router", "typed_config": object{"@type": filters + "http.router.v3.Router"}},
		},
	}
	return object{
		"admin": object{"address": socket(admin)},
		"static_resources": object{
			"clusters": clusters,
			"listeners": []object{{"name": "main", "address": socket(listener), "filter_chains": []object{{
				"filters": []object{{"name": "manager", "typed_config": manager}},
			}}}},
		},
	}
}

func socket(address string) object {
	host, port, _ := net.SplitHostPort(address) // ours, and sound
	return object{"socket_address": object{"address": host, "port_value": json.Number(port)}}
}
