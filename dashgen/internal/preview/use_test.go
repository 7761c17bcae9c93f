package preview_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"github.com/moodring/moodring/dashgen/internal/dashboard"
	"github.com/moodring/moodring/dashgen/internal/promtest"
)

// record starts to record the queries that the page sends to Prometheus. asked()
// returns them.
const record = `(() => {
	const all = [];
	const real = window.fetch;
	window.fetch = (path, ...rest) => { all.push(decodeURIComponent(String(path)).replaceAll('+', ' ')); return real(path, ...rest); };
	window.asked = part => all.filter(path => path.includes(part));
})()`

// TestKeyboard uses every control by keys.
func TestKeyboard(t *testing.T) {
	page := openKinds(t)
	page.visit("/d/kinds?" + tenMinutes)

	page.press(kb.Tab)
	page.has(`document.activeElement.textContent`, "Skip to the panels")

	t.Log("a chart's values")
	page.focus(`[data-type=timeseries] .chart`)
	page.press(kb.ArrowLeft)
	page.has(`document.activeElement.querySelector('.spoken').textContent.slice(19)`, `; joy 3; sadness 1; so "happy"/very-much.v2 0`)
	page.has(`document.activeElement.querySelector('.tip').innerText.split('\n').slice(1).join(' ').replace(/\s+/g, ' ')`, ` joy 3 sadness 1 so "happy"/very-much.v2 0`)
	page.press(kb.Home, kb.ArrowRight)
	page.has(`document.activeElement.querySelector('.spoken').textContent.slice(14, 19)`, "00:15")
	page.press(kb.Escape)
	page.has(`document.activeElement.querySelector('.tip').hidden`, true)

	t.Log("values of different steps")
	page.focus(`#panel-10 .chart`)
	page.press(kb.End)
	page.has(`document.activeElement.querySelector('.spoken').textContent.slice(19)`, `; joy 3 c/s; sadness 1 c/s; so "happy"/very-much.v2 0 c/s; slowest scrape 250 ms`)

	t.Log("a legend's series")
	page.focus(`[data-type=timeseries] .legend button`)
	page.press(kb.Enter)
	page.has(`document.activeElement.textContent.slice(0, 4) + document.activeElement.getAttribute('aria-pressed')`, " joyfalse")
	page.press(kb.Enter)
	page.has(`document.activeElement.getAttribute('aria-pressed')`, "true")

	t.Log("what a panel is for")
	page.focus(`#panel-2 header button`)
	page.press(kb.Enter)
	page.has(`document.querySelector('#panel-2 .notes').innerText.split('\n')[0]`, "Whether each gateway can be read.")
	page.press(kb.Enter)
	page.has(`document.querySelector('#panel-2 .notes').hidden`, true)

	t.Log("a panel alone")
	page.focus(`#panel-3 .larger`)
	page.press(kb.Enter)
	page.until(drawn + ` && document.querySelectorAll('.panel').length === 1 && document.activeElement.matches('#panel-3 .larger')`)
	page.has(`new URLSearchParams(location.search).get('viewPanel')`, "3")
	page.press(kb.Enter)
	page.until(drawn + ` && document.querySelectorAll('.panel').length > 9 && document.activeElement.matches('#panel-3 .larger')`)

	t.Log("a row")
	page.focus(`h2 button`)
	page.press(kb.Enter)
	page.has(`document.querySelector('#panel-2').offsetParent === null`, true)
	page.press(kb.Enter)
	page.until(drawn + ` && document.querySelector('#panel-2').offsetParent !== null`)

	t.Log("a variable of which several can be chosen")
	page.do(chromedp.Evaluate[chromedp.Void](record))
	page.focus(`[data-popup="var gateway"] summary`)
	page.press(kb.Enter, kb.Tab, kb.Tab, " ")
	page.until(drawn + ` && document.querySelector('[data-popup="var gateway"] summary').textContent === 'Gateway: a'`)
	page.has(`document.activeElement.dataset.key`, "var gateway a")
	page.press(kb.Tab, " ")
	page.until(drawn + ` && asked('target_up{gateway=~"(a|b)"}').length > 0`)
	page.press(kb.Escape)
	page.has(`document.activeElement.dataset.key + document.activeElement.parentElement.open`, "var gatewayfalse")

	t.Log("a variable of which one can be chosen")
	page.focus(`[data-key="var model"]`)
	page.press(kb.ArrowDown)
	page.until(drawn + ` && new URLSearchParams(location.search).get('var-model') === 'bert'`)

	t.Log("a time")
	page.focus(`[data-key=range]`)
	page.press(kb.ArrowDown, kb.ArrowDown)
	page.until(drawn + ` && new URLSearchParams(location.search).get('from') === 'now-15m'`)
	page.focus(`[data-key=times]`)
	page.press(kb.Enter, kb.Tab)
	page.do(chromedp.Evaluate[chromedp.Void](`document.activeElement.select()`))
	page.press("later", kb.Enter)
	page.has(`document.querySelector('.time form p').textContent.slice(0, 31)`, "From must be a time before to: ")
	page.do(chromedp.Evaluate[chromedp.Void](`document.activeElement.select()`))
	page.press("now-2h", kb.Enter)
	page.until(drawn + ` && new URLSearchParams(location.search).get('from') === 'now-2h'`)

	t.Log("a theme")
	page.focus(`[data-key=theme]`)
	page.press("dark")
	page.until(drawn + ` && getComputedStyle(document.body.parentElement).backgroundColor === 'rgb(17, 18, 23)'`)
}

// has checks the value of JavaScript.
func (p tab) has(script string, want any) {
	p.Helper()
	if got := fmt.Sprint(eval[any](p, script)); got != fmt.Sprint(want) {
		p.Errorf("%s is %q, want %q", script, got, want)
	}
}

// TestTime moves through time with the buttons, with a drag on a chart, and with
// the browser's back button.
func TestTime(t *testing.T) {
	page := openKinds(t)
	page.visit("/d/kinds?" + tenMinutes)
	for _, tc := range []struct{ name, script, from, to string }{
		{"earlier", `document.querySelector('[data-key=earlier]').click()`, "-300000", "300000"},
		{"later", `document.querySelector('[data-key=later]').click()`, "0", "600000"},
		{"wider", `document.querySelector('[data-key=wider]').click()`, "-300000", "900000"},
		{"back", `history.back()`, "0", "600000"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			page := page
			page.T = t
			page.do(chromedp.Evaluate[chromedp.Void](tc.script))
			page.until(fmt.Sprintf(`%s && new URLSearchParams(location.search).get('from') === %q && new URLSearchParams(location.search).get('to') === %q`, drawn, tc.from, tc.to))
		})
	}
	t.Run("drag", func(t *testing.T) {
		page := page
		page.T = t
		box := eval[[]float64](page, `(e => { e.scrollIntoView({block: 'center'}); const b = e.getBoundingClientRect(); return [b.x, b.y, b.width]; })(document.querySelector('.u-over'))`)
		left, right := box[0]+box[2]/4, box[0]+box[2]/2
		page.do(
			chromedp.MouseEvent(chromedp.MouseMoved, left, box[1]+20),
			chromedp.MouseEvent(chromedp.MousePressed, left, box[1]+20, chromedp.ButtonLeft),
			chromedp.MouseEvent(chromedp.MouseMoved, right, box[1]+20, chromedp.ButtonLeft),
			chromedp.MouseEvent(chromedp.MouseReleased, right, box[1]+20, chromedp.ButtonLeft),
		)
		page.until(drawn + ` && Math.abs(new URLSearchParams(location.search).get('from') - 150000) < 5000 && Math.abs(new URLSearchParams(location.search).get('to') - 300000) < 5000`)
	})
}

// TestQueries checks the queries of a dashboard for different variables and times.
func TestQueries(t *testing.T) {
	const text = `{"uid": "asks-%d", "title": "Asks", "time": {"from": "now-1h", "to": "now"}, "templating": {"list": [
		{"type": "query", "name": "gateway", "query": "label_values(moodring_exporter_target_up, gateway)", "multi": true, "includeAll": true},
		{"type": "query", "name": "label", "query": "label_values(moodring_predictions_total, label)", "multi": true},
		{"type": "textbox", "name": "free", "query": "x\"y"},
		{"type": "query", "name": "in", "query": "label_values(moodring_exporter_scrape_bytes_total, gateway)", "multi": true, "includeAll": true,
			"allValue": "([^/]+/)?", "regex": "/^(?<value>(?<text>[^\\/]+)\\/)/"},
		{"type": "query", "name": "name", "query": "label_values(moodring_exporter_scrape_bytes_total{gateway=~\"$in.*\"}, gateway)", "multi": true, "includeAll": true,
			"allValue": ".*", "regex": "/^(?:[^\\/]+\\/)?(.+)$/"}
	]}, "panels": [{"id": 1, "type": "timeseries", "title": "One", "maxDataPoints": 100, "gridPos": {"x": 0, "y": 0, "w": 24, "h": 8}, "targets": [
		{"refId": "A", "expr": %q}]}]}`
	cases := []struct{ name, expr, address, want string }{
		{"all, without a pattern of the board's own", `up{gateway=~"$gateway"}`, tenMinutes, `up{gateway=~"(a|b)"}`},
		{"one", `up{gateway=~"$gateway"}`, tenMinutes + "&var-gateway=b", `up{gateway=~"b"}`},
		{"one that is not there", `up{gateway=~"$gateway"}`, tenMinutes + "&var-gateway=c", `up{gateway=~"(a|b)"}`},
		{"special letters", `up{label=~"${label}"}`, tenMinutes + "&var-label=" + strings.ReplaceAll(`so "happy"/very-much.v2`, `"`, "%22"), `up{label=~"so "happy"/very-much\\.v2"}`},
		{"free text", `up{x="[[free]]"}`, tenMinutes, `up{x="x\"y"}`},
		{"a format", `up{x="${gateway:csv}"}`, tenMinutes, `up{x="a,b"}`},
		{"what is no variable", `up{x="$nothing"}`, tenMinutes, `up{x="$nothing"}`},
		{"any part of a value", `up{gateway=~"$in$name"}`, tenMinutes, `up{gateway=~"([^/]+/)?.*"}`},
		{"one part of a value", `up{gateway=~"$in$name"}`, tenMinutes + "&var-in=istio-system/", `up{gateway=~"istio-system/.*"}`},
		{"both parts", `up{gateway=~"$in$name"}`, tenMinutes + "&var-in=istio-system/&var-name=gw-0", `up{gateway=~"istio-system/gw-0"}`},
		{"a part that is not in the other", `up{gateway=~"$in$name"}`, tenMinutes + "&var-in=istio-system/&var-name=local", `up{gateway=~"istio-system/.*"}`},
		{"the rate's interval", `rate(up[$__rate_interval])`, tenMinutes, `rate(up[1m])`},
		{"of a long time", `rate(up[$__rate_interval])`, "from=0&to=86400000", `rate(up[915s])`},
		{"the step", `up[$__interval] $__interval_ms`, "from=0&to=86400000", `up[15m] 900000`},
		{"the range", `up[$__range] $__range_s`, tenMinutes, `up[600s] 600`},
	}
	var all []dashboard.Dashboard
	for i, tc := range cases {
		all = append(all, read(t, fmt.Sprintf(text, i, tc.expr)))
	}
	page := openSeries(t, all...)
	for i, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			page := page
			page.T = t
			page.visit(fmt.Sprintf("/d/asks-%d?%s", i, tc.address))
			got := eval[string](page, `new URLSearchParams(performance.getEntriesByType('resource').findLast(e => e.name.includes('query_range')).name.split('?')[1]).get('query')`)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestOpening checks that a dashboard opens with a time range that fits the data, and
// keeps the range of its address.
func TestOpening(t *testing.T) {
	page := openKinds(t)
	_, err := chromedp.Call(page.ctx, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{
		Source: `Date.now = () => 600000`,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ address, want string }{
		{"/d/kinds", "Last 15 minutes"}, // of an hour, Prometheus has ten minutes
		{"/d/kinds?from=now-3h&to=now", "Last 3 hours"},
	} {
		page.visit(tc.address)
		page.has(`document.querySelector('[data-key=range]').selectedOptions[0].text`, tc.want)
	}
}

// TestRefused checks that the page says if a variable has not the value in the address.
func TestRefused(t *testing.T) {
	page := openKinds(t)
	page.visit("/d/kinds?var-model=nobody&var-gateway=a&var-elsewhere=x&" + tenMinutes)
	page.has(`document.querySelector('#problem').textContent.slice(0, 53)`, "Model has no value nobody: the dashboard shows bert. ")
}

// TestAway checks that the page says once that Prometheus is away, keeps its panels,
// and goes on when Prometheus is back.
func TestAway(t *testing.T) {
	series, err := os.ReadFile("testdata/series.txt")
	if err != nil {
		t.Fatal(err)
	}
	prometheus := promtest.Server(t, string(series), 10*time.Minute)
	isAway := atomic.Bool{}
	handler := prometheus.Config.Handler
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isAway.Load() {
			panic(http.ErrAbortHandler) // closes the connection
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	page := open(t, "Bad", front, kinds(t)) // 400 and 502 on the console
	page.visit("/d/kinds?" + tenMinutes)
	isAway.Store(true)
	page.do(chromedp.Evaluate[chromedp.Void](`document.querySelector('[data-key=refresh]').click()`))
	page.until(`document.documentElement.dataset.state === 'failed'`)
	page.has(`document.querySelectorAll('#problem p').length`, 1)
	page.has(`document.querySelector('#problem p').textContent.startsWith('Asking Prometheus at http://127.0.0.1:')`, true)
	page.has(`document.querySelector('#panel-9').dataset.state`, "drawn")
	isAway.Store(false)
	page.do(chromedp.Evaluate[chromedp.Void](`document.querySelector('[data-key=refresh]').click()`))
	page.until(drawn)
	page.has(`document.querySelector('#problem').textContent.includes('Asking Prometheus')`, false)
}

// TestRefresh checks that a dashboard refreshes itself, and keeps the focus.
func TestRefresh(t *testing.T) {
	page := openKinds(t)
	page.visit("/d/kinds?refresh=50ms&" + tenMinutes)
	page.do(chromedp.Evaluate[chromedp.Void](record))
	page.focus(`.legend button`)
	page.until(`asked('query_range').length > 40`)
	page.has(`document.activeElement.matches('.legend button')`, true)
	page.focus(`[data-key=every]`)
	page.press("no")
	page.until(drawn + ` && new URLSearchParams(location.search).get('refresh') === 'off'`)
}
