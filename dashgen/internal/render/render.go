// Package picture draws a board, or one panel of it, into a file: the preview's
// page as a Chromium shows it.
package render

import (
	"context"
	_ "embed"
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
	"github.com/moodring/moodring/dashgen/internal/preview"
)

// Options of a picture.
type Options struct {
	Chromium  string          // the browser's binary
	Preview   preview.Options // what is drawn from; the picture sets Local
	Board     string          // uid; "" is the first
	Panel     string          // id; "" is the whole board
	From, To  string          // as Grafana writes times; "" is the board's own
	Variables []string        // NAME=VALUE
	Width     int             // in CSS pixels
	Height    int             // what is below is cut off; 0 cuts nothing
	Dark      bool
}

// Kinds of files.
const (
	PNG = ".png"
	SVG = ".svg"
)

// limit is how long a board may take, Prometheus's time included.
const limit = 2 * time.Minute

// Draw gives the file's content. A panel whose query fails is an error; one that
// has no data is drawn so.
func Draw(ctx context.Context, kind string, o Options) (_ []byte, err error) {
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
	ctx, cancel := context.WithTimeoutCause(browser, limit, fmt.Errorf("the board was not drawn within %s", limit))
	defer cancel()
	if kind == SVG {
		return o.svg(ctx, server.Addr+path)
	}
	return o.png(ctx, server.Addr+path)
}

// path is the preview's address of what is to be drawn.
func (o Options) path() (string, error) {
	uid := o.Board
	if uid == "" {
		uid = o.Preview.Dashboards[0].UID
	}
	var known []string
	for _, b := range o.Preview.Dashboards {
		known = append(known, b.UID)
	}
	if !slices.Contains(known, uid) {
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
	for _, variable := range o.Variables {
		name, value, found := strings.Cut(variable, "=")
		if !found {
			return "", fmt.Errorf("variable %q: write NAME=VALUE", variable)
		}
		query.Add("var-"+name, value)
	}
	return "/d/" + uid + "?" + query.Encode(), nil
}

// serve serves the preview to this machine; Addr is its URL.
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
	go func() { _ = server.Serve(listener) }() // it ends with Close, and says so
	return server, nil
}

func (o Options) png(ctx context.Context, address string) ([]byte, error) {
	if err := o.open(ctx, address); err != nil {
		return nil, err
	}
	return run(ctx, chromedp.Screenshot(chromedp.CSS(o.what())))
}

// what is the CSS selector of what is to be seen.
func (o Options) what() string {
	if o.Panel != "" {
		return ".panel"
	}
	return "body"
}

// record makes canvases keep what is painted on them; write makes one SVG of
// the page and what they kept.
var (
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
	text, err := run(ctx, chromedp.Evaluate[string](fmt.Sprintf("(%s)(document.querySelector(%q))", strings.TrimSpace(write), o.what())))
	return []byte(text), err
}

// open shows the page, and returns when it is drawn and all is well.
func (o Options) open(ctx context.Context, address string) error {
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(int64(o.Width), 800), chromedp.Navigate(address)); err != nil {
		return cause(ctx, err)
	}
	if _, err := run(ctx, chromedp.Poll[bool](`document.documentElement.dataset.state !== 'loading'`, chromedp.WithPollingTimeout(0))); err != nil {
		return err
	}
	if err := o.cut(ctx); err != nil {
		return err
	}
	problems, err := run(ctx, chromedp.Evaluate[[]string](`[...document.querySelectorAll('#problem p'), ...document.querySelectorAll('[data-state=failed].panel')]
		.map(e => (e.querySelector('h2, h3') ? e.querySelector('h2, h3').textContent + ': ' + e.querySelector('.body').textContent : e.textContent))`))
	if err == nil && len(problems) > 0 {
		err = errors.New(strings.Join(problems, " "))
	}
	return err
}

// cut shortens the page to the height that is wanted.
func (o Options) cut(ctx context.Context) error {
	if o.Height == 0 {
		return nil
	}
	const script = `(e => { e.style.maxHeight = '%dpx'; e.style.overflow = 'clip'; })(document.querySelector(%q))`
	_, err := run(ctx, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(script, o.Height, o.what())))
	return err
}

func run[T any](ctx context.Context, action chromedp.Action[T]) (T, error) {
	value, err := chromedp.Run(ctx, action)
	return value, cause(ctx, err)
}

// cause tells what ended ctx, when that is why an action failed.
func cause(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("the browser: %w", err)
	}
	return nil
}
