package main

import (
	"context"
	"fmt"
	"time"

	"github.com/moodring/moodring/dashgen/internal/report"
)

const reportHelp = `--prometheus URL --model NAME [flags] > report.html

Prints one HTML file about a model's predictions in a period: the mix of labels, its
drift with a test, the confidence, the versions, the replies and the refusals. The
file loads nothing and needs no script, so it can be sent and printed.
`

func reportCommand(p program, args []string) error {
	var f predictionFlags
	set := newFlags("report", reportHelp)
	f.define(set)
	if err := set.parseAll(args, p.stdout); err != nil {
		return err
	}
	if f.model == "" {
		return fmt.Errorf("%w: report: --model is missing", errUsage)
	}
	prometheus, err := p.dial("report", "--prometheus", f.prometheus)
	if err != nil {
		return err
	}
	from, to, err := f.period("report", time.Now())
	if err != nil {
		return err
	}
	if to.Sub(from) < report.Shortest {
		return fmt.Errorf("%w: report: the period from --from %s to --to %s is too short: choose 1m or more", errUsage, f.from, f.to)
	}
	r, err := report.Gather(context.Background(), prometheus, report.Options{Model: f.of(), Version: f.version, From: from, To: to})
	if err != nil {
		return err
	}
	text, err := r.HTML()
	if err != nil {
		return err
	}
	return writeText(p.stdout, string(text))
}
