package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/verify"
)

const verifyHelp = `--prometheus URL [flags]

Runs each query of Moodring's panels, variables, annotations and rules on a live
Prometheus, and reports its state.
`

type verifyFlags struct {
	prometheus, rateInterval string
	slow                     time.Duration
	series                   int
	json, junit, verbose     bool
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
	if err := flags.write(p.stdout, report); err != nil {
		return err
	}
	return unsound(report)
}

// write prints the report in the format that the flags choose.
func (f verifyFlags) write(out io.Writer, report verify.Report) error {
	switch {
	case f.json:
		return writeJSON(out, report)
	case f.junit:
		return verify.WriteJUnit(out, report)
	}
	return writeReport(out, report, f.verbose)
}

// unsound returns an error that names the panels and rules of unsound queries.
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
	set.StringVar(&flags.prometheus, "prometheus", "", "address of the Prometheus to query, as http://127.0.0.1:9090")
	set.StringVar(&flags.rateInterval, "rate-interval", "5m", "the value of $__rate_interval; at least four scrape intervals")
	set.DurationVar(&flags.slow, "slow", time.Second, "how long a query may take")
	set.IntVar(&flags.series, "max-series", 100, "how many series a query may return")
	set.BoolVar(&flags.json, "json", false, "print JSON and not a table")
	set.BoolVar(&flags.junit, "junit", false, "print JUnit's XML and not a table")
	set.BoolVar(&flags.verbose, "v", false, "also print the queries")
	if err := set.parseAll(args, stdout); err != nil {
		return flags, err
	}
	return flags, flags.check()
}

func (f verifyFlags) check() error {
	if _, err := readAddress("verify: --prometheus", f.prometheus); err != nil {
		return err
	}
	if f.json && f.junit {
		return fmt.Errorf("%w: verify: --json or --junit, not both", errUsage)
	}
	if f.slow < 0 || f.series < 1 {
		return fmt.Errorf("%w: verify: --slow must be 0s or more, and --max-series 1 or more", errUsage)
	}
	_, err := readDuration("verify: --rate-interval", f.rateInterval)
	return err
}

// writeReport prints a line for each query, beginning with the failed queries. It
// prints PromQL, which is long, only if isVerbose is set.
func writeReport(out io.Writer, report verify.Report, isVerbose bool) error {
	head := "STATE\tDASHBOARD\tPANEL\tSERIES\tTIME"
	if isVerbose {
		head += "\tQUERY"
	}
	rows := []string{head}
	for _, q := range report.WorstFirst() {
		row := fmt.Sprintf("%s\t%s\t%s\t%d\t%.0f ms", q.State, q.Board, q.Panel, q.Series, q.Seconds*1000)
		if isVerbose {
			row += "\t" + q.Expr
		}
		rows = append(rows, row)
		for _, remark := range append(q.Notes, q.Error) {
			if remark != "" {
				rows = append(rows, "  "+remark)
			}
		}
	}
	if err := writeTable(out, rows); err != nil {
		return err
	}
	off := ""
	if report.Panels.Off > 0 {
		off = fmt.Sprintf("; %d not configured: each says on its dashboard what it needs", report.Panels.Off)
	}
	return writeText(out, fmt.Sprintf("\n%d of %d panels answered%s\n", report.Panels.Answered, report.Panels.Total, off))
}
