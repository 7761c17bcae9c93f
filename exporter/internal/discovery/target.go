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
	"github.com/moodring/moodring/exporter/internal/config"
)

// Target is one gateway to scrape.
type Target struct {
	Gateway       string         // the value of the gateway label, unique among targets
	URL           *url.URL       // of the admin endpoint
	Labels        labels.Labels  // for each series of the gateway; includes the gateway label
	Source        string         // contract.SourceStatic, or one of contract.Sources
	ID            string         // of the candidate, not changed by relabelling
	IsTerminating bool           // the gateway is shutting down: each scrape may be the last
	Dial          Dial           // nil: over the network
	Settings      *config.Source // of the target's source; nil for those of the whole configuration
	IsElsewhere   bool           // another exporter's share has the gateway: not to be scraped
}

// Address returns the address and path that a scrape of the target requests, or "" if
// Dial connects to the gateway itself.
func (t Target) Address() string {
	if t.Dial != nil {
		return ""
	}
	port := t.URL.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[t.URL.Scheme]
	}
	return t.URL.Scheme + "://" + net.JoinHostPort(strings.ToLower(t.URL.Hostname()), port) + strings.TrimSuffix(t.URL.Path, "/")
}

// isSame reports whether two targets are the same page of the same gateway.
func (t Target) isSame(other Target) bool {
	return other.URL != nil && t.ID == other.ID && t.Source == other.Source && t.Source != contract.SourceStatic && *t.URL == *other.URL
}

// Dial connects to a gateway that cannot be reached over the network.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// candidate is a gateway as found by a source, before relabelling. Candidates are
// immutable. The labels are the input of relabel_configs: __scheme__,
// __address__, __metrics_path__ (the path before /stats), gateway, and the
// source's __meta_* labels.
type candidate struct {
	source        string // of Target
	id            string
	origin        string // the file or DNS query that gave the candidate
	labels        labels.Labels
	user          *url.Userinfo // nil: no user
	isTerminating bool
	dial          Dial
	settings      *config.Source // of Target
}

func (c *candidate) address() string { return c.labels.Get(model.AddressLabel) }

// Dropped is a gateway that was found and is not scraped.
type Dropped struct {
	Gateway string // before relabelling
	Source  string // as of Target
	Address string // before relabelling
	Reason  string
}

func (c *candidate) dropped(reason string) Dropped {
	return Dropped{c.labels.Get(contract.LabelGateway), c.source, config.WithoutUser(c.address()), reason}
}

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
	series := seriesLabels(builder, reserved)
	if series.Get(contract.LabelGateway) == "" {
		return Target{}, false, errors.New("relabel_configs leave its gateway label empty")
	}
	return Target{
		Gateway: series.Get(contract.LabelGateway), URL: address, Labels: series,
		Source: c.source, ID: c.id, IsTerminating: c.isTerminating, Dial: c.dial, Settings: c.settings,
	}, true, nil
}

func checkAddress(address *url.URL) error {
	if address.Scheme != "http" && address.Scheme != "https" {
		return fmt.Errorf("its %s is %q: want http or https", model.SchemeLabel, address.Scheme)
	}
	if parsed, err := url.Parse(address.String()); err != nil || parsed.Host == "" || parsed.Host != address.Host {
		return fmt.Errorf("its %s is %q: want HOST:PORT", model.AddressLabel, config.WithoutUser(address.Host))
	}
	if port := address.Port(); port != "" && !config.IsPortText(port) {
		return fmt.Errorf("its %s is %q: %s is not a port", model.AddressLabel, address.Host, port)
	}
	if strings.HasSuffix(strings.TrimSuffix(address.Path, "/"), "/stats/prometheus") {
		return fmt.Errorf("its path (%s) is %q: leave out /stats/prometheus, which the exporter adds", model.MetricsPathLabel, address.Path)
	}
	return nil
}

// seriesLabels returns the labels without a leading __. A label with the key of a
// metric's own label becomes exported_KEY, so that the metric's label keeps its
// meaning.
func seriesLabels(builder *labels.Builder, reserved map[string]bool) labels.Labels {
	var clashes []labels.Label
	builder.Range(func(l labels.Label) {
		if strings.HasPrefix(l.Name, model.ReservedLabelPrefix) {
			builder.Del(l.Name)
		} else if reserved[l.Name] {
			clashes = append(clashes, l)
		}
	})
	for _, l := range clashes {
		key := model.ExportedLabelPrefix + l.Name
		for builder.Get(key) != "" {
			key = model.ExportedLabelPrefix + key
		}
		builder.Del(l.Name)
		builder.Set(key, l.Value)
	}
	return builder.Labels()
}

// reservedLabels returns the label keys of a gateway's metrics, but for the gateway
// label.
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

// address returns the address that no other gateway may have, or "".
func (r result) address() string {
	if !r.isKept || r.err != nil || r.target.IsTerminating {
		return ""
	}
	return r.target.Address()
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

// build returns the targets, the candidates that are not scraped, and an error for
// each of these candidates that the rules keep. A candidate of a retired source is
// left out if its gateway is already among the targets.
//
// Two gateways with one name are refused, and so are two names for one address, which
// would count everything twice. A gateway that shuts down may have an address that a
// new one has already: the fleet handles it.
func (b *targetBuilder) build(all, retired []*candidate) (targets []Target, dropped []Dropped, bad []error) {
	cache, names := make(map[*candidate]result, len(all)), make(map[string]Target, len(all))
	ids, addresses := make(map[string]bool, len(all)), make(map[string]string, len(all))
	for i, c := range slices.Concat(all, retired) {
		isRetired := i >= len(all)
		r := b.relabel(c)
		cache[c] = r
		address := r.address()
		if isRetired && (ids[c.id] || names[r.target.Gateway].URL != nil || addresses[address] != "") {
			continue
		}
		ids[c.id] = true
		refuse := func(gateway string, err error) {
			bad = append(bad, fmt.Errorf("gateway %q: %w", gateway, err))
			dropped = append(dropped, c.dropped(fmt.Sprintf("gateway %q: %s", gateway, err)))
		}
		switch {
		case r.err != nil:
			bad = append(bad, fmt.Errorf("gateway %q: %w", c.labels.Get(contract.LabelGateway), r.err))
			dropped = append(dropped, c.dropped(r.err.Error()))
		case !r.isKept:
			dropped = append(dropped, c.dropped("relabel_configs drop the gateway"))
		case r.target.isSame(names[r.target.Gateway]): // another entry found the gateway too
		case names[r.target.Gateway].URL != nil:
			refuse(r.target.Gateway, errors.New("two gateways have that name: give each its own, as in --gateway NAME=URL"))
		case addresses[address] != "":
			refuse(r.target.Gateway, fmt.Errorf("it has the address of gateway %q, and would count everything twice: keep one of the two", addresses[address]))
		default:
			names[r.target.Gateway] = r.target
			if address != "" {
				addresses[address] = r.target.Gateway
			}
			targets = append(targets, r.target)
		}
	}
	b.cache = cache
	return targets, dropped, bad
}

func (b *targetBuilder) relabel(c *candidate) result {
	if r, ok := b.cache[c]; ok {
		return r
	}
	target, isKept, err := c.relabel(b.rules, b.reserved)
	return result{target, isKept, err}
}
