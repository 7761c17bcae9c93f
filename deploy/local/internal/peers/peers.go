// Package peers compares ways to count what models answer: Moodring, a filter that
// buffers and decodes each reply, and payload logging. Each peer runs in the same
// gateway, with the same traffic, and its counts end in a Prometheus.
package peers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/deploy/local/internal/payloadlog"
)

// peer is one way to count.
type peer struct {
	name     string
	filter   string                            // file in bin/ of the gateway's filter; empty for no filter
	selector string                            // of the series of predictions in Prometheus
	label    model.LabelName                   // of these series, for the label of the predictions
	begin    func(*rig, context.Context) error // starts the programs that the gateway does not need for its replies
}

// Positions of the peers in a result.
const (
	moodring = iota
	buffering
	logging
)

// all returns the peers.
func all() []peer {
	return []peer{
		moodring:  {"Moodring", "moodring.wasm", contract.Predictions, contract.LabelLabel, (*rig).beginExporter},
		buffering: {"buffering filter", "straightforward.wasm", bufferingSelector, model.MetricNameLabel, (*rig).beginNothing},
		logging:   {"payload logging", "", payloadlog.Predictions, "label", (*rig).beginLogging},
	}
}

// bufferingSelector names every counter of the filter that buffers, because each
// label is a metric of its own.
const bufferingSelector = `{__name__=~"anger|fear|joy|love|sadness|surprise|` + rareLabel + `"}`

// Bench is one comparison.
type Bench struct {
	Root     string // the checkout, with bin/ and .tools/
	Dir      string // for logs, configuration and data; the caller removes it
	Self     string // program that runs Serve for its first argument
	Rounds   int    // of the measurement of processor time
	Slices   int    // of a round, each with the requests between two scrapes
	Faults   bool   // injects the faults, too
	Progress func(format string, args ...any)
}

// Result has the figures of each peer.
type Result []Figures

// Figures are the results of one peer.
type Figures struct {
	Name   string
	Rounds []cost // of a request
	stored
	Delays   []time.Duration // from a reply to the panel
	Personal personal
	Losses   []loss
}

// Run measures all peers.
func (b Bench) Run(ctx context.Context) (Result, error) {
	result := make(Result, len(all()))
	for i, p := range all() {
		result[i].Name = p.name
	}
	for round := range b.Rounds {
		costs, err := b.measureRound(ctx)
		if err != nil {
			return nil, err
		}
		b.Progress("round %d: %v", round+1, costs)
		for i, c := range costs {
			result[i].Rounds = append(result[i].Rounds, c)
		}
	}
	for i, p := range all() {
		if err := b.measureRest(ctx, p, &result[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return result, nil
}

// measureRest measures with a running Prometheus.
func (b Bench) measureRest(ctx context.Context, p peer, f *Figures) (err error) {
	r, err := b.start(ctx, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.stop()) }()
	if err := r.startPrometheus(ctx); err != nil {
		return err
	}
	if f.stored, err = r.measureStored(ctx); err != nil {
		return err
	}
	b.Progress("%s: %d series, %.0f bytes a day", p.name, f.Series, f.BytesADay)
	if f.Delays, err = r.measureDelays(ctx); err != nil {
		return err
	}
	b.Progress("%s: delays %v", p.name, f.Delays)
	if b.Faults {
		if f.Losses, err = r.measureLosses(ctx); err != nil {
			return err
		}
	}
	f.Personal, err = r.measurePersonal(ctx)
	return err
}
