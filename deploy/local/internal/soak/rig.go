package soak

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/moodring/moodring/deploy/local/internal/client"
	"github.com/moodring/moodring/deploy/local/internal/counts"
	"github.com/moodring/moodring/deploy/local/internal/gateway"
	"github.com/moodring/moodring/deploy/local/internal/load"
	"github.com/moodring/moodring/deploy/local/internal/ports"
	"github.com/moodring/moodring/deploy/local/internal/process"
	"github.com/moodring/moodring/deploy/local/internal/prometheus"
	"github.com/moodring/moodring/deploy/local/internal/ratelimit"
	"github.com/moodring/moodring/deploy/local/internal/stack"
	"github.com/moodring/moodring/deploy/local/internal/wait"
)

// keep is how long the exporter exports the last values of a gateway that it
// cannot scrape.
const keep = 6 * time.Second

// connectionAge is when the exporter replaces a connection to a gateway.
const connectionAge = 5 * time.Second

// rig holds the programs of a run.
type rig struct {
	soak        Soak
	http        *http.Client
	envoyBinary string

	upstream          *load.Upstream
	redis             *miniredis.Miniredis
	rateLimit         ratelimit.Service
	rateLimited       *process.Process
	exporters         [2]exporter
	prometheus        *process.Process
	prometheusProgram process.Program
	prometheusURL     string

	mu       sync.Mutex
	envoy    *liveEnvoy   // that gets the traffic
	gateways []*liveEnvoy // that the exporters scrape
	started  int
}

// exporter is one of two exporters of the same gateways.
type exporter struct {
	program process.Program
	process *process.Process // nil if it does not run
	url     string
}

// newRig starts all programs, the gateway last.
func newRig(ctx context.Context, s Soak) (*rig, error) {
	r := &rig{soak: s, http: &http.Client{Timeout: 30 * time.Second}}
	if err := r.start(ctx); err != nil {
		return nil, errors.Join(err, r.stop())
	}
	return r, nil
}

func (r *rig) start(ctx context.Context) (err error) {
	if r.envoyBinary, err = gateway.FindEnvoy(r.soak.Root); err != nil {
		return err
	}
	if r.upstream, err = load.StartUpstream(0); err != nil {
		return err
	}
	for _, part := range []func(context.Context) error{r.startRateLimit, r.startFirstGateway, r.startExporter, r.startPrometheus} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return r.awaitScrape(ctx)
}

func (r *rig) startRateLimit(ctx context.Context) (err error) {
	if r.redis, err = miniredis.Run(); err != nil {
		return err
	}
	limits, err := os.ReadFile(filepath.Join(r.soak.Root, "deploy", "ratelimit", "config.yaml"))
	if err != nil {
		return err
	}
	if limits, err = ratelimit.WithUnlimitedKey(limits, client.Path, stack.UnlimitedKey); err != nil {
		return err
	}
	free, err := ports.Free(2)
	if err != nil {
		return err
	}
	r.rateLimit = ratelimit.Service{
		Binary: r.binary("ratelimit"), Dir: r.soak.Dir, Limits: limits,
		HTTP: free[0], GRPC: free[1], Redis: r.redis.Addr(),
	}
	return r.restartRateLimit(ctx)
}

func (r *rig) restartRateLimit(ctx context.Context) error {
	program, err := r.rateLimit.Program()
	if err != nil {
		return err
	}
	program.Log = r.log("ratelimit")
	r.rateLimited, err = process.Start(ctx, program)
	return err
}

func (r *rig) binary(name string) string { return filepath.Join(r.soak.Root, "bin", name) }

func (r *rig) log(name string) string { return filepath.Join(r.soak.Dir, "log", name+".log") }

func (r *rig) startFirstGateway(ctx context.Context) error {
	e, err := r.startGateway(ctx)
	if err != nil {
		return err
	}
	return r.direct(e)
}

// startGateway starts an Envoy and a proxy to its admin endpoint.
func (r *rig) startGateway(ctx context.Context) (*liveEnvoy, error) {
	r.started++
	e, err := r.prepareEnvoy(fmt.Sprintf("gateway-%d", r.started))
	if err != nil {
		return nil, err
	}
	if e.proxy, err = startProxy(strings.TrimPrefix(e.admin, "http://")); err != nil {
		return nil, err
	}
	if e.process, err = process.Start(ctx, e.program); err != nil {
		return nil, errors.Join(err, e.proxy.stop())
	}
	return e, nil
}

// restartGateway starts a killed Envoy again, on the same ports.
func (r *rig) restartGateway(ctx context.Context, e *liveEnvoy) (err error) {
	e.process, err = process.Start(ctx, e.program)
	return err
}

// direct sends the traffic to a gateway, and adds the gateway to the exporters'
// targets.
func (r *rig) direct(e *liveEnvoy) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.envoy = e
	r.gateways = append(r.gateways, e)
	return r.writeTargets()
}

// forget removes a gateway from the exporters' targets.
func (r *rig) forget(e *liveEnvoy) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var left []*liveEnvoy
	for _, other := range r.gateways {
		if other != e {
			left = append(left, other)
		}
	}
	r.gateways = left
	return r.writeTargets()
}

// succeed puts a new Envoy behind the name and the address of another.
func (r *rig) succeed(old, fresh *liveEnvoy) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := fresh.proxy.stop()
	fresh.name, fresh.proxy = old.name, old.proxy
	fresh.proxy.lead(strings.TrimPrefix(fresh.admin, "http://"))
	r.envoy = fresh
	for i, e := range r.gateways {
		if e == old {
			r.gateways[i] = fresh
		}
	}
	return err
}

func (r *rig) gatewayURL() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.envoy.url
}

// targetGroup is an entry of a file for Prometheus's file-based discovery.
type targetGroup struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// writeTargets replaces the targets file; mu must be locked.
func (r *rig) writeTargets() error {
	groups := []targetGroup{}
	for _, e := range r.gateways {
		groups = append(groups, targetGroup{[]string{e.proxy.address()}, map[string]string{"gateway": e.name}})
	}
	text, err := json.Marshal(groups)
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(r.soak.Dir, "targets.json"), text)
}

func replaceFile(name string, text []byte) error {
	if err := os.WriteFile(name+".new", text, 0o644); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

// startExporter writes the configuration and starts the first of two exporters.
func (r *rig) startExporter(ctx context.Context) error {
	if err := r.writeExporterConfig(r.exporterConfig()); err != nil {
		return err
	}
	free, err := ports.Free(len(r.exporters))
	if err != nil {
		return err
	}
	for n := range r.exporters {
		e := &r.exporters[n]
		e.url = ports.URL(free[n])
		e.program = process.Program{
			Name:  fmt.Sprintf("exporter-%d", n+1),
			Path:  r.binary("exporter"),
			Args:  []string{"--config.file", r.exporterFile(), "--web.listen-address", strings.TrimPrefix(e.url, "http://")},
			Ready: e.url + "/-/ready",
			Log:   r.log(fmt.Sprintf("exporter-%d", n+1)),
		}
	}
	return r.exporters[0].start(ctx)
}

func (r *rig) exporterFile() string { return filepath.Join(r.soak.Dir, "exporter.yaml") }

func (r *rig) writeExporterConfig(text string) error {
	return replaceFile(r.exporterFile(), []byte(text))
}

func (r *rig) exporterConfig() string {
	return fmt.Sprintf("file_sd_configs: [{files: [%q]}]\nscrape: {timeout: 1s, min_age: 100ms, keep: %s, connection_age: %s}\n",
		filepath.Join(r.soak.Dir, "targets.json"), keep, connectionAge)
}

func (e *exporter) start(ctx context.Context) (err error) {
	e.process, err = process.Start(ctx, e.program)
	return err
}

// kill ends the exporter with SIGKILL.
func (e *exporter) kill() {
	e.process.Kill()
	e.process = nil
}

// scrapeInterval is short, so that a run of a few minutes has many scrapes.
const scrapeInterval = time.Second

func (r *rig) startPrometheus(ctx context.Context) error {
	free, err := ports.Free(1)
	if err != nil {
		return err
	}
	r.prometheusURL = ports.URL(free[0])
	r.prometheusProgram = prometheus.Program{
		Self: r.soak.Self, Listen: ports.Address(free[0]), Dir: filepath.Join(r.soak.Dir, "prometheus"), Interval: scrapeInterval,
		Targets: []string{strings.TrimPrefix(r.exporters[0].url, "http://"), strings.TrimPrefix(r.exporters[1].url, "http://")},
	}.Process(r.log("prometheus"))
	return r.restartPrometheus(ctx)
}

func (r *rig) restartPrometheus(ctx context.Context) (err error) {
	r.prometheus, err = process.Start(ctx, r.prometheusProgram)
	return err
}

// awaitScrape waits until Prometheus has a sample of the first gateway, because
// the first value of a counter is its start.
func (r *rig) awaitScrape(ctx context.Context) error {
	return poll(ctx, func() (bool, error) {
		up, err := r.reader().Query(ctx, "sum(moodring_exporter_target_up)")
		return err == nil && up[""] == 1, nil
	})
}

// reader reads the counts of the gateway with the traffic, of the first exporter
// and of Prometheus.
func (r *rig) reader() counts.Reader {
	return counts.Reader{HTTP: r.http, EnvoyAdmin: r.envoy.admin, Exporter: r.exporters[0].url, Prometheus: r.prometheusURL}
}

// stop ends all programs.
func (r *rig) stop() error {
	var err error
	for _, p := range []*process.Process{r.prometheus, r.exporters[0].process, r.exporters[1].process} {
		if p != nil {
			p.Stop()
		}
	}
	for _, e := range r.gateways {
		e.process.Kill()
		err = errors.Join(err, e.proxy.stop())
	}
	if r.rateLimited != nil {
		r.rateLimited.Stop()
	}
	if r.redis != nil {
		r.redis.Close()
	}
	if r.upstream != nil {
		err = errors.Join(err, r.upstream.Stop())
	}
	return err
}

const (
	pollEvery = 50 * time.Millisecond
	pollLimit = 30 * time.Second
)

// poll calls isDone until it returns true or an error.
func poll(ctx context.Context, isDone func() (bool, error)) error {
	return wait.Until(ctx, pollEvery, pollLimit, isDone)
}
