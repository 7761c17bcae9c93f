// Package soak sends traffic through a gateway, injects one fault after another,
// and compares a ledger of the replies that clients read with the counts of Envoy,
// the exporter and Prometheus. The same seed gives the same traffic and faults.
package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/moodring/moodring/deploy/local/internal/load"
	"github.com/moodring/moodring/deploy/local/internal/samples"
	"github.com/moodring/moodring/deploy/local/internal/wait"
)

// Soak is one run.
type Soak struct {
	Root     string // the checkout, with bin/ and .tools/
	Dir      string // for logs, configuration and data; the caller removes it
	Self     string // program that runs Prometheus when called with "prometheus"
	Seed     uint64
	Duration time.Duration
	Fault    string // name of the only fault to inject; empty for all
	Progress func(format string, args ...any)
}

// Result is the outcome of a run.
type Result struct {
	Seed        uint64   `json:"seed"`
	Seconds     float64  `json:"seconds"`
	Replies     int      `json:"replies"`     // read whole by a client
	Predictions int      `json:"predictions"` // in these replies
	Uncertain   int      `json:"uncertain"`   // in replies that a client did not read whole
	Faults      []string `json:"faults"`      // in the order of injection
	Differences []string `json:"differences,omitempty"`
}

// run is the state of a run.
type run struct {
	Soak
	random  *rand.Rand
	rig     *rig
	panel   panel
	samples samples.Reader
	started time.Time
	ledger  *load.Ledger
	traffic *load.Traffic
	result  Result
}

// Run injects faults until the duration is over, each followed by a comparison.
// It stops at the first difference. An error means that the run could not be done.
func (s Soak) Run(ctx context.Context) (Result, error) {
	faults, err := s.chosen()
	if err != nil {
		return Result{}, err
	}
	r := &run{
		Soak: s, random: rand.New(rand.NewPCG(s.Seed, 0)), result: Result{Seed: s.Seed},
		started: time.Now(), ledger: load.NewLedger(),
	}
	if r.panel, err = predictionsPanel(s.Root); err != nil {
		return Result{}, err
	}
	if r.rig, err = newRig(ctx, s); err != nil {
		return Result{}, err
	}
	if r.samples, err = samples.New(r.rig.prometheusURL); err != nil {
		return Result{}, errors.Join(err, r.rig.stop())
	}
	r.traffic = load.StartTraffic(s.Seed, r.ledger, r.rig.gatewayURL)
	err = r.inject(ctx, faults, r.started.Add(s.Duration))
	r.traffic.Stop()
	r.result.Seconds = time.Since(r.started).Seconds()
	r.result.Replies, r.result.Predictions, r.result.Uncertain = r.ledger.Totals()
	return r.result, errors.Join(err, r.rig.stop())
}

// chosen returns the fault with the given name, or all faults.
func (s Soak) chosen() ([]fault, error) {
	var faults []fault
	for _, f := range allFaults() {
		if s.Fault == "" || f.name == s.Fault {
			faults = append(faults, f)
		}
	}
	if len(faults) == 0 {
		return nil, fmt.Errorf("no fault is called %q; the faults are %s", s.Fault, faultNames())
	}
	return faults, nil
}

// inject goes through the faults in random order, and starts again, until the
// deadline.
func (r *run) inject(ctx context.Context, faults []fault, deadline time.Time) error {
	for {
		r.random.Shuffle(len(faults), func(i, j int) { faults[i], faults[j] = faults[j], faults[i] })
		for _, f := range faults {
			if err := wait.For(ctx, r.between(time.Second, 3*time.Second)); err != nil {
				return err
			}
			if err := f.inject(r, ctx); err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
			r.result.Faults = append(r.result.Faults, f.name)
			differences, err := r.check(ctx)
			if err != nil {
				return fmt.Errorf("after %s: %w", f.name, err)
			}
			if len(differences) > 0 {
				r.Progress("%s: %d differences", f.name, len(differences))
				r.result.Differences = differences
				return nil
			}
			r.Progress("%s: no difference", f.name)
			if time.Now().After(deadline) {
				return nil
			}
		}
	}
}

// between returns a random duration.
func (r *run) between(low, high time.Duration) time.Duration {
	return low + time.Duration(r.random.Int64N(int64(high-low)))
}
