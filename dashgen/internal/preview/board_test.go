package preview_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite testdata/*.txt")

// notDrawn lists the panels that are not drawn, or are drawn blank.
const notDrawn = `[...document.querySelectorAll('.panel')].filter(p => p.offsetParent && (p.dataset.state !== 'drawn' ||
	[...p.querySelectorAll('canvas')].some(c => !c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(v => v > 0)))).map(p => p.innerText)`

// TestEveryPanelDraws checks every panel of every dashboard that dashgen writes,
// light and dark, on a desktop and on a phone, and checks accessibility.
func TestEveryPanelDraws(t *testing.T) {
	page := openWritten(t)
	for _, b := range written(t) {
		for _, look := range looks {
			t.Run(b.UID+" "+look.name, func(t *testing.T) {
				page := page
				page.T = t
				page.look(look)
				page.visit("/d/" + b.UID + "?from=3600000&to=4200000") // the last ten minutes before promtest.Now
				for _, panel := range eval[[]string](page, notDrawn) {
					t.Errorf("not drawn: %s", panel)
				}
				if count := eval[int](page, `document.querySelectorAll('.panel').length`); count == 0 {
					t.Error("there are no panels")
				}
				page.accessible()
			})
		}
	}
}

type look struct {
	name, scheme  string
	width, height int64
}

var looks = []look{
	{"light", "light", 1280, 800},
	{"dark", "dark", 1280, 800},
	{"light on a phone", "light", 360, 740},
	{"dark on a phone", "dark", 360, 740},
}

func (p tab) look(l look) {
	p.Helper()
	p.theme(l.scheme)
	p.do(chromedp.EmulateViewport(l.width, l.height))
}

// accessible runs axe on the page, and checks that the page fits the window.
func (p tab) accessible() {
	p.Helper()
	axe, err := os.ReadFile(tools + "lib/axe.min.js")
	if err != nil {
		p.Fatalf("%v: `make browser` installs it", err)
	}
	p.do(chromedp.Evaluate[chromedp.Void](string(axe)))
	for _, violation := range eval[[]string](p, `axe.run(document, {
		runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa'], resultTypes: ['violations'],
	}).then(({violations}) => violations.map(v => v.id + ': ' + v.nodes.map(n => n.target + ' ' + n.failureSummary).join('\n')))`) {
		p.Errorf("axe: %s", violation)
	}
	if over := eval[int](p, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
		p.Errorf("the page is %d pixels wider than the window", over)
	}
}

// TestKinds compares the text of a dashboard with every kind of panel, variable,
// link and annotation, also of kinds that the preview does not draw.
func TestKinds(t *testing.T) {
	page := openKinds(t)
	for _, look := range looks {
		t.Run(look.name, func(t *testing.T) {
			page := page
			page.T = t
			page.look(look)
			page.visit("/d/kinds?" + tenMinutes)
			page.do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll('h2 button[aria-expanded=false]').forEach(b => b.click())`))
			page.until(drawn + ` && !document.querySelector('[data-state=loading]')`)
			page.accessible()
			if look.name == "light" {
				golden(t, "testdata/kinds.txt", eval[string](page, readAloud))
			}
			if eval[bool](page, `'broken' in window`) {
				t.Error("a dashboard's text was run as a script")
			}
		})
	}
}

// readAloud returns the text of a page: its controls, and each panel with its state.
const readAloud = `(() => {
	const line = e => e.innerText.replace(/\s+/g, ' ').trim();
	const links = e => [...e.querySelectorAll('a')].map(a => '  ' + a.textContent + ' -> ' + a.getAttribute('href'));
	return ['boards: ' + line(document.getElementById('boards')), ...links(document.getElementById('boards')), ...links(document.getElementById('controls')),
		...[...document.querySelectorAll('.variable')].map(v => 'variable ' + [...v.querySelectorAll('label')].map(l => l.firstChild.textContent || l.textContent).join(', ') +
			' = ' + (v.querySelector('summary')?.textContent ?? v.querySelector('select')?.selectedOptions[0]?.text ?? v.querySelector('input')?.value ?? '') + (v.querySelector('.note') ? ' ' + line(v.querySelector('.note')) : '')),
		'problem: ' + line(document.getElementById('problem')),
		...[...document.querySelectorAll('h2, .panel')].filter(e => !e.closest('.panel header')).flatMap(e => e.tagName === 'H2' ? ['', '# ' + line(e)] : [
			e.dataset.type + ', ' + e.dataset.state + ': ' + e.querySelector('header').innerText.trim(),
			'  ' + line(e.querySelector('.body')),
			...[...e.querySelectorAll('.chart')].map(c => '  ' + c.getAttribute('aria-label')),
			...links(e),
		])].join('\n') + '\n';
})()`

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("-want +got; if the change is intended: go test ./dashgen/internal/preview -update\n%s", diff)
	}
}

// TestHostileSettings checks that a setting whose path leads out of the panel, or
// with which a chart cannot be drawn, fails its panel alone.
func TestHostileSettings(t *testing.T) {
	const text = `{"uid": "hostile", "title": "Hostile", "panels": [%s]}`
	panel := func(id int, property, value string) string {
		return fmt.Sprintf(`{"id": %[1]d, "type": "timeseries", "title": "P", "gridPos": {"x": 0, "y": %[1]d, "w": 24, "h": 8},
			"fieldConfig": {"overrides": [{"matcher": {"id": "byRegexp", "options": ".*"}, "properties": [{"id": %[2]q, "value": %[3]s}]}]},
			"targets": [{"refId": "A", "expr": "moodring_exporter_target_up"}]}`, id, property, value)
	}
	page := openSeries(t, read(t, fmt.Sprintf(text, strings.Join([]string{
		panel(1, "__proto__.x", "1"), panel(2, "constructor.prototype.x", "1"), panel(3, "custom.__proto__.x", "1"),
		panel(4, "custom.lineStyle", `{"fill": "dash", "dash": "no list"}`), panel(5, "custom.lineWidth", "3"),
	}, ","))))
	page.visit("/d/hostile?" + tenMinutes)
	page.has(`[...document.querySelectorAll('.panel')].map(p => p.dataset.state).join()`, "failed,failed,failed,failed,drawn")
	page.has(`({}).x`, "<nil>")
	page.has(`document.querySelector('#panel-3 .note').textContent`, "This panel could not be drawn: the setting __proto__.x is not one of a panel.")
}

// TestNoLocale checks that charts draw in a browser without a locale (LANG=C).
func TestNoLocale(t *testing.T) {
	page := openKinds(t)
	_, err := chromedp.Call(page.ctx, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{
		Source: `Object.defineProperty(Navigator.prototype, 'language', { get: () => 'en-US@posix' })`,
	})
	if err != nil {
		t.Fatal(err)
	}
	page.visit("/d/kinds?" + tenMinutes)
	page.has(`document.querySelector('[data-type=timeseries]').dataset.state`, "drawn")
	page.has(`document.querySelectorAll('.u-over').length > 3`, true)
}
