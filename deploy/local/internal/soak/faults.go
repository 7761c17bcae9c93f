package soak

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/common/model"
	"golang.org/x/sys/unix"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/deploy/local/internal/load"
	"github.com/moodring/moodring/deploy/local/internal/wait"
)

// fault is something that an operator meets.
type fault struct {
	name   string
	inject func(*run, context.Context) error
}

// allFaults returns a new list of all faults.
func allFaults() []fault {
	return []fault{
		{name: "exporter killed", inject: (*run).killExporter},
		{name: "exporter reloaded", inject: (*run).reloadExporter},
		{name: "exporter given a wrong configuration", inject: (*run).breakExporterConfig},
		{name: "second exporter", inject: (*run).doubleExporter},
		{name: "prometheus stopped", inject: (*run).stopPrometheus},
		{name: "prometheus killed", inject: (*run).killPrometheus},
		{name: "prometheus cannot write", inject: (*run).limitPrometheus},
		{name: "filter chains updated", inject: func(r *run, _ context.Context) error { return r.rig.envoy.updateFilterChains() }},
		{name: "listener replaced", inject: func(r *run, _ context.Context) error { return r.rig.envoy.updateListener() }},
		{name: "admin endpoint cut", inject: network(cut, 2*time.Second)},
		{name: "admin endpoint cut for longer than scrape.keep", inject: network(cut, keep+2*time.Second)},
		{name: "admin endpoint hung", inject: network(hung, 3*time.Second)},
		{name: "admin endpoint slow", inject: network(slow, 3*time.Second)},
		{name: "gateway killed", inject: (*run).killGateway},
		{name: "gateway killed and outgrown between two samples", inject: (*run).outgrowGateway},
		{name: "gateway replaced", inject: (*run).replaceGateway},
		{name: "address led to another gateway", inject: (*run).swapBackend},
		{name: "clients killed", inject: func(r *run, _ context.Context) error { r.traffic.DropClients(); return nil }},
		{name: "model server killed", inject: (*run).killUpstream},
		{name: "rate limit service killed", inject: (*run).killRateLimit},
		{name: "redis killed", inject: (*run).killRedis},
		{name: "label that occurs once", inject: (*run).labelOnce},
	}
}

func faultNames() string {
	names := make([]string, 0, len(allFaults()))
	for _, f := range allFaults() {
		names = append(names, strconv.Quote(f.name))
	}
	return strings.Join(names, ", ")
}

// network puts the proxy in a mode for a while.
func network(m mode, d time.Duration) func(*run, context.Context) error {
	return func(r *run, ctx context.Context) error {
		proxy := r.rig.envoy.proxy
		proxy.set(m)
		defer proxy.set(pass)
		return wait.For(ctx, d)
	}
}

func (r *run) killExporter(ctx context.Context) error {
	exporter := &r.rig.exporters[0]
	exporter.kill()
	if err := wait.For(ctx, r.between(0, 3*time.Second)); err != nil {
		return err
	}
	return exporter.start(ctx)
}

func (r *run) reloadExporter(ctx context.Context) error {
	for range 3 {
		if err := r.rig.exporters[0].process.Signal(syscall.SIGHUP); err != nil {
			return err
		}
		if err := wait.For(ctx, r.between(0, time.Second)); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) breakExporterConfig(ctx context.Context) error {
	for _, text := range []string{"no_such_key: 1\n", r.rig.exporterConfig()} {
		if err := r.rig.writeExporterConfig(text); err != nil {
			return err
		}
		if err := r.rig.exporters[0].process.Signal(syscall.SIGHUP); err != nil {
			return err
		}
		if err := wait.For(ctx, 2*time.Second); err != nil {
			return err
		}
	}
	return nil
}

// doubleExporter compares all counts while two exporters scrape the gateway.
func (r *run) doubleExporter(ctx context.Context) error {
	second := &r.rig.exporters[1]
	if err := second.start(ctx); err != nil {
		return err
	}
	defer second.kill()
	if err := wait.For(ctx, 4*time.Second); err != nil {
		return err
	}
	return r.agree(ctx)
}

// agree returns an error if counts differ.
func (r *run) agree(ctx context.Context) error {
	differences, err := r.check(ctx)
	if err == nil && len(differences) > 0 {
		err = errors.New(strings.Join(differences, "; "))
	}
	return err
}

func (r *run) stopPrometheus(ctx context.Context) error {
	r.rig.prometheus.Stop()
	return r.rig.restartPrometheus(ctx)
}

func (r *run) killPrometheus(ctx context.Context) error {
	r.rig.prometheus.Kill()
	return r.rig.restartPrometheus(ctx)
}

// limitPrometheus lets every write of Prometheus fail for a while, as a full disk
// does, and then kills Prometheus, so that it reads its files again.
func (r *run) limitPrometheus(ctx context.Context) error {
	if err := r.rig.prometheus.LimitFiles(1); err != nil {
		return err
	}
	if err := wait.For(ctx, 4*scrapeInterval); err != nil {
		return err
	}
	age, err := r.samples.Number(ctx, "time() - max(timestamp(moodring_exporter_target_up))")
	if err == nil && age < 2*scrapeInterval.Seconds() {
		err = fmt.Errorf("prometheus still writes: its newest sample is %.1f s old", age)
	}
	if err != nil {
		return err
	}
	if err := r.rig.prometheus.LimitFiles(unix.RLIM_INFINITY); err != nil {
		return err
	}
	if err := wait.For(ctx, 2*scrapeInterval); err != nil {
		return err
	}
	return r.killPrometheus(ctx)
}

// killGateway kills Envoy and starts it again. Predictions since the last sample
// are lost.
func (r *run) killGateway(ctx context.Context) error {
	e := r.rig.envoy
	e.process.Kill()
	r.traffic.Pause()
	defer r.traffic.Resume()
	matrix, err := r.predictions(ctx)
	if err != nil {
		return err
	}
	r.ledger.Die(lastSample(matrix, e.name).Add(-sampleAge))
	return r.rig.restartGateway(ctx, e)
}

// sampleAge is the greatest age of a value when Prometheus takes it as a sample:
// the plugin adds up predictions for a tenth of a second, and the exporter serves a
// result of a tenth of a second again.
const sampleAge = 500 * time.Millisecond

// outgrowGateway kills Envoy at a low count. The next sample comes when the new
// Envoy has counted more of each label, so that no value falls.
func (r *run) outgrowGateway(ctx context.Context) error {
	if err := r.killGateway(ctx); err != nil {
		return err
	}
	if err := wait.For(ctx, r.between(scrapeInterval, 2*scrapeInterval)); err != nil {
		return err
	}
	if err := r.agree(ctx); err != nil { // so that Prometheus has the low count
		return err
	}
	proxy := r.rig.envoy.proxy
	proxy.set(cut)
	defer proxy.set(pass)
	low := r.ledger.Current().High
	if err := r.killGateway(ctx); err != nil {
		return err
	}
	return poll(ctx, func() (bool, error) {
		return exceeds(r.ledger.Current().Low, low), nil
	})
}

// exceeds reports whether a has more of each label of b.
func exceeds(a, b load.Tally) bool {
	for label, n := range b {
		if a[label] <= n {
			return false
		}
	}
	return true
}

// replaceGateway drains Envoy and starts another with another name, as a rollout
// does. No prediction may be lost.
func (r *run) replaceGateway(ctx context.Context) error {
	old := r.rig.envoy
	fresh, err := r.rig.startGateway(ctx)
	if err != nil {
		return err
	}
	r.traffic.Pause()
	r.ledger.Retire()
	err = r.rig.direct(fresh)
	r.traffic.Resume()
	if err != nil {
		return err
	}
	if err := r.rig.drain(ctx, old); err != nil {
		return err
	}
	if err := wait.For(ctx, 3*scrapeInterval); err != nil {
		return err
	}
	if err := r.rig.forget(old); err != nil {
		return err
	}
	old.process.Stop()
	return old.proxy.stop()
}

// swapBackend leads the address of a gateway to another Envoy, as a DNS name, a
// virtual IP or a hot restart does. The first Envoy stays alive, so that an old
// connection would read its counts for ever.
func (r *run) swapBackend(ctx context.Context) error {
	old := r.rig.envoy
	fresh, err := r.rig.startGateway(ctx)
	if err != nil {
		return err
	}
	if err := r.agree(ctx); err != nil { // so that Prometheus has all counts of the old Envoy
		return err
	}
	r.traffic.Pause()
	r.ledger.Retire()
	err = r.rig.succeed(old, fresh)
	r.traffic.Resume()
	if err != nil {
		return err
	}
	defer old.process.Stop()
	return wait.For(ctx, connectionAge+scrapeInterval)
}

func (r *run) killUpstream(ctx context.Context) error {
	port := r.rig.upstream.Port
	if err := r.rig.upstream.Stop(); err != nil {
		return err
	}
	if err := wait.For(ctx, r.between(0, 2*time.Second)); err != nil {
		return err
	}
	fresh, err := load.StartUpstream(port)
	r.rig.upstream = fresh
	return err
}

func (r *run) killRateLimit(ctx context.Context) error {
	r.rig.rateLimited.Kill()
	if err := wait.For(ctx, r.between(0, 2*time.Second)); err != nil {
		return err
	}
	return r.rig.restartRateLimit(ctx)
}

func (r *run) killRedis(ctx context.Context) error {
	r.rig.redis.Close()
	if err := wait.For(ctx, r.between(0, 2*time.Second)); err != nil {
		return err
	}
	return r.rig.redis.Restart()
}

// labelOnce sends one prediction of a label that no other reply has. Its growth
// must be in PromQL's increase.
func (r *run) labelOnce(ctx context.Context) error {
	label := fmt.Sprintf("once-%d", len(r.result.Faults))
	if err := r.traffic.SendOnce(ctx, label); err != nil {
		return err
	}
	query := r.panel.growth(time.Minute) + " > 0"
	err := poll(ctx, func() (bool, error) {
		shown, err := r.samples.Vector(ctx, query)
		return slices.ContainsFunc(shown, func(s *model.Sample) bool {
			return string(s.Metric[contract.LabelLabel]) == label
		}), err
	})
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s does not show %q: %w", query, label, err)
	}
	return err
}

// drain asks Envoy to take no new connections, as Istio's agent does.
func (r *rig) drain(ctx context.Context, e *liveEnvoy) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.admin+"/drain_listeners?graceful", nil)
	if err != nil {
		return err
	}
	response, err := r.http.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}
