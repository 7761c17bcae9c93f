package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/deploy/local/internal/corpus"
	"github.com/moodring/moodring/deploy/local/internal/drift"
	"github.com/moodring/moodring/deploy/local/internal/stack"
)

var errDrift = errors.New("the drift alert was not as expected; see above")

// drift runs the stack, sends the corpus unchanged and then with the share of one
// label doubled, and checks that the drift alert fires only for the second.
func (c commands) drift(ctx context.Context) error {
	started := time.Now()
	rules, rulesErr := c.driftRules()
	doubled, err := corpus.Doubled(c.sentences, drift.Label)
	if err := errors.Join(rulesErr, err); err != nil {
		return err
	}
	var result drift.Result
	err = c.withStack(ctx, rules, func(ctx context.Context, running *stack.Stack) error {
		prometheus, err := drift.NewPrometheus(running.Addresses.Prometheus, stack.ModelName, c.http)
		if err != nil {
			return err
		}
		result, err = drift.Drift{
			Client: c.client(running), Key: stack.UnlimitedKey, Natural: c.sentences, Doubled: doubled,
			Prometheus: prometheus, Window: rules.Window, For: rules.For,
			Picture:  c.picture(running.Addresses.Prometheus),
			Progress: c.progress, Started: started,
		}.Run(ctx)
		return err
	})
	if err != nil {
		return err
	}
	if err := c.report(result); err != nil {
		return err
	}
	if !result.OK {
		return errDrift
	}
	return nil
}

// shortestWindow is long enough for ten scrapes.
const shortestWindow = 10 * scrapeInterval

// driftRules returns rules with the labels of the corpus as the baseline.
func (c commands) driftRules() (stack.Rules, error) {
	window := time.Minute
	if text := os.Getenv("DRIFT_WINDOW"); text != "" {
		var err error
		if window, err = time.ParseDuration(text); err != nil || window < shortestWindow {
			return stack.Rules{}, fmt.Errorf("DRIFT_WINDOW is %q; give a time, %s or more", text, shortestWindow)
		}
	}
	return stack.Rules{Baseline: c.corpus, Window: window, For: window / 4}, nil
}

// pictureHeight in pixels includes the drift panels of the model dashboard.
const pictureHeight = "1050"

// picture returns a function that draws the model dashboard into the file in
// DRIFT_PICTURE, or nil if DRIFT_PICTURE is unset.
func (c commands) picture(prometheus string) func(context.Context, time.Duration) error {
	file := os.Getenv("DRIFT_PICTURE")
	if file == "" {
		return nil
	}
	return func(ctx context.Context, shown time.Duration) error {
		file, err := filepath.Abs(file)
		if err != nil {
			return err
		}
		dashgen := exec.CommandContext(ctx, filepath.Join(c.root, "bin", "dashgen"), "render",
			"--prometheus", prometheus, "--scrape-interval", model.Duration(scrapeInterval).String(),
			"--board", "moodring-model", "--var", "model="+stack.ModelName,
			"--from", fmt.Sprintf("now-%.0fs", shown.Seconds()), "--to", "now", "--height", pictureHeight, "-o", file)
		dashgen.Dir = c.root // dashgen looks for .tools/bin/chromium there
		if output, err := dashgen.CombinedOutput(); err != nil {
			return fmt.Errorf("DRIFT_PICTURE: %w: %s", err, output)
		}
		return nil
	}
}
