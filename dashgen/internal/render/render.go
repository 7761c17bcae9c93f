// Package render draws a dashboard, or one of its panels, into a file: a Chromium
// shows the page of the preview.
package render

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/moodring/moodring/dashgen/internal/chromium"
	"github.com/moodring/moodring/dashgen/internal/dashboard"
	"github.com/moodring/moodring/dashgen/internal/preview"
)

// Options of a drawing.
type Options struct {
	Chromium  string          // the browser's binary
	Preview   preview.Options // Draw sets Local
	Board     string          // uid of the dashboard; "" is the first
	Panel     string          // id of the panel; "" is the whole dashboard
	From, To  string          // times as Grafana writes them; "" is the dashboard's own
	Variables []string        // NAME=VALUE
	Width     int             // in CSS pixels
	Height    int             // in CSS pixels; the rest is cut off; 0 cuts nothing
	Dark      bool
}

// File extensions.
const (
	PNG = ".png"
	SVG = ".svg"
)

// limit is how long a drawing may take, with all queries.
const limit = 2 * time.Minute

// Draw returns the content of a file with one of the extensions. A failed query
// is an error. A panel without data is drawn as such.
func Draw(ctx context.Context, extension string, o Options) (_ []byte, err error) {
	path, err := o.path()
	if err != nil {
		return nil, err
	}
	server, err := serve(o.Preview)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	browser, closeBrowser := chromium.Open(ctx, o.Chromium)
	defer func() { err = errors.Join(err, closeBrowser()) }()
	ctx, cancel := context.WithTimeoutCause(browser, limit, fmt.Errorf("the dashboard was not drawn within %s", limit))
	defer cancel()
	if extension == SVG {
		return o.svg(ctx, server.Addr+path)
	}
	return o.png(ctx, server.Addr+path)
}

// path returns the path and query of the page in the preview.
func (o Options) path() (string, error) {
	uid := o.Board
	if uid == "" {
		uid = o.Preview.Dashboards[0].UID
	}
	var known []string
	for _, b := range o.Preview.Dashboards {
		known = append(known, b.UID)
	}
	place := slices.Index(known, uid)
	if place < 0 {
		return "", fmt.Errorf("no dashboard %q; there are %s", uid, strings.Join(known, ", "))
	}
	query := url.Values{"kiosk": {""}, "refresh": {"off"}, "theme": {"light"}}
	if o.Dark {
		query.Set("theme", "dark")
	}
	for key, value := range map[string]string{"from": o.From, "to": o.To, "viewPanel": o.Panel} {
		if value != "" {
			query.Set(key, value)
		}
	}
	names, err := variables(o.Preview.Dashboards[place])
	if err != nil {
		return "", err
	}
	for _, variable := range o.Variables {
		name, value, found := strings.Cut(variable, "=")
		switch {
		case !found:
			return "", fmt.Errorf("variable %q: write NAME=VALUE", variable)
		case !slices.Contains(names, name):
			return "", fmt.Errorf("no variable %q on the dashboard %s; there are %s", name, uid, strings.Join(names, ", "))
		}
		query.Add("var-"+name, value)
	}
	return "/d/" + uid + "?" + query.Encode(), nil
}

// variables returns the names of a dashboard's variables.
func variables(d dashboard.Dashboard) ([]string, error) {
	var fields struct {
		Templating struct {
			List []struct {
				Name string `json:"name"`
			} `json:"list"`
		} `json:"templating"`
	}
	if err := json.Unmarshal(d.JSON, &fields); err != nil {
		return nil, fmt.Errorf("dashboard %s: %w", d.UID, err)
	}
	var names []string
	for _, v := range fields.Templating.List {
		names = append(names, v.Name)
	}
	return names, nil
}

// serve starts a preview on this machine. Addr is the URL of the preview.
func serve(o preview.Options) (*http.Server, error) {
	o.Local = true
	handler, err := preview.Handler(o)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Addr: "http://" + listener.Addr().String(), Handler: handler, ReadHeaderTimeout: limit}
	go func() { _ = server.Serve(listener) }() // the error only says that it was closed
	return server, nil
}

func (o Options) png(ctx context.Context, address string) ([]byte, error) {
	if err := o.open(ctx, address); err != nil {
		return nil, err
	}
	if err := o.checkFonts(ctx); err != nil {
		return nil, err
	}
	return run(ctx, chromedp.Screenshot(chromedp.CSS(o.selector())))
}

// checkFonts returns an error if the browser has no font for a character: the picture
// would lack the character. In an SVG it is text, which the viewer draws.
func (o Options) checkFonts(ctx context.Context) error {
	missing, err := run(ctx, chromedp.Evaluate[[]string](o.onSelected(glyphs)))
	if err != nil || len(missing) == 0 {
		return err
	}
	return fmt.Errorf("the browser has no font for %s: install a font, such as Debian's fonts-noto-cjk or fonts-noto-color-emoji, or draw an .svg, which its viewer's fonts show",
		strings.Join(missing[:min(len(missing), 10)], " "))
}

// onSelected returns a script that calls a function of JavaScript with the drawn element.
func (o Options) onSelected(function string) string {
	return fmt.Sprintf("(%s)(document.querySelector(%q))", strings.TrimSpace(function), o.selector())
}

// selector returns the CSS selector of the drawn element.
func (o Options) selector() string {
	if o.Panel != "" {
		return ".panel"
	}
	return "body"
}

// record.js makes canvases record their drawing operations. write.js writes the
// page and these records as one SVG. glyphs.js finds characters without a font.
var (
	//go:embed glyphs.js
	glyphs string
	//go:embed record.js
	record string
	//go:embed write.js
	write string
)

func (o Options) svg(ctx context.Context, address string) ([]byte, error) {
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: record}); err != nil {
		return nil, fmt.Errorf("the browser: %w", err)
	}
	if err := o.open(ctx, address); err != nil {
		return nil, err
	}
	text, err := run(ctx, chromedp.Evaluate[string](o.onSelected(write)))
	return []byte(text), err
}

// open shows the page, and waits until it is drawn. A failed query is an error.
func (o Options) open(ctx context.Context, address string) error {
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(int64(o.Width), 800), chromedp.Navigate(address)); err != nil {
		return cause(ctx, err)
	}
	if _, err := run(ctx, chromedp.Poll[bool](`document.documentElement.dataset.state !== 'loading'`, chromedp.WithPollingTimeout(0))); err != nil {
		return err
	}
	if err := o.limitHeight(ctx); err != nil {
		return err
	}
	problems, err := run(ctx, chromedp.Evaluate[[]string](`[...document.querySelectorAll('#problem p'), ...document.querySelectorAll('[data-state=failed].panel')]
		.map(e => (e.querySelector('h2, h3') ? e.querySelector('h2, h3').textContent + ': ' + e.querySelector('.body').textContent : e.textContent))`))
	if err == nil && len(problems) > 0 {
		err = errors.New(strings.Join(problems, " "))
	}
	return err
}

// limitHeight shortens the page to the height in the options.
func (o Options) limitHeight(ctx context.Context) error {
	if o.Height == 0 {
		return nil
	}
	const script = `(e => { e.style.maxHeight = '%dpx'; e.style.overflow = 'clip'; })(document.querySelector(%q))`
	_, err := run(ctx, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(script, o.Height, o.selector())))
	return err
}

func run[T any](ctx context.Context, action chromedp.Action[T]) (T, error) {
	value, err := chromedp.Run(ctx, action)
	return value, cause(ctx, err)
}

// cause returns the reason that ctx ended, if an action failed for this reason.
func cause(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("the browser: %w", err)
	}
	return nil
}
