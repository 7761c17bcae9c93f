// Package chromium finds a Chromium, and runs it without a window.
package chromium

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/chromedp/chromedp"
)

// names are the names of Chromium, and of browsers made from it, on the PATH.
var names = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "headless_shell"}

// Find returns the path of a Chromium: CHROMIUM, else a browser on the PATH, else
// installed, the path to which `make browser` installs a Chromium.
func Find(installed string) (path string, err error) {
	if chosen := os.Getenv("CHROMIUM"); chosen != "" {
		if path, err = exec.LookPath(chosen); err != nil {
			return "", fmt.Errorf("no Chromium at CHROMIUM=%s: %w; set it to a Chromium's binary, or unset it", chosen, err)
		}
		return path, nil
	}
	for _, name := range names {
		if path, err = exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	if path, err = exec.LookPath(installed); err == nil {
		return path, nil
	}
	return "", errors.New("no Chromium: set CHROMIUM to its binary, put chromium or google-chrome on the PATH, or run `make browser` in a checkout")
}

const closeLimit = 10 * time.Second

// Open returns a context in which chromedp's actions run in the Chromium at path.
// The first action starts the browser. closeIt waits until the browser has ended.
func Open(ctx context.Context, path string) (_ context.Context, closeIt func() error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path),
		// In the C locale the language is en-US@posix, which JavaScript refuses.
		chromedp.Flag("lang", "en-US"), chromedp.Env("LC_ALL=en_US.UTF-8"))
	if os.Geteuid() == 0 { // Chromium refuses to run as root in its sandbox
		options = append(options, chromedp.NoSandbox)
	}
	ctx, stopProgram := chromedp.NewExecAllocator(ctx, options...)
	ctx, stopTab := chromedp.NewContext(ctx)
	return ctx, func() error {
		defer stopProgram()
		defer stopTab()
		if chromedp.FromContext(ctx).Browser == nil { // no action started the browser
			return nil
		}
		bounded, cancel := context.WithTimeout(ctx, closeLimit)
		defer cancel()
		if err := chromedp.Cancel(bounded); err != nil && !errors.Is(err, context.Canceled) {
			return fmt.Errorf("closing Chromium: %w", err)
		}
		return nil
	}
}
