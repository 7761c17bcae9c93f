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

// dnsSource finds gateways by DNS. All names are looked up in each refresh
// interval, because Go's resolver does not return a time to live.
type dnsSource struct {
	config.DNSSD
	sink
	resolver *net.Resolver
	results  [][]*candidate // of the last successful lookup, by the index of the name
}

// DNS adds a discoverer for each name of an entry of dns_sd_configs.
func (c constructor) DNS(sd config.DNSSD) error {
	for _, name := range sd.Names {
		one := sd
		one.Names = []string{name}
		if err := c.add(&one, name, fmt.Sprintf("looked up the %s records of %s", sd.Type, name), discoverDNS(one, net.DefaultResolver)); err != nil {
			return err
		}
	}
	return nil
}

func discoverDNS(sd config.DNSSD, resolver *net.Resolver) discoverer {
	return func(ctx context.Context, out sink) {
		s := newDNSSource(sd, out, resolver)
		refresh := time.NewTicker(time.Duration(sd.RefreshInterval))
		defer refresh.Stop()
		for {
			s.refresh(ctx)
			select {
			case <-ctx.Done():
				return
			case <-refresh.C:
			}
		}
	}
}

func newDNSSource(sd config.DNSSD, out sink, resolver *net.Resolver) *dnsSource {
	s := &dnsSource{sd, out, resolver, make([][]*candidate, len(sd.Names))}
	for i, name := range sd.Names {
		s.results[i] = out.previous[s.origin(name)]
	}
	return s
}

// origin returns the whole DNS query for a name, with the port to scrape.
func (s *dnsSource) origin(name string) string { return fmt.Sprintf("%s %s:%d", s.Type, name, s.Port) }

// refresh looks up all names and updates the sink. If a lookup fails, the
// previous result is kept; NXDOMAIN removes it.
func (s *dnsSource) refresh(ctx context.Context) {
	limit, cancel := context.WithTimeout(ctx, time.Duration(s.RefreshInterval))
	defer cancel()
	failures := make([]error, len(s.Names))
	var lookups sync.WaitGroup
	for i, name := range s.Names {
		lookups.Go(func() {
			if result, err := s.lookup(limit, name); err != nil {
				failures[i] = fmt.Errorf("resolving %s: %w", name, err)
			} else {
				s.results[i] = result
			}
		})
	}
	lookups.Wait()
	if ctx.Err() != nil {
		return
	}
	failure := errors.Join(failures...)
	if failure != nil {
		s.fail(failure)
	} else {
		s.succeed()
	}
	if all := slices.Concat(s.results...); failure == nil || len(all) > 0 {
		s.update(all)
	}
}

func (s *dnsSource) lookup(ctx context.Context, name string) ([]*candidate, error) {
	all, err := s.records(ctx, name)
	var dnsErr *net.DNSError
	if errors.As(err, &dnsErr) && dnsErr.IsNotFound {
		return nil, nil
	}
	slices.SortFunc(all, func(a, b *candidate) int { return strings.Compare(a.id, b.id) }) // the resolver shuffles
	return all, err
}

func (s *dnsSource) records(ctx context.Context, name string) ([]*candidate, error) {
	if s.Type == "SRV" {
		return s.services(ctx, name)
	}
	network := map[string]string{"A": "ip4", "AAAA": "ip6"}[s.Type]
	addresses, err := s.resolver.LookupNetIP(ctx, network, name)
	all := make([]*candidate, len(addresses))
	for i, address := range addresses {
		all[i] = s.candidate(name, net.JoinHostPort(address.Unmap().String(), strconv.Itoa(s.Port)))
	}
	return all, err
}

func (s *dnsSource) services(ctx context.Context, name string) ([]*candidate, error) {
	_, records, err := s.resolver.LookupSRV(ctx, "", "", name)
	all := make([]*candidate, len(records))
	for i, record := range records {
		port := strconv.Itoa(int(record.Port))
		host := strings.TrimSuffix(record.Target, ".")
		all[i] = s.candidate(name, net.JoinHostPort(host, port), dnsRecordTarget, record.Target, dnsRecordPort, port)
	}
	return all, err
}

func (s *dnsSource) candidate(name, address string, meta ...string) *candidate {
	return &candidate{source: contract.SourceDNS, id: address, origin: s.origin(name), settings: &s.Source, labels: labels.FromStrings(append(meta,
		dnsName, name, model.SchemeLabel, "http", model.AddressLabel, address, contract.LabelGateway, address)...)}
}
