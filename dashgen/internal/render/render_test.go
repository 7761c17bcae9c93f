package render_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/chromium"
	"github.com/moodring/moodring/dashgen/internal/dashboard"
	"github.com/moodring/moodring/dashgen/internal/grafana"
	"github.com/moodring/moodring/dashgen/internal/preview"
	"github.com/moodring/moodring/dashgen/internal/prom"
	"github.com/moodring/moodring/dashgen/internal/promtest"
	"github.com/moodring/moodring/dashgen/internal/render"
)

func options(t *testing.T) render.Options {
	t.Helper()
	path, err := chromium.Find("../../../.tools/bin/chromium")
	if err != nil {
		t.Fatal(err)
	}
	series, err := os.ReadFile("../preview/testdata/series.txt")
	if err != nil {
		t.Fatal(err)
	}
	prometheus, err := url.Parse(promtest.Server(t, string(series), 10*time.Minute).URL)
	if err != nil {
		t.Fatal(err)
	}
	kinds, err := os.ReadFile("../preview/testdata/kinds.json")
	if err != nil {
		t.Fatal(err)
	}
	kinds = bytes.ReplaceAll(kinds, []byte(`"rate("`), []byte(`"up"`)) // this query of an annotation is invalid on purpose
	overview, err := grafana.Marshal(board.Overview())
	if err != nil {
		t.Fatal(err)
	}
	var boards []dashboard.Dashboard
	for _, text := range [][]byte{overview, kinds} {
		b, err := dashboard.Read(text)
		if err != nil {
			t.Fatal(err)
		}
		boards = append(boards, b)
	}
	return render.Options{
		Chromium: path, From: "0", To: "600000", Width: 1200,
		Preview: preview.Options{Dashboards: boards, Prometheus: prom.Server{URL: prometheus}, ScrapeInterval: 15 * time.Second},
	}
}

// TestSVGIsThePNG compares both formats. In a browser, the SVG differs from the PNG
// only at the edges of letters.
func TestSVGIsThePNG(t *testing.T) {
	for _, tc := range []struct {
		name, board, panel string
		isDark             bool
		height             int
	}{
		{"the top of a board, in the dark", "moodring-overview", "", true, 500},
		{"two units", "kinds", "10", false, 0},
		{"states", "kinds", "13", false, 0},
		{"a dial", "kinds", "4", false, 0},
		{"a table", "kinds", "16", false, 0},
		{"prose", "kinds", "17", false, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := options(t)
			o.Board, o.Panel, o.Dark, o.Height = tc.board, tc.panel, tc.isDark, tc.height
			if o.Panel != "" {
				o.Width = 600
			}
			text := draw(t, render.SVG, o)
			if err := selfContained(text); err != nil {
				t.Fatal(err)
			}
			want, got := decode(t, draw(t, render.PNG, o)), decode(t, shoot(t, o.Chromium, text))
			if part := different(want, got); part > 0.01 {
				t.Errorf("%.1f %% of the pixels differ", part*100)
			}
		})
	}
}

func draw(t *testing.T, kind string, o render.Options) []byte {
	t.Helper()
	drawn, err := render.Draw(t.Context(), kind, o)
	if err != nil {
		t.Fatal(err)
	}
	return drawn
}

// selfContained checks that an SVG is valid XML, and that it neither loads files
// nor runs scripts.
func selfContained(text []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(text))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if !slices.Contains([]string{"svg", "g", "rect", "path", "text", "clipPath", "polyline"}, start.Name.Local) {
			return fmt.Errorf("there is a <%s>", start.Name.Local)
		}
		for _, a := range start.Attr {
			if a.Name.Local == "href" || strings.HasPrefix(a.Name.Local, "on") {
				return fmt.Errorf("there is a %s=%q", a.Name.Local, a.Value)
			}
		}
	}
}

// shoot returns a screenshot of an SVG in a browser.
func shoot(t *testing.T, path string, svg []byte) []byte {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/svg+xml")
		_, _ = w.Write(svg)
	}))
	defer server.Close()
	ctx, closeIt := chromium.Open(t.Context(), path)
	defer func() {
		if err := closeIt(); err != nil {
			t.Error(err)
		}
	}()
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1200, 800), chromedp.Navigate(server.URL)); err != nil {
		t.Fatal(err)
	}
	shot, err := chromedp.Run(ctx, chromedp.Screenshot(chromedp.CSS("svg")))
	if err != nil {
		t.Fatal(err)
	}
	return shot
}

func decode(t *testing.T, text []byte) image.Image {
	t.Helper()
	decoded, err := png.Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}

// different returns the share of pixels that differ by more than a little.
func different(a, b image.Image) float64 {
	if a.Bounds() != b.Bounds() {
		return 1
	}
	count, size := 0, a.Bounds().Size()
	for y := range size.Y {
		for x := range size.X {
			if far(a.At(x, y), b.At(x, y)) {
				count++
			}
		}
	}
	return float64(count) / float64(size.X*size.Y)
}

func far(a, b color.Color) bool {
	const most = 96 << 8
	ar, ag, ab, _ := a.RGBA()
	br, bg, bb, _ := b.RGBA()
	return max(ar, br)-min(ar, br) > most || max(ag, bg)-min(ag, bg) > most || max(ab, bb)-min(ab, bb) > most
}

// TestFailedQueries checks that a failed query is an error, and not a drawing.
func TestFailedQueries(t *testing.T) {
	for _, tc := range []struct {
		name, want string
		change     func(*render.Options)
	}{
		{"no such board", `no dashboard "nothing"; there are moodring-overview, kinds`, func(o *render.Options) { o.Board = "nothing" }},
		{"no such panel", "This dashboard has no panel 99.", func(o *render.Options) { o.Panel = "99" }},
		{"no such time", "The time range from tomorrow to 600000 is not valid.", func(o *render.Options) { o.From = "tomorrow" }},
		{"a broken query", "A broken query: This panel could not be drawn: 1:5: parse error: unclosed left parenthesis.", func(o *render.Options) { o.Board, o.Panel = "kinds", "21" }},
		{"no browser", `the browser: fork/exec /nowhere/chromium: no such file or directory`, func(o *render.Options) { o.Chromium = "/nowhere/chromium" }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := options(t)
			tc.change(&o)
			_, err := render.Draw(t.Context(), render.PNG, o)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

// TestOtherScripts checks that characters of other scripts are in a picture, or are
// named by an error, and that an SVG has them as text in any case.
func TestOtherScripts(t *testing.T) {
	const title = "情绪 😀 café مرحبا"
	o := options(t)
	board, err := dashboard.Read([]byte(`{"uid": "scripts", "title": "Scripts", "panels": [{"id": 1, "type": "text", "title": "` + title + `",
		"options": {"content": "A"}, "gridPos": {"x": 0, "y": 0, "w": 24, "h": 4}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	o.Preview.Dashboards, o.Panel, o.Width = []dashboard.Dashboard{board}, "1", 600
	if text := draw(t, render.SVG, o); !bytes.Contains(text, []byte(">"+title+"<")) {
		t.Errorf("the SVG lacks %s: %s", title, text)
	}
	// U+E000 is in no font.
	o.Preview.Dashboards[0].JSON = bytes.ReplaceAll(board.JSON, []byte("café"), []byte("caf\U000E0100\U0001FAFF\u0870"))
	if _, err := render.Draw(t.Context(), render.PNG, o); err == nil || !strings.Contains(err.Error(), "the browser has no font for ") {
		t.Errorf("got %v", err)
	}
}
