package preview_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/chromium"
	"github.com/moodring/moodring/dashgen/internal/dashboard"
	"github.com/moodring/moodring/dashgen/internal/grafana"
	"github.com/moodring/moodring/dashgen/internal/preview"
	"github.com/moodring/moodring/dashgen/internal/prom"
	"github.com/moodring/moodring/dashgen/internal/promtest"
	"github.com/moodring/moodring/dashgen/internal/rules"
)

// tools is the directory to which `make browser` installs.
const tools = "../../../.tools/"

// tenMinutes is the time range of testdata/series.txt, in an address.
const tenMinutes = "from=0&to=600000"

// tab is a page of a preview in a real browser. Messages on the browser's console
// fail the test.
type tab struct {
	*testing.T
	ctx      context.Context
	server   *httptest.Server
	messages chan string // of the console
	// allowed is part of messages that do not fail the test: the browser logs
	// every error reply, and some tests cause error replies.
	allowed string
}

// openKinds starts a browser, and a preview of testdata/kinds.json with the series
// of testdata/series.txt.
func openKinds(t *testing.T) tab {
	t.Helper()
	return openSeries(t, kinds(t), read(t, `{"uid": "other", "title": "Other", "tags": ["moodring"], "panels": []}`))
}

func openSeries(t *testing.T, all ...dashboard.Dashboard) tab {
	t.Helper()
	series, err := os.ReadFile("testdata/series.txt")
	if err != nil {
		t.Fatal(err)
	}
	return open(t, "400 (Bad Request)", promtest.Server(t, string(series), 10*time.Minute), all...)
}

// openWritten starts a browser, and a preview of the dashboards that dashgen
// writes. Prometheus has their rules and a baseline.
func openWritten(t *testing.T) tab {
	t.Helper()
	recording, err := rules.File(board.All(), rules.Windows{Drift: "5m"})
	if err != nil {
		t.Fatal(err)
	}
	return open(t, "", promtest.Server(t, promtest.Stack(), promtest.Now, promtest.Baseline, string(recording)), written(t)...)
}

// open starts a browser, and a preview of dashboards.
func open(t *testing.T, allowed string, prometheus *httptest.Server, all ...dashboard.Dashboard) tab {
	t.Helper()
	path, err := chromium.Find(tools + "bin/chromium")
	if err != nil {
		t.Fatal(err)
	}
	ctx, closeBrowser := chromium.Open(context.Background(), path) // t.Context ends before the clean-up
	page := tab{T: t, ctx: ctx, server: previewOf(t, prometheus, all...), messages: make(chan string), allowed: allowed}
	console := chromedp.Console(ctx)
	go func() {
		defer close(page.messages)
		for message, err := range console {
			if err != nil {
				return
			}
			page.messages <- fmt.Sprintf("%s: %s (%s:%d)", message.Type, message.Text, message.URL, message.Line)
		}
	}()
	t.Cleanup(func() {
		page.checkConsole()
		if err := closeBrowser(); err != nil {
			t.Error(err)
		}
	})
	return page
}

// written returns the dashboards that dashgen writes.
func written(t *testing.T) []dashboard.Dashboard {
	t.Helper()
	var all []dashboard.Dashboard
	for _, b := range board.All().Boards {
		text, err := grafana.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, read(t, string(text)))
	}
	return all
}

func read(t *testing.T, text string) dashboard.Dashboard {
	t.Helper()
	d, err := dashboard.Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if d, err = preview.Servable("a dashboard", d); err != nil {
		t.Fatal(err)
	}
	return d
}

// kinds returns a dashboard with every kind of panel, also with kinds that the
// preview does not draw.
func kinds(t *testing.T) dashboard.Dashboard {
	t.Helper()
	text, err := os.ReadFile("testdata/kinds.json")
	if err != nil {
		t.Fatal(err)
	}
	return read(t, string(text))
}

func previewOf(t *testing.T, prometheus *httptest.Server, all ...dashboard.Dashboard) *httptest.Server {
	t.Helper()
	address, err := url.Parse(prometheus.URL)
	if err != nil {
		t.Fatal(err)
	}
	handler, err := preview.Handler(preview.Options{Dashboards: all, Prometheus: prom.Server{URL: address}, ScrapeInterval: 15 * time.Second, Local: true})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

// do runs actions. The limit is far above the time that they take on a busy machine.
func (p tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.Fatal(err)
	}
}

// eval returns the value of JavaScript, and awaits promises.
func eval[T any](p tab, script string) T {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, time.Minute)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		p.Fatalf("%s: %v", script, err)
	}
	return value
}

// until waits for a condition, in JavaScript.
func (p tab) until(condition string) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, time.Minute)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](condition, chromedp.WithPollingTimeout(0))); err != nil {
		p.Fatalf("%s did not become true: %v; the page: %s", condition, err, eval[string](p, `document.body.innerText`))
	}
}

const drawn = `document.documentElement.dataset.state === 'drawn'`

// visit opens a path of the preview, and waits until the dashboard is drawn.
func (p tab) visit(path string) {
	p.Helper()
	p.do(chromedp.Navigate(p.server.URL + path))
	p.until(drawn)
}

// press presses keys of chromedp/kb.
func (p tab) press(keys ...string) {
	p.Helper()
	p.do(chromedp.KeyEvent(strings.Join(keys, "")))
}

// focus puts the keyboard's focus on the first element that a selector finds.
func (p tab) focus(selector string) {
	p.Helper()
	if !eval[bool](p, fmt.Sprintf(`(e => { e?.focus(); return e === document.activeElement })(document.querySelector(%q))`, selector)) {
		p.Fatalf("%s cannot have the focus", selector)
	}
}

// theme sets the system's colour scheme, light or dark.
func (p tab) theme(scheme string) {
	p.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
		p.Fatal(err)
	}
}

// checkConsole fails the test if the console has messages.
func (p tab) checkConsole() {
	const last = "debug: last message"
	p.do(chromedp.Evaluate[chromedp.Void](`console.debug('last message')`))
	for message := range p.messages {
		if strings.HasPrefix(message, last) {
			return
		}
		if p.allowed == "" || !strings.Contains(message, p.allowed) {
			p.Errorf("the console says %s", message)
		}
	}
}
