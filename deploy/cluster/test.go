package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/moodring/moodring/deploy/cluster/internal/cluster"
	"github.com/moodring/moodring/deploy/cluster/internal/host"
	"github.com/moodring/moodring/deploy/cluster/internal/node"
	"github.com/moodring/moodring/deploy/cluster/internal/suite"
)

// test runs the suites on a cluster of their own, and checks that the cluster leaves
// nothing of itself on the machine.
func (c commands) test(ctx context.Context) error {
	suites, err := suite.Load(c.root, c.args[1:])
	if err != nil {
		return err
	}
	before := host.Snapshot(cluster.Folder(c.root))
	running, err := cluster.Up(ctx, cluster.Options{Root: c.root, Progress: c.progress})
	if err != nil {
		return err
	}
	c.progress("running the suites")
	all, err := c.runSuites(ctx, running.Node, suites)
	if err := errors.Join(err, running.Node.Stop()); err != nil {
		return err
	}
	left := host.Differences(before, host.Snapshot(cluster.Folder(c.root)))
	if len(left) == 0 {
		all.Passed++
		_, _ = fmt.Fprintln(c.stdout, "--- PASS: nothing is left")
	} else {
		all.Failed++
		_, _ = fmt.Fprintf(c.stdout, "--- FAIL: nothing is left\n%s\n", strings.Join(left, "\n"))
	}
	_, _ = fmt.Fprintf(c.stdout, "%d passed, %d failed\n", all.Passed, all.Failed)
	if all.Failed > 0 {
		return exitStatus(1)
	}
	return nil
}

// run runs suites on a cluster that is up.
func (c commands) run(ctx context.Context) error {
	suites, err := suite.Load(c.root, c.args[1:])
	if err != nil {
		return err
	}
	running, err := node.Find(cluster.Folder(c.root))
	if err != nil {
		return err
	}
	result, err := c.runSuites(ctx, running, suites)
	if err == nil && result.Failed > 0 {
		return exitStatus(1)
	}
	return err
}

// runSuites runs suites until one fails, because a failed suite leaves objects on the
// cluster.
func (c commands) runSuites(ctx context.Context, running *node.Node, suites []suite.Suite) (suite.Result, error) {
	var all suite.Result
	runner := suite.Runner{Node: running, Folder: c.root, Output: c.stdout}
	for i, s := range suites {
		result, err := runner.Run(ctx, s)
		all.Passed, all.Failed = all.Passed+result.Passed, all.Failed+result.Failed
		if err != nil {
			return all, err
		}
		if rest := suites[i+1:]; result.Failed > 0 && len(rest) > 0 {
			for _, s := range rest {
				all.Failed += len(s.Sections)
			}
			_, _ = fmt.Fprintf(c.stdout, "%d more suites were not run\n", len(rest))
			break
		}
	}
	return all, nil
}
