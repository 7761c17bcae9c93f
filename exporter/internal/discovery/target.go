// Package target says which gateways there are.
package discovery

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"

	"github.com/moodring/moodring/contract"
)

// Target is one gateway to scrape.
type Target struct {
	Gateway       string        // the gateway label's value, unique among targets
	URL           *url.URL      // of the admin endpoint
	Labels        labels.Labels // for each of its series; the gateway label is one
	ID            string        // of what was found, whatever relabelling made of it
	IsTerminating bool          // it is being shut down, so that each scrape may be the last
	Dial          Dial          // nil is the network
}

// Dial connects to a gateway that the network does not reach.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// found is a gateway as a source found it, not to be changed. Its labels are what
// relabelling sees: __scheme__, __address__, __metrics_path__ (what stands before
// /stats), gateway, and the source's __meta_*.
type found struct {
	id        string
	part      string // of the source, where parts can fail one by one: a file, or a name
	labels    labels.Labels
	user      *url.Userinfo // nil for none
	isLeaving bool
	dial      Dial
}

func (f *found) address() string { return f.labels.Get(model.AddressLabel) }

// target applies the rules; isKept is false where they drop it. What they leave
// without a leading __ becomes a label of the target's series.
func (f *found) target(rules []*relabel.Config, own map[string]bool) (t Target, isKept bool, err error) {
	builder := labels.NewBuilder(f.labels)
	if !relabel.ProcessBuilder(builder, rules...) {
		return Target{}, false, nil
	}
	address := &url.URL{
		Scheme: builder.Get(model.SchemeLabel),
		User:   f.user,
		Host:   builder.Get(model.AddressLabel),
		Path:   builder.Get(model.MetricsPathLabel),
	}
	if err := checkAddress(address); err != nil {
		return Target{}, false, err
	}
	kept, err := seriesLabels(builder, own)
	if err != nil {
		return Target{}, false, err
	}
	return Target{
		Gateway: kept.Get(contract.LabelGateway), URL: address, Labels: kept,
		ID: f.id, IsTerminating: f.isLeaving, Dial: f.dial,
	}, true, nil
}

func checkAddress(address *url.URL) error {
	if address.Scheme != "http" && address.Scheme != "https" {
		return fmt.Errorf("its %s is %q: want http or https", model.SchemeLabel, address.Scheme)
	}
	if parsed, err := url.Parse(address.String()); err != nil || parsed.Host == "" || parsed.Host != address.Host {
		return fmt.Errorf("its %s is %q: want HOST:PORT", model.AddressLabel, address.Host)
	}
	if strings.HasSuffix(strings.TrimSuffix(address.Path, "/"), "/stats/prometheus") {
		return fmt.Errorf("its path (%s) is %q: leave out /stats/prometheus, which the exporter adds", model.MetricsPathLabel, address.Path)
	}
	return nil
}

func seriesLabels(builder *labels.Builder, own map[string]bool) (labels.Labels, error) {
	var err error
	builder.Range(func(l labels.Label) {
		if strings.HasPrefix(l.Name, model.ReservedLabelPrefix) {
			builder.Del(l.Name)
		} else if own[l.Name] {
			err = fmt.Errorf("the metrics have a label %s of their own: choose another name", l.Name)
		}
	})
	if err == nil && builder.Get(contract.LabelGateway) == "" {
		err = errors.New("relabel_configs leave its gateway label empty")
	}
	return builder.Labels(), err
}

// ownLabels are the label keys of a gateway's metrics that a target may not have.
func ownLabels() map[string]bool {
	own := map[string]bool{contract.LabelBucket: true}
	for _, metric := range contract.Metrics() {
		if !slices.Contains(metric.Labels, contract.LabelGateway) {
			continue
		}
		for _, key := range metric.Labels {
			own[key] = key != contract.LabelGateway
		}
	}
	return own
}

// made is what relabelling made of a gateway.
type made struct {
	target Target
	isKept bool
	err    error
}

// maker makes targets. It remembers what it made of what is still there:
// relabelling a thousand pods takes too long for each change of one of them.
type maker struct {
	rules []*relabel.Config
	own   map[string]bool // labels that a target may not have
	known map[*found]made
}

func newMaker(rules []*relabel.Config) *maker {
	return &maker{rules: rules, own: ownLabels()}
}

// targets makes targets of all that was found. What cannot be one is left out,
// with an error each.
func (m *maker) targets(all []*found) (kept []Target, bad []error) {
	known, seen := make(map[*found]made, len(all)), make(map[string]bool, len(all))
	for _, f := range all {
		this := m.make(f)
		known[f] = this
		switch {
		case this.err != nil:
			bad = append(bad, fmt.Errorf("gateway %q: %w", f.labels.Get(contract.LabelGateway), this.err))
		case !this.isKept:
		case seen[this.target.Gateway]:
			bad = append(bad, fmt.Errorf("gateway %q: two gateways have that name: give each its own, as in --gateway NAME=URL", this.target.Gateway))
		default:
			seen[this.target.Gateway] = true
			kept = append(kept, this.target)
		}
	}
	m.known = known
	return kept, bad
}

func (m *maker) make(f *found) made {
	if known, ok := m.known[f]; ok {
		return known
	}
	target, isKept, err := f.target(m.rules, m.own)
	return made{target, isKept, err}
}
