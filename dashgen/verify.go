package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/query"
	"github.com/moodring/moodring/dashgen/internal/verify"
)

type verifyFlags struct {
	prometheus, rateInterval string
	json                     bool
}

func verifyCommand(args []string, stdout io.Writer) error {
	flags, err := parseVerify(args, stdout)
	if err != nil {
		return err
	}
	prometheus, err := verify.Dial(flags.prometheus)
	if err != nil {
		return err
	}
	report, err := prometheus.Ask(context.Background(), board.Overview(), query.Everything(flags.rateInterval))
	if err != nil {
		return fmt.Errorf("%w; is it there, and is --prometheus its address?", err)
	}
	show := writeTable
	if flags.json {
		show = writeJSON
	}
	if err := show(stdout, report); err != nil {
		return err
	}
	return unsound(report)
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
	return fmt.Errorf("verify: no answer for %s", strings.Join(names, ", "))
}

func parseVerify(args []string, stdout io.Writer) (verifyFlags, error) {
	var flags verifyFlags
	set := flag.NewFlagSet("dashgen verify", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&flags.prometheus, "prometheus", "", "address of the Prometheus to ask, as http://127.0.0.1:9090")
	set.StringVar(&flags.rateInterval, "rate-interval", "5m", "what to put in for $__rate_interval; at least four scrape intervals")
	set.BoolVar(&flags.json, "json", false, "print JSON and not a table")
	switch err := set.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		set.SetOutput(stdout)
		set.Usage()
		return flags, err
	case err != nil:
		return flags, fmt.Errorf("%w: verify: %w", errUsage, err)
	}
	return flags, flags.check(set.Args())
}

func (f verifyFlags) check(rest []string) error {
	if len(rest) > 0 {
		return fmt.Errorf("%w: verify: unexpected %q", errUsage, rest[0])
	}
	address, err := url.Parse(f.prometheus)
	if err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Host == "" {
		return fmt.Errorf("%w: verify: --prometheus must be an address as http://127.0.0.1:9090, not %q", errUsage, f.prometheus)
	}
	if d, err := model.ParseDuration(f.rateInterval); err != nil || d <= 0 {
		return fmt.Errorf("%w: verify: --rate-interval must be a duration as 1m or 30s, not %q", errUsage, f.rateInterval)
	}
	return nil
}

func writeJSON(out io.Writer, report verify.Report) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(report)
}

func writeTable(out io.Writer, report verify.Report) error {
	rows := []string{"PANEL\tSERIES\tSTATE\tQUERY"}
	for _, q := range report.Queries {
		rows = append(rows, fmt.Sprintf("%s\t%d\t%s\t%s", q.Panel, q.Series, q.State, q.Expr))
		for _, remark := range append(q.Notes, q.Error) {
			if remark != "" {
				rows = append(rows, "\t\t\t  "+remark)
			}
		}
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if err := write(table, strings.Join(rows, "\n")+"\n"); err != nil {
		return err
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return write(out, fmt.Sprintf("\n%d of %d panels answered\n", report.Panels.Answered, report.Panels.Total))
}
