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
	Gateway       string        // the value of the gateway label, unique among targets
	URL           *url.URL      // of the admin endpoint
	Labels        labels.Labels // for each series of the gateway; includes the gateway label
	ID            string        // of the candidate, not changed by relabelling
	IsTerminating bool          // the gateway is shutting down: each scrape may be the last
	Dial          Dial          // nil: over the network
	IsElsewhere   bool          // another exporter's share has the gateway: not to be scraped
}

// Address returns what a scrape of the target connects to and requests, or "" if
// Dial connects to the gateway itself.
func (t Target) Address() string {
	if t.Dial != nil {
		return ""
	}
	return (&url.URL{Scheme: t.URL.Scheme, Host: t.URL.Host, Path: t.URL.Path}).String()
}

// Dial connects to a gateway that cannot be reached over the network.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// candidate is a gateway as found by a source, before relabelling. Candidates are
// immutable. The labels are the input of relabel_configs: __scheme__,
// __address__, __metrics_path__ (the path before /stats), gateway, and the
// source's __meta_* labels.
type candidate struct {
	id            string
	origin        string // the file or DNS query that gave the candidate
	labels        labels.Labels
	user          *url.Userinfo // nil: no user
	isTerminating bool
	dial          Dial
}

func (c *candidate) address() string { return c.labels.Get(model.AddressLabel) }

// relabel applies the rules. isKept is false if the rules drop the candidate.
// Labels without a leading __ become labels of the target's series.
func (c *candidate) relabel(rules []*relabel.Config, reserved map[string]bool) (t Target, isKept bool, err error) {
	builder := labels.NewBuilder(c.labels)
	if !relabel.ProcessBuilder(builder, rules...) {
		return Target{}, false, nil
	}
	address := &url.URL{
		Scheme: builder.Get(model.SchemeLabel),
		User:   c.user,
		Host:   builder.Get(model.AddressLabel),
		Path:   builder.Get(model.MetricsPathLabel),
	}
	if err := checkAddress(address); err != nil {
		return Target{}, false, err
	}
	series, err := seriesLabels(builder, reserved)
	if err != nil {
		return Target{}, false, err
	}
	return Target{
		Gateway: series.Get(contract.LabelGateway), URL: address, Labels: series,
		ID: c.id, IsTerminating: c.isTerminating, Dial: c.dial,
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

func seriesLabels(builder *labels.Builder, reserved map[string]bool) (labels.Labels, error) {
	var err error
	builder.Range(func(l labels.Label) {
		if strings.HasPrefix(l.Name, model.ReservedLabelPrefix) {
			builder.Del(l.Name)
		} else if reserved[l.Name] {
			err = fmt.Errorf("the metrics have a label %s of their own: choose another name", l.Name)
		}
	})
	if err == nil && builder.Get(contract.LabelGateway) == "" {
		err = errors.New("relabel_configs leave its gateway label empty")
	}
	return builder.Labels(), err
}

// reservedLabels returns the label keys of a gateway's metrics, which a target
// must not have.
func reservedLabels() map[string]bool {
	reserved := map[string]bool{contract.LabelBucket: true}
	for _, metric := range contract.Metrics() {
		if !slices.Contains(metric.Labels, contract.LabelGateway) {
			continue
		}
		for _, key := range metric.Labels {
			reserved[key] = key != contract.LabelGateway
		}
	}
	return reserved
}

// result is the outcome of relabelling a candidate.
type result struct {
	target Target
	isKept bool
	err    error
}

// targetBuilder builds targets from candidates. The results for the current
// candidates are cached, because relabelling a thousand pods takes too long after
// a change of a single pod.
type targetBuilder struct {
	rules    []*relabel.Config
	reserved map[string]bool // label keys
	cache    map[*candidate]result
}

func newTargetBuilder(rules []*relabel.Config) *targetBuilder {
	return &targetBuilder{rules: rules, reserved: reservedLabels()}
}

// build returns the targets, and an error for each candidate that cannot be a
// target. A candidate of a retired source is left out if its gateway is already
// among the targets.
func (b *targetBuilder) build(all, retired []*candidate) (targets []Target, bad []error) {
	cache, names := make(map[*candidate]result, len(all)), make(map[string]bool, len(all))
	ids := make(map[string]bool, len(all))
	for i, c := range slices.Concat(all, retired) {
		isRetired := i >= len(all)
		r := b.relabel(c)
		cache[c] = r
		if isRetired && (ids[c.id] || names[r.target.Gateway]) {
			continue
		}
		ids[c.id] = true
		switch {
		case r.err != nil:
			bad = append(bad, fmt.Errorf("gateway %q: %w", c.labels.Get(contract.LabelGateway), r.err))
		case !r.isKept:
		case names[r.target.Gateway]:
			bad = append(bad, fmt.Errorf("gateway %q: two gateways have that name: give each its own, as in --gateway NAME=URL", r.target.Gateway))
		default:
			names[r.target.Gateway] = true
			targets = append(targets, r.target)
		}
	}
	b.cache = cache
	return targets, bad
}

func (b *targetBuilder) relabel(c *candidate) result {
	if r, ok := b.cache[c]; ok {
		return r
	}
	target, isKept, err := c.relabel(b.rules, b.reserved)
	return result{target, isKept, err}
}
