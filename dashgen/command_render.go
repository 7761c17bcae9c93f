package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/moodring/moodring/dashgen/internal/chromium"
	"github.com/moodring/moodring/dashgen/internal/render"
)

const renderHelp = `--prometheus URL -o FILE.png|FILE.svg [flags] [FILE.json...]

Draws a dashboard, or one of its panels, into a file, as dashgen preview shows it.
It needs a Chromium: CHROMIUM, or chromium or google-chrome on the PATH, or the
browser of ` + "`make browser`" + `.
`

const (
	boardWidth = 1200
	panelWidth = 600
	// installedChromium is the browser of `make browser`, from a checkout's root.
	installedChromium = ".tools/bin/chromium"
)

type renderFlags struct {
	drawFlags
	output  string
	picture render.Options
}

func renderCommand(p program, args []string) error {
	chosen, set := newRenderFlags()
	if err := set.parse(args, p.stdout); err != nil {
		return err
	}
	kind := filepath.Ext(chosen.output)
	if kind != render.PNG && kind != render.SVG {
		return fmt.Errorf("%w: render: -o must name a .png or a .svg file, not %q", errUsage, chosen.output)
	}
	options, err := chosen.complete(p, set.Args())
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	drawn, err := render.Draw(ctx, kind, options)
	if err != nil {
		return fmt.Errorf("render: %w", err)
	}
	return os.WriteFile(chosen.output, drawn, 0o644)
}

func newRenderFlags() (*renderFlags, flags) {
	var f renderFlags
	set := newFlags("render", renderHelp)
	f.define(set)
	set.StringVar(&f.output, "o", "", "the file to write, .png or .svg")
	set.StringVar(&f.picture.Board, "board", "", "uid of the dashboard; by default the first")
	set.StringVar(&f.picture.Panel, "panel", "", "id of a panel, to draw only this panel")
	set.StringVar(&f.picture.From, "from", "", "start of the time range, as now-1h or a date; by default the dashboard's")
	set.StringVar(&f.picture.To, "to", "", "end of the time range")
	set.IntVar(&f.picture.Width, "width", 0, fmt.Sprintf("width in pixels; by default %d for a dashboard and %d for a panel", boardWidth, panelWidth))
	set.IntVar(&f.picture.Height, "height", 0, "height in pixels; the rest of the page is cut off; by default the whole height")
	set.BoolVar(&f.picture.Dark, "dark", false, "use the dark theme")
	set.Func("var", "a variable of the dashboard, as NAME=VALUE; repeatable", func(text string) error {
		if !strings.Contains(text, "=") {
			return errors.New("write NAME=VALUE")
		}
		f.picture.Variables = append(f.picture.Variables, text)
		return nil
	})
	return &f, set
}

// complete returns the options with their defaults, the dashboards and the browser.
func (f *renderFlags) complete(p program, files []string) (options render.Options, err error) {
	options = f.picture
	if options.Width == 0 {
		options.Width = boardWidth
		if options.Panel != "" {
			options.Width = panelWidth
		}
	}
	if err := checkPixels("width", options.Width); err != nil {
		return options, err
	}
	if err := checkPixels("height", options.Height); err != nil && options.Height != 0 {
		return options, err
	}
	if options.Preview, err = f.options(p, "render", files); err != nil {
		return options, err
	}
	options.Chromium, err = chromium.Find(installedChromium)
	return options, err
}

func checkPixels(flag string, n int) error {
	if n < 200 || n > 8000 {
		return fmt.Errorf("%w: render: --%s must be 200 to 8000, not %d", errUsage, flag, n)
	}
	return nil
}
