package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/verify"
)

const verifyHelp = `--prometheus URL [flags]

Asks a live Prometheus each query of Moodring's panels, variables, annotations
and rules, and says what became of it.
`

type verifyFlags struct {
	prometheus, rateInterval string
	slow                     time.Duration
	series                   int
	json, junit              bool
}

func verifyCommand(p program, args []string) error {
	flags, err := parseVerify(args, p.stdout)
	if err != nil {
		return err
	}
	prometheus, err := p.dial("verify", "--prometheus", flags.prometheus)
	if err != nil {
		return err
	}
	limits := verify.Limits{RateInterval: flags.rateInterval, Slow: flags.slow, Series: flags.series}
	report, err := verify.Run(context.Background(), prometheus, board.All(), limits)
	if err != nil {
		return err
	}
	if err := flags.show()(p.stdout, report); err != nil {
		return err
	}
	return unsound(report)
}

func (f verifyFlags) show() func(io.Writer, verify.Report) error {
	switch {
	case f.json:
		return writeJSON
	case f.junit:
		return verify.WriteJUnit
	}
	return writeTable
}

// unsound names what has no answer, or is nil.
func unsound(report verify.Report) error {
	var names []string
	for _, q := range report.Queries {
		if !q.State.Sound() && !slices.Contains(names, q.Panel) {
			names = append(names, q.Panel)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("verify: no sound answer for %s", strings.Join(names, ", "))
}

func parseVerify(args []string, stdout io.Writer) (verifyFlags, error) {
	var flags verifyFlags
	set := newFlags("verify", verifyHelp)
	set.StringVar(&flags.prometheus, "prometheus", "", "address of the Prometheus to ask, as http://127.0.0.1:9090")
	set.StringVar(&flags.rateInterval, "rate-interval", "5m", "what to put in for $__rate_interval; at least four scrape intervals")
	set.DurationVar(&flags.slow, "slow", time.Second, "how long a query may take")
	set.IntVar(&flags.series, "max-series", 100, "with how many series a query may answer")
	set.BoolVar(&flags.json, "json", false, "print JSON and not a table")
	set.BoolVar(&flags.junit, "junit", false, "print JUnit's XML and not a table")
	if err := set.parse(args, stdout); err != nil {
		return flags, err
	}
	return flags, flags.check(set.Args())
}

func (f verifyFlags) check(rest []string) error {
	if len(rest) > 0 {
		return fmt.Errorf("%w: verify: unexpected %q", errUsage, rest[0])
	}
	if err := checkAddress("verify: --prometheus", f.prometheus); err != nil {
		return err
	}
	if f.json && f.junit {
		return fmt.Errorf("%w: verify: --json or --junit, not both", errUsage)
	}
	if f.slow < 0 || f.series < 1 {
		return fmt.Errorf("%w: verify: --slow must be 0s or more, and --max-series 1 or more", errUsage)
	}
	return checkDuration("verify: --rate-interval", f.rateInterval)
}

func writeJSON(out io.Writer, report verify.Report) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(report)
}

func writeTable(out io.Writer, report verify.Report) error {
	rows := []string{"BOARD\tPANEL\tSERIES\tTIME\tSTATE\tQUERY"}
	for _, q := range report.Queries {
		rows = append(rows, fmt.Sprintf("%s\t%s\t%d\t%.0f ms\t%s\t%s", q.Board, q.Panel, q.Series, q.Seconds*1000, q.State, q.Expr))
		for _, remark := range append(q.Notes, q.Error) {
			if remark != "" {
				rows = append(rows, "\t\t\t\t\t  "+remark)
			}
		}
	}
	if err := align(out, rows); err != nil {
		return err
	}
	off := ""
	if report.Panels.Off > 0 {
		off = fmt.Sprintf("; %d off, for want of a baseline or an option of the plugin", report.Panels.Off)
	}
	return write(out, fmt.Sprintf("\n%d of %d panels answered%s\n", report.Panels.Answered, report.Panels.Total, off))
}

// align prints rows of cells that are parted by tabs.
func align(out io.Writer, rows []string) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if err := write(table, strings.Join(rows, "\n")+"\n"); err != nil {
		return err
	}
	return table.Flush()
}
