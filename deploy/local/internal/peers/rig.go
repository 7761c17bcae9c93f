package peers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/moodring/moodring/deploy/local/internal/gateway"
	"github.com/moodring/moodring/deploy/local/internal/load"
	"github.com/moodring/moodring/deploy/local/internal/payloadlog"
	"github.com/moodring/moodring/deploy/local/internal/ports"
	"github.com/moodring/moodring/deploy/local/internal/process"
	"github.com/moodring/moodring/deploy/local/internal/prometheus"
	"github.com/moodring/moodring/deploy/local/internal/samples"
)

// rig holds the programs of one peer: model server, gateway, the peer's own programs
// and Prometheus.
type rig struct {
	bench Bench
	peer  peer
	dir   string

	upstream   *load.Upstream
	logger     *program // in front of the model server; nil for no logger
	gateway    *program
	between    *program // between the gateway and Prometheus; nil for no program
	prometheus *program
	samples    samples.Reader

	ports struct{ gateway, admin, model, between, prometheus int }
	page  page // that Prometheus scrapes

	started time.Time
	ledger  *load.Ledger
	traffic *load.Traffic // paused, except while a method sends
}

// page is the page of a program on this machine.
type page struct {
	port int
	path string
}

func (p page) url() string { return ports.URL(p.port) + p.path }

// program is a program that can be started again.
type program struct {
	what process.Program
	*process.Process
}

func (p *program) start(ctx context.Context) (err error) {
	p.Process, err = process.Start(ctx, p.what)
	return err
}

// restart kills the program first.
func (p *program) restart(ctx context.Context) error {
	p.Kill()
	return p.start(ctx)
}

// start starts the programs of a peer without Prometheus.
func (b Bench) start(ctx context.Context, p peer) (*rig, error) {
	dir, err := os.MkdirTemp(b.Dir, "peer-")
	if err != nil {
		return nil, err
	}
	r := &rig{bench: b, peer: p, dir: dir, started: time.Now(), ledger: load.NewLedger()}
	if err := r.start(ctx); err != nil {
		return nil, errors.Join(err, r.stop())
	}
	return r, nil
}

func (r *rig) start(ctx context.Context) (err error) {
	free, err := ports.Free(5)
	if err != nil {
		return err
	}
	r.ports.gateway, r.ports.admin, r.ports.model, r.ports.between, r.ports.prometheus = free[0], free[1], free[2], free[3], free[4]
	if r.upstream, err = load.StartUpstream(0); err != nil {
		return err
	}
	if err := r.startGateway(ctx); err != nil {
		return err
	}
	if err := r.peer.begin(r, ctx); err != nil {
		return err
	}
	r.traffic = load.StartTraffic(1, r.ledger, func() string { return ports.URL(r.ports.gateway) })
	r.traffic.Pause()
	return nil
}

// startGateway starts Envoy with the configuration that Istio makes of the
// manifests, without authorization and rate limits.
func (r *rig) startGateway(ctx context.Context) error {
	envoy, err := gateway.FindEnvoy(r.bench.Root)
	if err != nil {
		return err
	}
	translated, err := os.ReadFile(filepath.Join(r.bench.Root, "deploy", "local", "gateway.json"))
	if err != nil {
		return err
	}
	settings := gateway.Settings{
		Gateway: r.ports.gateway, Admin: r.ports.admin, ModelServer: r.modelPort(), AccessLog: os.DevNull,
		Plugin: r.binary(r.peer.filter), Without: []gateway.Filter{gateway.Authorization, gateway.RateLimits},
	}
	if r.peer.filter == "" {
		settings.Without = append(settings.Without, gateway.Moodring)
	}
	bootstrap, err := gateway.Bootstrap(translated, settings)
	if err != nil {
		return err
	}
	file := filepath.Join(r.dir, "envoy.json")
	if err := os.WriteFile(file, bootstrap, 0o644); err != nil {
		return err
	}
	r.gateway = &program{what: gateway.Program(envoy, file, ports.URL(r.ports.admin))}
	r.gateway.what.Log = r.log("envoy")
	return r.gateway.start(ctx)
}

// modelPort is the port to which the gateway sends requests.
func (r *rig) modelPort() int {
	if r.peer.filter == "" {
		return r.ports.model // of the logger
	}
	return r.upstream.Port
}

func (r *rig) binary(name string) string { return filepath.Join(r.bench.Root, "bin", name) }

func (r *rig) log(name string) string { return filepath.Join(r.dir, name+".log") }

// beginNothing lets Prometheus scrape the whole page of Envoy.
func (r *rig) beginNothing(context.Context) error {
	r.page = page{r.ports.admin, "/stats/prometheus"}
	return nil
}

// beginExporter starts the exporter. Its results are as fresh as the scrapes that
// are more frequent here than in production.
func (r *rig) beginExporter(ctx context.Context) error {
	r.page = page{r.ports.between, "/metrics"}
	config := fmt.Sprintf("gateways: [{name: gateway, url: %q}]\nscrape: {min_age: 100ms}\n", ports.URL(r.ports.admin))
	file := filepath.Join(r.dir, "exporter.yaml")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		return err
	}
	r.between = &program{what: process.Program{
		Name: "exporter", Path: r.binary("exporter"),
		Args:  []string{"--config.file", file, "--web.listen-address", ports.Address(r.ports.between)},
		Ready: ports.URL(r.ports.between) + "/-/ready", Log: r.log("exporter"),
	}}
	return r.between.start(ctx)
}

// beginLogging starts the logger in front of the model server, and the collector.
func (r *rig) beginLogging(ctx context.Context) error {
	r.page = page{r.ports.between, "/metrics"}
	listen, collector, model := ports.Address(r.ports.model), ports.Address(r.ports.between), ports.URL(r.upstream.Port)
	r.between = &program{what: payloadlog.CollectorProgram(r.bench.Self, collector, r.log("collector"))}
	r.logger = &program{what: payloadlog.LoggerProgram(r.bench.Self, listen, model, "http://"+collector, r.log("logger"))}
	return errors.Join(r.between.start(ctx), r.logger.start(ctx))
}

// scrapeInterval is short, so that a run of a few minutes has many scrapes.
const scrapeInterval = time.Second

func (r *rig) startPrometheus(ctx context.Context) (err error) {
	if r.samples, err = samples.New(ports.URL(r.ports.prometheus)); err != nil {
		return err
	}
	r.prometheus = &program{what: prometheus.Program{
		Self: r.bench.Self, Listen: ports.Address(r.ports.prometheus), Targets: []string{ports.Address(r.page.port)}, Path: r.page.path,
		Interval: scrapeInterval, Dir: filepath.Join(r.dir, "prometheus"),
	}.Process(r.log("prometheus"))}
	return r.prometheus.start(ctx)
}

// stop ends all programs.
func (r *rig) stop() error {
	if r.traffic != nil {
		r.traffic.Resume()
		r.traffic.Stop()
	}
	for _, p := range []*program{r.prometheus, r.between, r.gateway, r.logger} {
		if p != nil && p.Process != nil {
			p.Stop()
		}
	}
	if r.upstream == nil {
		return nil
	}
	return r.upstream.Stop()
}

// send sends at least n requests.
func (r *rig) send(ctx context.Context, n int) error {
	goal := r.replies() + n
	r.traffic.Resume()
	defer r.traffic.Pause()
	err := until(ctx, func() (bool, error) { return r.replies() >= goal, nil })
	if err != nil {
		return fmt.Errorf("%d replies, want %d: %w", r.replies(), goal, err)
	}
	return nil
}

func (r *rig) replies() int {
	replies, _, _ := r.ledger.Totals()
	return replies
}
