package discovery

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/moodring/moodring/exporter/internal/config"
)

// nameServer is a small DNS server behind pipes, so that it uses the fake clock of
// the resolver.
type nameServer struct {
	mu      sync.Mutex
	records map[string][]dnsmessage.ResourceBody // by name with a final dot; a missing name is SERVFAIL, an empty list NXDOMAIN
}

func (s *nameServer) set(name string, bodies ...dnsmessage.ResourceBody) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[name] = bodies
}

func (s *nameServer) fail(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.records, name)
}

func (s *nameServer) resolver(t *testing.T) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			if err := s.serve(server); err != nil {
				t.Error(err)
			}
		}()
		return client, nil
	}}
}

// serve answers one question. As over TCP, each message follows its length.
func (s *nameServer) serve(conn net.Conn) error {
	defer func() { _ = conn.Close() }()
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return err
	}
	packed := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(conn, packed); err != nil {
		return err
	}
	var query dnsmessage.Message
	if err := query.Unpack(packed); err != nil {
		return err
	}
	reply := s.reply(query)
	packed, err := reply.Pack()
	if err != nil {
		return err
	}
	_, err = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(packed))), packed...))
	return err
}

func (s *nameServer) reply(query dnsmessage.Message) *dnsmessage.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	question := query.Questions[0]
	header := dnsmessage.Header{ID: query.ID, Response: true, RecursionAvailable: true}
	bodies, isKnown := s.records[question.Name.String()]
	reply := &dnsmessage.Message{Header: header, Questions: query.Questions}
	switch {
	case !isKnown:
		reply.RCode = dnsmessage.RCodeServerFailure
	case len(bodies) == 0:
		reply.RCode = dnsmessage.RCodeNameError
	}
	for _, body := range bodies {
		reply.Answers = append(reply.Answers, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: question.Name, Type: question.Type, Class: question.Class, TTL: 1},
			Body:   body,
		})
	}
	return reply
}

// readResolvConf makes package net read the machine's settings. It does so once,
// under a lock that must not be created in a synctest bubble.
func readResolvConf(t *testing.T) {
	t.Helper()
	resolver := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, net.ErrClosed
	}}
	if _, err := resolver.LookupHost(t.Context(), "gateways.example"); err == nil {
		t.Fatal("a name resolves without a name server")
	}
}

func service(host string, port uint16) *dnsmessage.SRVResource {
	return &dnsmessage.SRVResource{Target: dnsmessage.MustNewName(host), Port: port}
}

// runDNS runs discovery by DNS during test, and gives test the latest addresses.
func runDNS(t *testing.T, sd string, server *nameServer, test func(latest func() string, failures *int)) {
	t.Helper()
	cfg, err := config.Parse([]byte("dns_sd_configs: [" + sd + "]"))
	if err != nil {
		t.Fatal(err)
	}
	readResolvConf(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		latest, failures := "unknown", 0
		done := make(chan struct{})
		go func() {
			defer close(done)
			discoverDNS(cfg.DNSSD[0], server.resolver(t))(ctx, sink{
				update: func(all []*candidate) { latest = addressesOf(all) },
				fail:   func(error) { failures++ },
			})
		}()
		test(func() string {
			synctest.Wait()
			return latest
		}, &failures)
		stop()
		<-done
	})
}

func addressesOf(all []*candidate) string {
	addresses := make([]string, len(all))
	for i, f := range all {
		addresses[i] = f.address()
	}
	return strings.Join(addresses, " ")
}

func TestDNS(t *testing.T) {
	server := &nameServer{records: map[string][]dnsmessage.ResourceBody{}}
	server.set("gateways.example.", service("b.example.", 15090), service("a.example.", 15091))
	runDNS(t, "{names: [gateways.example]}", server, func(latest func() string, _ *int) {
		if got := latest(); got != "a.example:15091 b.example:15090" {
			t.Errorf("got %q", got)
		}
	})
	server.set("a.example.", &dnsmessage.AResource{A: [4]byte{192, 0, 2, 2}}, &dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}})
	runDNS(t, "{names: [a.example], type: A, port: 15090}", server, func(latest func() string, _ *int) {
		if got := latest(); got != "192.0.2.1:15090 192.0.2.2:15090" {
			t.Errorf("got %q", got)
		}
	})
	server.set("aaaa.example.", &dnsmessage.AAAAResource{AAAA: [16]byte{0x20, 0x01, 0x0d, 0xb8, 15: 1}})
	runDNS(t, "{names: [aaaa.example], type: AAAA, port: 15090}", server, func(latest func() string, _ *int) {
		if got := latest(); got != "[2001:db8::1]:15090" {
			t.Errorf("got %q", got)
		}
	})
}

// A lookup that fails changes nothing. NXDOMAIN empties the list.
func TestDNSFailure(t *testing.T) {
	server := &nameServer{records: map[string][]dnsmessage.ResourceBody{}}
	const name = "gateways.example."
	runDNS(t, "{names: [gateways.example]}", server, func(latest func() string, failures *int) {
		step := func(want string, isFailure bool) {
			t.Helper()
			if got := latest(); got != want || (*failures > 0) != isFailure {
				t.Errorf("got %q after %d failures, want %q", got, *failures, want)
			}
			*failures = 0
		}
		step("unknown", true)
		<-time.After(15 * time.Second) // between two lookups
		for _, next := range []struct {
			change    func()
			want      string
			isFailure bool
		}{
			{func() { server.set(name, service("a.example.", 1)) }, "a.example:1", false},
			{func() { server.fail(name) }, "a.example:1", true},
			{func() { server.set(name) }, "", false},
		} {
			next.change()
			<-time.After(30 * time.Second)
			step(next.want, next.isFailure)
		}
	})
}

// A new entry keeps the addresses that an old entry found for a name, while the
// name cannot be resolved and the port is the same.
func TestDNSKeepsAddressesAcrossEntries(t *testing.T) {
	server := &nameServer{records: map[string][]dnsmessage.ResourceBody{}}
	server.set("a.example.", &dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}})
	server.set("b.example.", &dnsmessage.AResource{A: [4]byte{192, 0, 2, 2}})
	readResolvConf(t)
	synctest.Test(t, func(t *testing.T) {
		var latest []*candidate
		resolve := func(sd config.DNSSD) (addresses string) {
			sd.Type, sd.RefreshInterval = "A", config.Duration(time.Minute)
			out := sink{previous: byOrigin(latest), update: func(all []*candidate) { latest = all }, fail: func(error) {}}
			newDNSSource(sd, out, server.resolver(t)).refresh(t.Context())
			return addressesOf(latest)
		}
		if got := resolve(config.DNSSD{Names: []string{"a.example", "b.example"}, Port: 1}); got != "192.0.2.1:1 192.0.2.2:1" {
			t.Fatalf("got %q", got)
		}
		server.fail("a.example.")
		if got := resolve(config.DNSSD{Names: []string{"b.example", "a.example"}, Port: 1}); got != "192.0.2.2:1 192.0.2.1:1" {
			t.Errorf("another entry: got %q", got)
		}
		if got := resolve(config.DNSSD{Names: []string{"b.example", "a.example"}, Port: 2}); got != "192.0.2.2:2" {
			t.Errorf("another port: got %q", got)
		}
	})
}

func TestDNSLabels(t *testing.T) {
	server := &nameServer{records: map[string][]dnsmessage.ResourceBody{}}
	server.set("gateways.example.", service("a.example.", 15090))
	readResolvConf(t)
	synctest.Test(t, func(t *testing.T) {
		s := dnsSource{DNSSD: config.DNSSD{Type: "SRV"}, resolver: server.resolver(t)}
		all, err := s.lookup(t.Context(), "gateways.example")
		if err != nil || len(all) != 1 {
			t.Fatalf("got %v, %v", all, err)
		}
		want := map[string]string{
			"__scheme__": "http", "__address__": "a.example:15090", "gateway": "a.example:15090",
			"__meta_dns_name": "gateways.example", "__meta_dns_srv_record_target": "a.example.", "__meta_dns_srv_record_port": "15090",
		}
		if diff := cmp.Diff(want, all[0].labels.Map()); diff != "" {
			t.Errorf("labels (-want +got):\n%s", diff)
		}
	})
}
