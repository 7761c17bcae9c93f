package peers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"syscall"
	"time"

	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/deploy/local/internal/load"
	"github.com/moodring/moodring/deploy/local/internal/samples"
	"github.com/moodring/moodring/deploy/local/internal/wait"
)

// loss compares the predictions in Prometheus with those sent during a fault.
type loss struct {
	Fault         string
	Sent          int // in replies that clients read whole
	Lost, Doubled int
	IsMissing     bool // the peer has no program that the fault concerns
}

// fault is something that an operator meets. The traffic is paused when a function
// of the fault begins and ends.
type fault struct {
	name    string
	prepare func(*rig, context.Context) error // before the fault's predictions; nil for nothing
	inject  func(*rig, context.Context) error
}

// allFaults returns the faults that can happen to every peer.
func allFaults() []fault {
	return []fault{
		{name: "no fault", inject: around(func(*rig, context.Context) error { return nil })},
		{name: "clients killed", inject: around(func(r *rig, _ context.Context) error { r.traffic.DropClients(); return nil })},
		{name: "model server's pod killed", inject: around((*rig).killModel)},
		{name: "exporter, or collector, killed", inject: around(func(r *rig, ctx context.Context) error { return r.between.restart(ctx) })},
		{name: "Prometheus killed", inject: around(func(r *rig, ctx context.Context) error { return r.prometheus.restart(ctx) })},
		{name: "gateway killed", inject: around(func(r *rig, ctx context.Context) error { return r.gateway.restart(ctx) })},
		{name: "gateway killed and outgrown between two samples", prepare: (*rig).lowerCounts, inject: (*rig).outgrow},
		{name: "label that occurs once", inject: func(r *rig, ctx context.Context) error { return r.traffic.SendOnce(ctx, rareLabel) }},
	}
}

const (
	busyTime  = 2 * time.Second // of traffic before and after a fault
	rareLabel = "once"
)

// around lets the traffic run before, during and after a fault.
func around(inject func(*rig, context.Context) error) func(*rig, context.Context) error {
	return func(r *rig, ctx context.Context) error {
		r.traffic.Resume()
		defer r.traffic.Pause()
		err := wait.For(ctx, busyTime)
		if err == nil {
			err = inject(r, ctx)
		}
		return errors.Join(err, wait.For(ctx, busyTime))
	}
}

// killModel kills the model server, and the logger, which runs in its pod.
func (r *rig) killModel(ctx context.Context) error {
	err := r.upstream.Stop()
	if err == nil {
		r.upstream, err = load.StartUpstream(r.upstream.Port)
	}
	if err == nil && r.logger != nil {
		err = r.logger.restart(ctx)
	}
	return err
}

// lowerCounts restarts the gateway and sends some requests, so that Prometheus has
// low counts.
func (r *rig) lowerCounts(ctx context.Context) error {
	if err := r.gateway.restart(ctx); err != nil {
		return err
	}
	if err := r.send(ctx, lowCount); err != nil {
		return err
	}
	return wait.For(ctx, lowCountTime)
}

const (
	lowCount = 100 // requests

	// lowCountTime is longer than a restart takes. Envoy's uptime, which it updates
	// each five seconds, then falls in the restart that follows.
	lowCountTime = 12 * time.Second
)

// outgrow restarts the gateway, and lets it count more than before while Prometheus
// cannot scrape, so that no value falls.
func (r *rig) outgrow(ctx context.Context) error {
	if err := r.prometheus.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	err := r.gateway.restart(ctx)
	if err == nil {
		err = r.send(ctx, 3*lowCount)
	}
	return errors.Join(err, r.prometheus.Signal(syscall.SIGCONT))
}

// measureLosses injects one fault after the other.
func (r *rig) measureLosses(ctx context.Context) (losses []loss, err error) {
	for _, f := range allFaults() {
		measured, err := r.measureLoss(ctx, f)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		r.bench.Progress("%s: %+v", r.peer.name, measured)
		losses = append(losses, measured)
	}
	return losses, nil
}

func (r *rig) measureLoss(ctx context.Context, f fault) (loss, error) {
	if f.name == "exporter, or collector, killed" && r.between == nil {
		return loss{Fault: f.name, IsMissing: true}, nil
	}
	if f.prepare != nil {
		if err := f.prepare(r, ctx); err != nil {
			return loss{}, err
		}
	}
	before, err := r.settle(ctx, nil)
	if err != nil {
		return loss{}, err
	}
	if err := f.inject(r, ctx); err != nil {
		return loss{}, err
	}
	after, err := r.settle(ctx, &before)
	measured := after.since(before)
	measured.Fault = f.name
	return measured, err
}

// balance is the ledger and Prometheus's counts at a time.
type balance struct {
	sent  load.Bounds
	shown load.Tally
}

const settleEvery = 100 * time.Millisecond

// settleLimit is the time after which a count that is missing is lost.
const settleLimit = 6 * time.Second

// settle reads the balance after nothing has been lost since an earlier one, or
// settleLimit has passed. Without an earlier one, settle waits for three scrapes.
func (r *rig) settle(ctx context.Context, since *balance) (now balance, err error) {
	limit := settleLimit
	if since == nil {
		limit = 3 * scrapeInterval
	}
	deadline := time.Now().Add(limit)
	err = wait.Until(ctx, settleEvery, pollLimit, func() (bool, error) {
		matrix, err := r.samples.Series(ctx, r.peer.selector, r.started)
		if err != nil {
			return time.Now().After(deadline), nil // Prometheus may be starting
		}
		now = balance{r.ledger.Total(), r.grown(matrix)}
		isExact := since != nil && now.since(*since).isExact()
		return isExact || time.Now().After(deadline), nil
	})
	return now, err
}

// grown returns the growth of each label as PromQL's increase has it, without its
// extrapolation: the first value of a series is not growth.
func (r *rig) grown(matrix model.Matrix) load.Tally {
	grown := load.Tally{}
	for _, series := range matrix {
		first := int(series.Values[0].Value)
		grown[string(series.Metric[r.peer.label])] += samples.Growth(first, series.Values)
	}
	return grown
}

// since compares two balances.
func (b balance) since(before balance) (l loss) {
	labels := maps.Clone(b.sent.High)
	maps.Copy(labels, b.shown)
	for _, label := range slices.Sorted(maps.Keys(labels)) {
		least := b.sent.Low[label] - before.sent.Low[label]
		most := b.sent.High[label] - before.sent.High[label]
		shown := b.shown[label] - before.shown[label]
		l.Sent += least
		l.Lost += max(0, least-shown)
		l.Doubled += max(0, shown-most)
	}
	return l
}

func (l loss) isExact() bool { return l.Lost == 0 && l.Doubled == 0 }
