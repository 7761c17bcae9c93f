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

	"github.com/moodring/moodring/deploy/local/internal/counts"
	"github.com/moodring/moodring/deploy/local/internal/demo"
	"github.com/moodring/moodring/deploy/local/internal/stack"
)

var errDifferent = errors.New("the demo verified differences; they are listed above")

// demo runs the stack, sends the corpus through the gateway and checks every count.
func (c commands) demo(ctx context.Context) error {
	started := time.Now()
	requests, err := c.requests()
	if err != nil {
		return err
	}
	var result demo.Result
	// No baseline: 300 predictions are at the lower limit of the drift rules, so
	// the drift panels would have data in one run and not in the next.
	err = c.withStack(ctx, upRules(""), func(ctx context.Context, running *stack.Stack) error {
		result, err = demo.Demo{
			Client: c.client(running), Key: stack.UnlimitedKey,
			Sentences: c.sentences, Requests: requests,
			Counts: counts.Reader{
				HTTP: c.http, ModelServer: running.Addresses.ModelServer, EnvoyAdmin: running.Addresses.Admin,
				Exporter: running.Addresses.Exporter, Prometheus: running.Addresses.Prometheus,
			},
			Verify:   func(ctx context.Context) (demo.Verified, error) { return c.verify(ctx, running.Addresses.Prometheus) },
			Progress: c.progress,
			Started:  started,
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
		return errDifferent
	}
	return nil
}

// withStack starts the stack, calls work, and stops the stack. It cancels work if
// a program of the stack ends.
func (c commands) withStack(ctx context.Context, rules stack.Rules, work func(context.Context, *stack.Stack) error) error {
	running, err := c.start(ctx, rules, stack.Config{})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() { // returns at the latest when Stop ends the programs
		cancel(<-running.Failed())
	}()
	err = work(ctx, running)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return errors.Join(err, running.Stop())
}

// report prints a result as a table, and writes JSON to the file in DEMO_JSON.
func (c commands) report(result interface{ WriteTable(io.Writer) error }) error {
	if name := os.Getenv("DEMO_JSON"); name != "" {
		text, err := json.MarshalIndent(result, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(name, append(text, '\n'), 0o644); err != nil {
			return fmt.Errorf("DEMO_JSON: %w", err)
		}
	}
	return result.WriteTable(c.stdout)
}

const (
	verifyRange = "10s" // five scrapes
	verifyTries = 10
)

// verify runs dashgen verify. It runs it again while queries have no data, because
// a rate needs two samples.
func (c commands) verify(ctx context.Context, prometheus string) (verified demo.Verified, err error) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for range verifyTries {
		verified, err = c.verifyOnce(ctx, prometheus)
		if err != nil || verified.IsSound() {
			return verified, err
		}
		select {
		case <-ctx.Done():
			return verified, context.Cause(ctx)
		case <-tick.C:
		}
	}
	return verified, nil
}

func (c commands) verifyOnce(ctx context.Context, prometheus string) (demo.Verified, error) {
	dashgen := exec.CommandContext(ctx, filepath.Join(c.root, "bin", "dashgen"),
		"verify", "--prometheus", prometheus, "--rate-interval", verifyRange, "--json")
	var stdout, stderr bytes.Buffer
	dashgen.Stdout, dashgen.Stderr = &stdout, &stderr
	runErr := dashgen.Run() // exit code 1 if a query is not sound, with the report on stdout
	verified, err := demo.ReadVerified(stdout.Bytes())
	if err != nil {
		return demo.Verified{}, fmt.Errorf("dashgen verify: %w", errors.Join(runErr, errors.New(stderr.String())))
	}
	return verified, nil
}
