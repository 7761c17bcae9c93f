package scrape

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/moodring/moodring/exporter/internal/config"
)

// scrapeOver scrapes once over link and returns the number of samples.
func scrapeOver(t *testing.T, link *Link, address *url.URL) (samples int, err error) {
	t.Helper()
	_, err = newClient(config.Prometheus).Page(t.Context(), link, address, func(Sample) { samples++ })
	return samples, err
}

// An idle connection closed by the gateway is replaced.
func TestLinkConnectsAgain(t *testing.T) {
	var connections atomic.Int32
	gateway := httptest.NewUnstartedServer(answer(prometheusType, "a 1\n"))
	gateway.Config.ConnState = connectionCounter(&connections)
	gateway.Start()
	defer gateway.Close()
	link, address := NewLink(nil), parseURL(t, gateway.URL)
	for range 3 {
		if samples, err := scrapeOver(t, link, address); samples != 1 || err != nil {
			t.Errorf("%d samples, %v; want 1", samples, err)
		}
		gateway.CloseClientConnections()
	}
	if got := connections.Load(); got != 3 {
		t.Errorf("%d connections, want 3", got)
	}
}

// A connection that is too old is replaced, so that a process that has taken over the
// address is scraped. While it refuses connections, the old connection is used.
func TestLinkRenewsItsConnection(t *testing.T) {
	first, second := httptest.NewServer(answer(prometheusType, "a 1\n")), httptest.NewServer(answer(prometheusType, "a 1\nb 2\n"))
	defer first.Close()
	defer second.Close()
	host := parseURL(t, first.URL).Host
	var errDial error
	link := NewLink(func(ctx context.Context, network, _ string) (net.Conn, error) {
		if errDial != nil {
			return nil, errDial
		}
		return new(net.Dialer).DialContext(ctx, network, host)
	})
	address := parseURL(t, "http://gateway.example")
	scrape := func(want int) {
		t.Helper()
		if samples, err := scrapeOver(t, link, address); samples != want || err != nil {
			t.Errorf("%d samples, %v; want %d", samples, err, want)
		}
	}
	age := func(by time.Duration) { link.idle.since = link.idle.since.Add(-by) }
	scrape(1)
	host = parseURL(t, second.URL).Host
	scrape(1)
	errDial = errors.New("refused")
	age(connectionAge)
	scrape(1)
	errDial = nil
	scrape(1)
	age(connectionAge)
	scrape(2)
	first.Close()
	scrape(2)
}

// A gateway with a new address gets a new connection.
func TestLinkFollowsTheAddress(t *testing.T) {
	link := NewLink(nil)
	for _, page := range []string{"a 1\n", "a 1\nb 2\n"} {
		gateway := httptest.NewServer(answer(prometheusType, page))
		defer gateway.Close()
		if samples, err := scrapeOver(t, link, parseURL(t, gateway.URL)); samples != strings.Count(page, "\n") || err != nil {
			t.Errorf("%q: %d samples, %v", page, samples, err)
		}
	}
}

// After a change to https, a connection without TLS is not used any more.
func TestLinkFollowsTheScheme(t *testing.T) {
	gateway := httptest.NewServer(answer(prometheusType, "a 1\n"))
	defer gateway.Close()
	link := NewLink(nil)
	if _, err := scrapeOver(t, link, parseURL(t, gateway.URL)); err != nil {
		t.Fatal(err)
	}
	secure := parseURL(t, strings.Replace(gateway.URL, "http:", "https:", 1))
	if samples, err := scrapeOver(t, link, secure); err == nil || !strings.Contains(err.Error(), "tls: ") {
		t.Errorf("%d samples over a connection without TLS, %v", samples, err)
	}
}

// A closed link leaves no connection open, also not after another scrape.
func TestLinkCloses(t *testing.T) {
	states := make(chan http.ConnState, 20)
	gateway := httptest.NewUnstartedServer(answer(prometheusType, "a 1\n"))
	gateway.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew || state == http.StateClosed {
			states <- state
		}
	}
	gateway.Start()
	defer gateway.Close()
	link, address := NewLink(nil), parseURL(t, gateway.URL)
	for range 2 {
		if _, err := scrapeOver(t, link, address); err != nil {
			t.Error(err)
		}
		link.Close()
		if first, second := <-states, <-states; first != http.StateNew || second != http.StateClosed {
			t.Errorf("the connection was %s, then %s", first, second)
		}
	}
}

func TestLinkAuthorizes(t *testing.T) {
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "me" || password != "se:cret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		answer(prometheusType, "a 1\n")(w, r)
	}))
	defer gateway.Close()
	address := parseURL(t, gateway.URL)
	address.User = url.UserPassword("me", "se:cret")
	if samples, err := scrapeOver(t, NewLink(nil), address); samples != 1 || err != nil {
		t.Errorf("%d samples, %v; want 1", samples, err)
	}
	address.User = url.UserPassword("me", "guess")
	if _, err := scrapeOver(t, NewLink(nil), address); err == nil || !strings.Contains(err.Error(), "401 Unauthorized") || strings.Contains(err.Error(), "guess") {
		t.Errorf("got %v, want 401, without the password", err)
	}
}

// A certificate of an unknown authority is refused.
func TestLinkOverTLS(t *testing.T) {
	gateway := httptest.NewUnstartedServer(answer(prometheusType, "a 1\n"))
	gateway.Config.ErrorLog = log.New(io.Discard, "", 0) // it logs the refusal too
	gateway.StartTLS()
	defer gateway.Close()
	if _, err := scrapeOver(t, NewLink(nil), parseURL(t, gateway.URL)); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("got %v, want a bad certificate", err)
	}
}

func TestLinkIsCanceled(t *testing.T) {
	asked := make(chan struct{})
	gateway := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	}))
	defer gateway.Close()
	ctx, giveUp := context.WithCancel(t.Context())
	go func() {
		<-asked
		giveUp()
	}()
	if _, err := newClient(config.Prometheus).Page(ctx, NewLink(nil), parseURL(t, gateway.URL), ignore); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want canceled", err)
	}
}
