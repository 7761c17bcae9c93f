// Package suite runs pages of commands on a cluster, as tests.
package suite

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/moodring/moodring/deploy/cluster/internal/node"
	"github.com/moodring/moodring/deploy/cluster/internal/page"
)

// Suite is a page whose sections are tests.
type Suite struct {
	Name     string
	Sections []page.Section
}

const (
	walkthrough = "docs/walkthrough.md"
	// clusterHalf is the heading of the walkthrough's second half, for a cluster.
	clusterHalf = "On a cluster"
	others      = "deploy/cluster/suites/*.md"
)

// Load returns the walkthrough and the suites of a checkout, or the named suites.
func Load(root string, names []string) ([]Suite, error) {
	files, err := filepath.Glob(filepath.Join(root, others))
	if err != nil {
		return nil, err
	}
	var suites []Suite
	for _, file := range append([]string{filepath.Join(root, walkthrough)}, files...) {
		name := strings.TrimSuffix(filepath.Base(file), ".md")
		if len(names) > 0 && !slices.Contains(names, name) {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		sections, err := page.Parse(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if name == "walkthrough" {
			sections = page.From(sections, clusterHalf)
		}
		if len(sections) == 0 {
			return nil, fmt.Errorf("%s has no commands for a cluster", file)
		}
		suites = append(suites, Suite{name, sections})
	}
	if len(suites) == 0 {
		return nil, fmt.Errorf("no suite is called %s", strings.Join(names, " or "))
	}
	return suites, nil
}

// Result counts tests.
type Result struct{ Passed, Failed int }

// Runner runs suites in a node.
type Runner struct {
	Node   *node.Node
	Folder string // of the commands
	Output io.Writer
}

// Run runs a suite's sections in the same shell. A failed section ends the suite,
// because sections build on earlier sections.
func (r Runner) Run(ctx context.Context, s Suite) (Result, error) {
	shell := r.Node.Command(ctx, "bash", "--norc", "--noprofile")
	shell.Dir = r.Folder
	session, err := page.Start(shell, func(c *exec.Cmd) (func() error, error) { return r.Node.Start(c) })
	if err != nil {
		return Result{}, err
	}
	var result Result
	for i, section := range s.Sections {
		err := r.section(ctx, session, s.Name, section)
		if err == nil {
			result.Passed++
			continue
		}
		result.Failed = len(s.Sections) - i
		if result.Failed > 1 {
			_, _ = fmt.Fprintf(r.Output, "%s: %d more sections were not run\n", s.Name, result.Failed-1)
		}
		break
	}
	return result, session.Close()
}

func (r Runner) section(ctx context.Context, session *page.Session, suite string, section page.Section) error {
	started := time.Now()
	var err error
	for _, step := range section.Steps {
		if err = session.Check(ctx, step); err != nil {
			break
		}
	}
	outcome := "PASS"
	if err != nil {
		outcome = "FAIL"
	}
	_, _ = fmt.Fprintf(r.Output, "--- %s: %s/%s (%.1fs)\n", outcome, suite, section.Title, time.Since(started).Seconds())
	if err != nil {
		_, _ = fmt.Fprintln(r.Output, indent(err.Error()))
	}
	return err
}

func indent(text string) string { return "    " + strings.ReplaceAll(text, "\n", "\n    ") }
