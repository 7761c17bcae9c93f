package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/scrape"
	"github.com/moodring/moodring/exporter/internal/transform"
)

// envoyClusters give Envoy about 100,000 statistics.
const envoyClusters = 1000

// envoy is a running Envoy.
type envoy struct {
	*process
	admin, listener string // URLs
}

// page is a page of an Envoy, with its average cost to Envoy.
type page struct {
	times int // requests in a round
	get   func() (int64, error)
	cpu   time.Duration
	bytes int64
}

// rounds is the number of rounds. The pages take turns in each round, so that a slow
// minute of the machine affects all of them.
const rounds = 5

// measureEnvoy measures the cost of scrapes to an Envoy: of the whole page, of the
// used stats (usedonly), and of the exporter's page.
func (b *bench) measureEnvoy(ctx context.Context) error {
	e, err := b.startEnvoy(ctx)
	if err != nil {
		return err
	}
	defer e.stop()
	fmt.Printf("cost to an Envoy of %d clusters\n", envoyClusters)
	samples := 0
	whole := &page{times: 4, get: func() (int64, error) { return e.pageBytes(ctx, "/stats/prometheus") }}
	used := &page{times: 15, get: func() (int64, error) { return e.pageBytes(ctx, "/stats/prometheus?usedonly") }}
	ours := &page{times: 40, get: e.scraper(ctx, config.Prometheus, func(scrape.Sample) { samples++ })}
	inJSON := &page{times: 40, get: e.scraper(ctx, config.JSON, func(scrape.Sample) {})}
	for range rounds {
		for _, p := range []*page{whole, used, ours, inJSON} {
			if err := e.measure(p); err != nil {
				return err
			}
		}
	}
	show("the exporter's", float64(samples)/float64(rounds*ours.times), "samples")
	show("the whole page", whole.cpu.Seconds()*1e3, "ms CPU")
	show("usedonly", used.cpu.Seconds()*1e3, "ms CPU")
	show("the exporter's", ours.cpu.Seconds()*1e3, "ms CPU")
	report("processor, of the whole page's", 100*ours.cpu.Seconds()/whole.cpu.Seconds(), 8, "%")
	report("processor, with format: json", 100*inJSON.cpu.Seconds()/whole.cpu.Seconds(), 8, "%")
	show("the whole page", float64(whole.bytes)/1e6, "MB")
	show("usedonly", float64(used.bytes)/1e6, "MB")
	report("bytes, of the whole page's", 100*float64(ours.bytes)/float64(whole.bytes), 0.1, "%")
	report("bytes, with format: json", 100*float64(inJSON.bytes)/float64(whole.bytes), 0.1, "%")
	return nil
}

// measure adds a round to the page's cost.
func (e *envoy) measure(p *page) error {
	cpu, err := e.cost(p.times, func() error {
		n, err := p.get()
		p.bytes = n
		return err
	})
	p.cpu += cpu / rounds
	return err
}

func (e *envoy) pageBytes(ctx context.Context, path string) (int64, error) {
	body, err := get(ctx, e.admin+path, nil)
	return int64(len(body)), err
}

// scraper returns a function that scrapes by the exporter's own code.
func (e *envoy) scraper(ctx context.Context, format config.Format, emit func(scrape.Sample)) func() (int64, error) {
	client := &scrape.Client{Format: format, Filter: transform.Filter(nil), MaxPageBytes: 64 << 20, MaxLineBytes: maxLine, Timeout: 10 * time.Second, MaxAge: time.Hour}
	link := scrape.NewLink(nil)
	return func() (int64, error) {
		address, err := url.Parse(e.admin)
		if err != nil {
			return 0, err
		}
		return client.Page(ctx, link, address, emit)
	}
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
	filter := filepath.Join(b.dir, "moodring.wasm")
	if err := b.build(ctx, []string{"GOOS=wasip1", "GOARCH=wasm"}, "-buildmode=c-shared", "-o", filter, "./plugin"); err != nil {
		return nil, err
	}
	text, err := json.Marshal(envoyConfig(admin, listener, b.farm.address(0), filter))
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
	e := &envoy{p, "http://" + admin, "http://" + listener}
	if err := p.ready(ctx, e.admin+"/ready"); err != nil {
		return nil, err
	}
	return e, e.predict(ctx)
}

// predict sends predict requests, so that the plugin counts. The replies have all
// labels and all confidences, which are twelve counters for each label.
func (e *envoy) predict(ctx context.Context) error {
	for range 10 * len(emotions()) {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.listener+"/v1/models/bert-emotion-model:predict", nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, response.Body)
		if err = errors.Join(err, response.Body.Close()); err != nil || response.StatusCode != http.StatusOK {
			return fmt.Errorf("predicting through Envoy: %s, %w", response.Status, err)
		}
	}
	return nil
}

type object = map[string]any

// envoyConfig returns the configuration of an Envoy that authorizes all requests and
// passes them through the plugin to its first cluster.
func envoyConfig(admin, listener, upstream, plugin string) object {
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
			{"name": "moodring", "typed_config": object{"@type": filters + "http.wasm.v3.Wasm", "config": object{"vm_config": object{
				"runtime": "envoy.wasm.runtime.v8", "code": object{"local": object{"filename": plugin}},
			}}}},
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
	host, port, _ := net.SplitHostPort(address) // freeAddress returned it
	return object{"socket_address": object{"address": host, "port_value": json.Number(port)}}
}
