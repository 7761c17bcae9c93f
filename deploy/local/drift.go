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

var errDrift = errors.New("the alert on drift did not do what it should; see above")

// drift runs the stack, sends the corpus as it is and then with one label's
// share doubled, and checks that the alert tells them apart.
func (r runner) drift(ctx context.Context) error {
	started := time.Now()
	rules, rulesErr := r.shortRules()
	doubled, err := corpus.Doubled(r.sentences, drift.Label)
	if err := errors.Join(rulesErr, err); err != nil {
		return err
	}
	var result drift.Result
	err = r.during(ctx, rules, func(ctx context.Context, running *stack.Stack) error {
		prometheus, err := drift.Dial(running.Addresses.Prometheus, stack.ModelName, r.http)
		if err != nil {
			return err
		}
		result, err = drift.Drift{
			Client: r.client(running), Key: stack.UnlimitedKey, Natural: r.sentences, Doubled: doubled,
			Prometheus: prometheus, Window: rules.Window, For: rules.For,
			Picture:  r.picture(running.Addresses.Prometheus),
			Progress: r.progress, Started: started,
		}.Run(ctx)
		return err
	})
	if err != nil {
		return err
	}
	if err := r.report(result); err != nil {
		return err
	}
	if !result.OK {
		return errDrift
	}
	return nil
}

// shortestWindow has ten scrapes.
const shortestWindow = 10 * scrapeInterval

// shortRules know the mix of the corpus that is sent.
func (r runner) shortRules() (stack.Rules, error) {
	window := time.Minute
	if text := os.Getenv("DRIFT_WINDOW"); text != "" {
		var err error
		if window, err = time.ParseDuration(text); err != nil || window < shortestWindow {
			return stack.Rules{}, fmt.Errorf("DRIFT_WINDOW is %q; give a time, %s or more", text, shortestWindow)
		}
	}
	return stack.Rules{Baseline: r.corpus, Window: window, For: window / 4}, nil
}

// pictureHeight is down to the panels on drift.
const pictureHeight = "1050"

// picture has dashgen draw the model's board of the last while, where one asks
// for it.
func (r runner) picture(prometheus string) func(context.Context, time.Duration) error {
	file := os.Getenv("DRIFT_PICTURE")
	if file == "" {
		return nil
	}
	return func(ctx context.Context, while time.Duration) error {
		file, err := filepath.Abs(file)
		if err != nil {
			return err
		}
		dashgen := exec.CommandContext(ctx, filepath.Join(r.root, "bin", "dashgen"), "render",
			"--prometheus", prometheus, "--scrape-interval", model.Duration(scrapeInterval).String(),
			"--board", "moodring-model", "--var", "model="+stack.ModelName,
			"--from", fmt.Sprintf("now-%.0fs", while.Seconds()), "--to", "now", "--height", pictureHeight, "-o", file)
		dashgen.Dir = r.root // where it finds the browser that make installs
		if said, err := dashgen.CombinedOutput(); err != nil {
			return fmt.Errorf("DRIFT_PICTURE: %w: %s", err, said)
		}
		return nil
	}
}
