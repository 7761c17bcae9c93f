package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/discovery"
	"github.com/moodring/moodring/exporter/internal/expose"
)

// pipes is a listener for pipes. Unlike sockets, they work with synctest's clock.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (p *pipes) Close() error {
	close(p.closed)
	return nil
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-p.closed:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// counter is a gateway that counts its scrapes as requests.
type counter struct {
	*http.Server
	*pipes
	scrapes atomic.Int32
}

func newCounter(t *testing.T) *counter {
	c := new(counter)
	c.serve(t, c.count)
	return c
}

func (c *counter) count(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"stats":[{"name":"http.ingress.downstream_rq_2xx","value":%d}]}`, c.scrapes.Add(1))
}

func (c *counter) serve(t *testing.T, answer http.HandlerFunc) {
	c.pipes = &pipes{make(chan net.Conn), make(chan struct{})}
	c.Server = &http.Server{Handler: answer}
	go func() { _ = c.Serve(c.pipes) }()
	t.Cleanup(c.shut)
}

// shut ends the gateway, as if its process was killed.
func (c *counter) shut() { _ = c.Server.Close() }

func (c *counter) target(name string) discovery.Target {
	return discovery.Target{
		Gateway: name, ID: name, URL: &url.URL{Scheme: "http", Host: "admin"},
		Labels: labels.FromStrings("gateway", name), Dial: c.dial,
	}
}

// onFakeTime runs test with a fleet. scrape is YAML for its scrape settings.
func onFakeTime(t *testing.T, scrape string, test func(*testing.T, *Fleet)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		meter, err := expose.NewMeter(prometheus.NewRegistry())
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		f := New(ctx, meter, slog.New(slog.DiscardHandler))
		f.Configure(parse(t, scrape))
		test(t, f)
		stop()
		f.Wait()
	})
}

func parse(t *testing.T, scrape string) *config.Config {
	t.Helper()
	cfg, err := config.Parse([]byte("scrape: {format: json, " + scrape + "}"))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// page returns each gateway's name, state and number of requests.
func page(t *testing.T, f *Fleet) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	var texts []string
	for _, s := range f.Scrape(ctx) {
		text := s.Gateway
		switch {
		case s.IsGone:
			text += " gone"
		case !s.Up:
			text += " down"
		}
		for _, series := range append(s.Series.Series(), s.Kept.Series()...) {
			if series.Labels.Get("code_class") == "2xx" {
				text += fmt.Sprint(" ", series.Value)
			}
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ", ")
}

func wantPage(t *testing.T, f *Fleet, want string) {
	t.Helper()
	if got := page(t, f); got != want {
		t.Errorf("%s: the page shows %q, want %q", time.Now().Format(time.TimeOnly), got, want)
	}
}

func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestFleetScrapesWhenAsked(t *testing.T) {
	onFakeTime(t, "min_age: 5s", func(t *testing.T, f *Fleet) {
		a := newCounter(t)
		f.Apply([]discovery.Target{a.target("a")}, false)
		pass(time.Hour)
		wantPage(t, f, "a 1")
		wantPage(t, f, "a 1")
		pass(5 * time.Second)
		wantPage(t, f, "a 2")
	})
}

// A terminating gateway is scraped each second until it stops answering. Its last
// values are kept until scrape.keep has passed.
func TestFleetScrapesUntilTheEnd(t *testing.T) {
	onFakeTime(t, "min_age: 1h, keep: 5m", func(t *testing.T, f *Fleet) {
		a, b := newCounter(t), newCounter(t)
		f.Apply([]discovery.Target{a.target("a"), b.target("b")}, false)
		wantPage(t, f, "a 1, b 1")
		leaving := a.target("a")
		leaving.IsTerminating = true
		f.Apply([]discovery.Target{leaving, b.target("b")}, false)
		pass(3500 * time.Millisecond)
		wantPage(t, f, "a 4, b 1")
		f.Apply([]discovery.Target{b.target("b")}, false) // removed, but it still answers
		pass(2 * time.Second)
		wantPage(t, f, "a gone 6, b 1")
		a.shut()
		pass(4 * time.Minute)
		wantPage(t, f, "a gone 6, b 1")
		pass(time.Minute)
		wantPage(t, f, "b 1")
	})
}

// A terminating gateway whose Envoy has stopped is not shown as down, and is scraped
// ever more seldom. It is scraped as before if its deletion is undone.
func TestFleetHidesTerminatingGatewayThatHasStopped(t *testing.T) {
	onFakeTime(t, "min_age: 0s, keep: 5m", func(t *testing.T, f *Fleet) {
		var log strings.Builder
		f.logger = slog.New(slog.NewTextHandler(&log, nil))
		a, stopped := newCounter(t), new(counter)
		stopped.serve(t, func(w http.ResponseWriter, _ *http.Request) {
			stopped.scrapes.Add(1)
			w.WriteHeader(http.StatusServiceUnavailable)
		})
		f.Apply([]discovery.Target{a.target("a")}, false)
		wantPage(t, f, "a 1")
		leaving := stopped.target("a")
		leaving.IsTerminating = true
		f.Apply([]discovery.Target{leaving}, false)
		f.gateways["a"].scraper.link.Close()
		wantPage(t, f, "a gone 1") // the first failure
		pass(4 * time.Minute)
		wantPage(t, f, "a gone 1")
		pass(56 * time.Minute)
		wantPage(t, f, "a gone")
		if got := stopped.scrapes.Load(); got > 65 || got < 60 {
			t.Errorf("%d scrapes in an hour, want one a minute", got)
		}
		if strings.Contains(log.String(), "WARN") {
			t.Errorf("log:\n%s", log.String())
		}
		f.Apply([]discovery.Target{stopped.target("a")}, false)
		wantPage(t, f, "a down")
	})
}

// A removed gateway that still answers is not scraped for ever.
func TestFleetDropsRemovedGatewayThatAnswers(t *testing.T) {
	onFakeTime(t, "keep: 10s", func(t *testing.T, f *Fleet) {
		a := newCounter(t)
		f.Apply([]discovery.Target{a.target("a")}, false)
		f.Apply(nil, false)
		pass(9500 * time.Millisecond)
		wantPage(t, f, "a gone 9")
		pass(time.Second)
		wantPage(t, f, "")
		pass(time.Minute)
		if got := a.scrapes.Load(); got != 9 {
			t.Errorf("scraped %d times, want 9", got)
		}
	})
}

// A pod recreated under the same name is the same gateway, with reset counters.
func TestFleetKnowsAGatewayThatComesBack(t *testing.T) {
	onFakeTime(t, "min_age: 0s", func(t *testing.T, f *Fleet) {
		before, after := newCounter(t), newCounter(t)
		f.Apply([]discovery.Target{before.target("a")}, false)
		wantPage(t, f, "a 1")
		wantPage(t, f, "a 2")
		before.shut()
		wantPage(t, f, "a down 2")
		f.Apply(nil, false)
		wantPage(t, f, "a gone 2")
		again := after.target("a")
		again.ID = "another pod"
		f.Apply([]discovery.Target{again}, false)
		wantPage(t, f, "a 1")
	})
}

// at returns a target that is scraped over the network at the counter's address.
func (c *counter) at(t *testing.T, name string) discovery.Target {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(c.count))
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return discovery.Target{Gateway: name, ID: name, URL: address, Labels: labels.FromStrings("gateway", name)}
}

// A pod that gets the IP address of a removed or terminating pod is scraped for
// itself only. The old gateway's last values stay.
func TestFleetNeverScrapesAnAddressForTwoGateways(t *testing.T) {
	meter, err := expose.NewMeter(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	f := New(ctx, meter, slog.New(slog.DiscardHandler))
	defer func() {
		stop()
		f.Wait()
	}()
	f.Configure(parse(t, "min_age: 0s, keep: 1h"))
	c := new(counter)
	before := c.at(t, "before")
	after, elsewhere := before, before
	after.Gateway, after.ID, after.Labels = "after", "after", labels.FromStrings("gateway", "after")
	elsewhere.Gateway, elsewhere.ID, elsewhere.IsElsewhere = "elsewhere", "elsewhere", true

	f.Apply([]discovery.Target{before}, false)
	wantPage(t, f, "before 1")
	f.Apply([]discovery.Target{after}, false) // as after a forced deletion
	wantPage(t, f, "after 2, before gone 1")
	if wait := f.gateways["before"].current().wait(&f.Config().Scrape, time.Now()); wait < 59*time.Minute {
		t.Errorf("the removed gateway does something in %s", wait)
	}
	f.Apply(nil, false)
	if wait := f.gateways["before"].current().wait(&f.Config().Scrape, time.Now()); wait < 59*time.Minute {
		t.Errorf("after the new gateway's end, the removed one does something in %s", wait)
	}
	f.Apply(nil, true)

	leaving := before
	leaving.Gateway, leaving.ID, leaving.IsTerminating = "leaving", "leaving", true
	f.Apply([]discovery.Target{leaving, after}, false) // as while the old pod's node is dead
	wantPage(t, f, "after 3, before gone 1")
	f.Apply([]discovery.Target{elsewhere}, false) // another exporter scrapes the new gateway
	if got := f.gateways["after"].current(); !got.isReplaced {
		t.Error("a gateway whose address is in another share is scraped")
	}
	if f.gateways["elsewhere"] != nil {
		t.Error("a gateway of another share is scraped")
	}
}

// A renamed gateway is not counted twice, and a gateway that a reload removes is not
// kept.
func TestFleetDropsAtOnce(t *testing.T) {
	onFakeTime(t, "", func(t *testing.T, f *Fleet) {
		a := newCounter(t)
		f.Apply([]discovery.Target{a.target("a")}, false)
		wantPage(t, f, "a 1")
		renamed := a.target("b")
		renamed.ID = "a"
		f.Apply([]discovery.Target{renamed}, false)
		wantPage(t, f, "b 2")
		f.Apply(nil, true)
		wantPage(t, f, "")
	})
}

func TestFleetLimitsRemovedGateways(t *testing.T) {
	onFakeTime(t, "keep: 1h", func(t *testing.T, f *Fleet) {
		a := newCounter(t)
		a.shut()
		for i := range maxGone + 10 {
			f.Apply([]discovery.Target{a.target(fmt.Sprint(i))}, false)
			pass(time.Second)
		}
		f.Apply(nil, false)
		if got := len(f.sorted()); got != maxGone {
			t.Errorf("%d gateways that are gone are kept, want %d", got, maxGone)
		}
		if _, isKept := f.gateways["9"]; isKept {
			t.Error("the oldest are kept")
		}
	})
}

func TestFleetForgetsFailedValues(t *testing.T) {
	onFakeTime(t, "keep: 1m", func(t *testing.T, f *Fleet) {
		a := newCounter(t)
		f.Apply([]discovery.Target{a.target("a")}, false)
		wantPage(t, f, "a 1")
		a.shut()
		pass(59 * time.Second)
		wantPage(t, f, "a down 1")
		pass(time.Second)
		wantPage(t, f, "a down")
	})
}

// With scrape.interval, the page has the latest results. Each gateway is scraped at
// its own offset in the interval, also after a restart.
func TestFleetSpreadsScrapes(t *testing.T) {
	onFakeTime(t, "interval: 15s", func(t *testing.T, f *Fleet) {
		a, b := newCounter(t), newCounter(t)
		f.Apply([]discovery.Target{a.target("a"), b.target("b")}, false)
		wantPage(t, f, "a 1, b 1") // a gateway without a result is scraped now
		pass(15 * time.Second)
		wantPage(t, f, "a 2, b 2")
		pass(45 * time.Second)
		wantPage(t, f, "a 5, b 5")
		f.Configure(parse(t, "interval: 0s"))
		pass(time.Hour)
		wantPage(t, f, "a 6, b 6")
	})
}

func TestSlot(t *testing.T) {
	const gateways, interval = 1000, 15 * time.Second
	perSecond := make([]int, 15)
	for i := range gateways {
		name := fmt.Sprintf("istio-system/istio-ingressgateway-7d8f9c-%04d", i)
		wait := slot(name, time.Unix(1700000000, 0), interval)
		later := slot(name, time.Unix(1700000000, 0).Add(wait), interval)
		if wait <= 0 || wait > interval || later != interval {
			t.Fatalf("%s waits %s, then %s", name, wait, later)
		}
		perSecond[int(wait.Seconds())%15]++
	}
	for second, n := range perSecond {
		if n < 40 || n > 100 {
			t.Errorf("%d scrapes in second %d of %v, want about %d", n, second, perSecond, gateways/15)
		}
	}
}

// Gateways that hang, one of them terminating, delay neither the scrapes of the
// others nor the page.
func TestFleetIsOnTimeBesideHangingGateways(t *testing.T) {
	onFakeTime(t, "interval: 15s, timeout: 14s", func(t *testing.T, f *Fleet) {
		good, times := new(counter), make(chan time.Time, 100)
		good.serve(t, func(w http.ResponseWriter, r *http.Request) {
			times <- time.Now()
			good.count(w, r)
		})
		targets := []discovery.Target{good.target("good")}
		for i := range 20 {
			hanging := new(counter)
			hanging.serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
			one := hanging.target(fmt.Sprintf("hangs-%02d", i))
			one.IsTerminating = i == 0
			targets = append(targets, one)
		}
		f.Apply(targets, false)
		page(t, f) // scrapes the new gateways
		<-times
		wait := slot("good", time.Now(), 15*time.Second)
		next := time.Now().Add(wait)
		pass(wait + 45*time.Second)
		for range 4 {
			if at := <-times; !at.Equal(next) {
				t.Errorf("scraped at %s, want %s", at, next)
			}
			next = next.Add(15 * time.Second)
		}
		asked := time.Now()
		if got := page(t, f); !strings.HasPrefix(got, "good 5, hangs-00 gone, hangs-01 down, ") || time.Since(asked) > 0 {
			t.Errorf("after %s the page shows %q", time.Since(asked), got)
		}
	})
}

// A reload keeps the results of gateways that stay listed.
func TestReconfiguredFleetKeepsResults(t *testing.T) {
	onFakeTime(t, "min_age: 1h", func(t *testing.T, f *Fleet) {
		a, b := newCounter(t), newCounter(t)
		f.Apply([]discovery.Target{a.target("a")}, false)
		wantPage(t, f, "a 1")
		f.Configure(parse(t, "min_age: 1h, timeout: 3s"))
		f.Apply([]discovery.Target{a.target("a"), b.target("b")}, true)
		wantPage(t, f, "a 1, b 1")
		if diff := cmp.Diff(int32(1), a.scrapes.Load()); diff != "" {
			t.Errorf("scrapes (-want +got):\n%s", diff)
		}
	})
}

// A reload drops the gateways that it removes. A gateway removed before is kept,
// because Prometheus may not have scraped its last values yet.
func TestReconfiguredFleetKeepsRemovedGateways(t *testing.T) {
	onFakeTime(t, "keep: 1m", func(t *testing.T, f *Fleet) {
		a, b, c := newCounter(t), newCounter(t), newCounter(t)
		f.Apply([]discovery.Target{a.target("a"), b.target("b"), c.target("c")}, false)
		wantPage(t, f, "a 1, b 1, c 1")
		a.shut()
		f.Apply([]discovery.Target{b.target("b"), c.target("c")}, false)
		pass(30 * time.Second)
		f.Apply([]discovery.Target{c.target("c")}, true)
		wantPage(t, f, "a gone 1, c 2")
		pass(31 * time.Second)
		wantPage(t, f, "c 3")
	})
}

// A gateway that stays down is logged once, and once more when it is back.
func TestFleetLogsTransitions(t *testing.T) {
	onFakeTime(t, "min_age: 0s, timeout: 1s", func(t *testing.T, f *Fleet) {
		var log strings.Builder
		f.logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}}))
		dead, alive := newCounter(t), newCounter(t)
		dead.shut()
		show := func(c *counter, times int) {
			f.Apply([]discovery.Target{c.target("a")}, false)
			for range times {
				page(t, f)
			}
		}
		show(dead, 3)
		show(alive, 3)
		alive.shut()
		show(alive, 3)
		f.Apply(nil, false)
		pass(time.Hour)
		want := `level=WARN msg="Scraping a gateway failed" gateway=a err="GET http://admin/stats: connection refused"
level=INFO msg="Scraping a gateway succeeds again" gateway=a
level=WARN msg="Scraping a gateway failed" gateway=a err="GET http://admin/stats: io: read/write on closed pipe"
`
		if diff := cmp.Diff(want, log.String()); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
	})
}
