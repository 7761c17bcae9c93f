package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/moodring/moodring/deploy/local/internal/demo"
	"github.com/moodring/moodring/deploy/local/internal/stack"
)

var errDifferent = errors.New("the demo found differences; they are listed above")

// demo runs the stack, sends the corpus through it and checks every count.
func (r runner) demo(ctx context.Context) error {
	started := time.Now()
	requests, err := r.requests()
	if err != nil {
		return err
	}
	var result demo.Result
	// Without a baseline: 300 answers are on the edge of what drift is judged by,
	// and its panels would be there in one run and not in the next.
	err = r.during(ctx, usualRules(""), func(ctx context.Context, running *stack.Stack) error {
		result, err = demo.Demo{
			Client: r.client(running), Key: stack.UnlimitedKey,
			Sentences: r.sentences, Requests: requests,
			Counts: demo.Counts{
				HTTP: r.http, ModelServer: running.Addresses.ModelServer, EnvoyAdmin: running.Addresses.Admin,
				Exporter: running.Addresses.Exporter, Prometheus: running.Addresses.Prometheus,
			},
			Verify:   func(ctx context.Context) (demo.Verified, error) { return r.verify(ctx, running.Addresses.Prometheus) },
			Progress: r.progress,
			Started:  started,
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
		return errDifferent
	}
	return nil
}

// during starts the stack and works on it, until that is done or a part of the
// stack ends.
func (r runner) during(ctx context.Context, rules stack.Rules, work func(context.Context, *stack.Stack) error) error {
	running, err := r.start(ctx, rules)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() { // ends with the stack, whose programs Stop ends
		cancel(<-running.Failed())
	}()
	err = work(ctx, running)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return errors.Join(err, running.Stop())
}

// report writes a result as JSON where one asks for it, and as a table.
func (r runner) report(result interface{ WriteTable(io.Writer) error }) error {
	if name := os.Getenv("DEMO_JSON"); name != "" {
		text, err := json.MarshalIndent(result, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(name, append(text, '\n'), 0o644); err != nil {
			return fmt.Errorf("DEMO_JSON: %w", err)
		}
	}
	return result.WriteTable(r.stdout)
}

const (
	verifyRange = "10s" // five scrapes
	verifyTries = 10
)

// verify has dashgen ask all that it writes, and again while rates still lack
// their second sample.
func (r runner) verify(ctx context.Context, prometheus string) (found demo.Verified, err error) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for range verifyTries {
		found, err = r.verifyOnce(ctx, prometheus)
		if err != nil || found.IsSound() {
			return found, err
		}
		select {
		case <-ctx.Done():
			return found, context.Cause(ctx)
		case <-tick.C:
		}
	}
	return found, nil
}

func (r runner) verifyOnce(ctx context.Context, prometheus string) (demo.Verified, error) {
	dashgen := exec.CommandContext(ctx, filepath.Join(r.root, "bin", "dashgen"),
		"verify", "--prometheus", prometheus, "--rate-interval", verifyRange, "--json")
	var stdout, stderr bytes.Buffer
	dashgen.Stdout, dashgen.Stderr = &stdout, &stderr
	runErr := dashgen.Run() // it exits 1 when something is not sound, and says what
	found, err := demo.ReadVerified(stdout.Bytes())
	if err != nil {
		return demo.Verified{}, fmt.Errorf("dashgen verify: %w", errors.Join(runErr, errors.New(stderr.String())))
	}
	return found, nil
}
