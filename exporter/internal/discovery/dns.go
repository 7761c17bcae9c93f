package discovery

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/config"
)

const (
	dnsLabel        = model.MetaLabelPrefix + "dns_"
	dnsName         = dnsLabel + "name"
	dnsRecordTarget = dnsLabel + "srv_record_target"
	dnsRecordPort   = dnsLabel + "srv_record_port"
)

// names finds gateways by resolving names again and again. The resolver of the
// standard library gives no time to live.
type names struct {
	config.DNSSD
	reporter
	resolver *net.Resolver
	known    [][]*found // by the index of the name
}

// DNS is for dns_sd_configs.
func (m *finderMaker) DNS(sd config.DNSSD) error {
	m.find = findByDNS(sd, net.DefaultResolver)
	return nil
}

func findByDNS(sd config.DNSSD, resolver *net.Resolver) finder {
	return func(ctx context.Context, out reporter) {
		n := newNames(sd, out, resolver)
		refresh := time.NewTicker(time.Duration(sd.RefreshInterval))
		defer refresh.Stop()
		for {
			n.resolve(ctx)
			select {
			case <-ctx.Done():
				return
			case <-refresh.C:
			}
		}
	}
}

func newNames(sd config.DNSSD, out reporter, resolver *net.Resolver) *names {
	n := &names{sd, out, resolver, make([][]*found, len(sd.Names))}
	for i, name := range sd.Names {
		n.known[i] = out.before[n.part(name)]
	}
	return n
}

// part is all that what is found by a name depends on.
func (n *names) part(name string) string { return fmt.Sprintf("%s %s:%d", n.Type, name, n.Port) }

// resolve reports what all names resolve to. Of a name that cannot be resolved,
// what it was stays; one that is known not to exist is nobody's.
func (n *names) resolve(ctx context.Context) {
	limit, cancel := context.WithTimeout(ctx, time.Duration(n.RefreshInterval))
	defer cancel()
	failures := make([]error, len(n.Names))
	var all sync.WaitGroup
	for i, name := range n.Names {
		all.Go(func() {
			if known, err := n.lookup(limit, name); err != nil {
				failures[i] = fmt.Errorf("resolving %s: %w", name, err)
			} else {
				n.known[i] = known
			}
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return
	}
	failure := errors.Join(failures...)
	if failure != nil {
		n.failed(failure)
	}
	if known := slices.Concat(n.known...); failure == nil || len(known) > 0 {
		n.found(known)
	}
}

func (n *names) lookup(ctx context.Context, name string) ([]*found, error) {
	all, err := n.records(ctx, name)
	var dnsErr *net.DNSError
	if errors.As(err, &dnsErr) && dnsErr.IsNotFound {
		return nil, nil
	}
	slices.SortFunc(all, func(a, b *found) int { return strings.Compare(a.id, b.id) }) // the resolver shuffles
	return all, err
}

func (n *names) records(ctx context.Context, name string) ([]*found, error) {
	if n.Type == "SRV" {
		return n.services(ctx, name)
	}
	network := map[string]string{"A": "ip4", "AAAA": "ip6"}[n.Type]
	addresses, err := n.resolver.LookupNetIP(ctx, network, name)
	all := make([]*found, len(addresses))
	for i, address := range addresses {
		all[i] = n.gateway(name, net.JoinHostPort(address.Unmap().String(), strconv.Itoa(n.Port)))
	}
	return all, err
}

func (n *names) services(ctx context.Context, name string) ([]*found, error) {
	_, records, err := n.resolver.LookupSRV(ctx, "", "", name)
	all := make([]*found, len(records))
	for i, record := range records {
		port := strconv.Itoa(int(record.Port))
		host := strings.TrimSuffix(record.Target, ".")
		all[i] = n.gateway(name, net.JoinHostPort(host, port), dnsRecordTarget, record.Target, dnsRecordPort, port)
	}
	return all, err
}

func (n *names) gateway(name, address string, meta ...string) *found {
	return &found{id: address, part: n.part(name), labels: labels.FromStrings(append(meta,
		dnsName, name, model.SchemeLabel, "http", model.AddressLabel, address, contract.LabelGateway, address)...)}
}
