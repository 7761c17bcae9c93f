package main

import (
	"context"
	"fmt"
	"time"

	"github.com/moodring/moodring/dashgen/internal/baseline"
	"github.com/moodring/moodring/dashgen/internal/report"
)

const reportHelp = `--prometheus URL --model NAME [flags] > report.html

Prints one HTML file about a model's predictions in a period: the mix of labels, its
drift with a test, the confidence, the versions, the replies and the refusals. The
file loads nothing and needs no script, so it can be sent and printed.
`

type reportFlags struct{ prometheus, namespace, service, model, version, from, to string }

func reportCommand(p program, args []string) error {
	var f reportFlags
	set := newFlags("report", reportHelp)
	set.StringVar(&f.prometheus, "prometheus", "", "address of the Prometheus that has the model's predictions")
	set.StringVar(&f.model, "model", "", "name of the model, as in the variable of the model's dashboard")
	set.StringVar(&f.namespace, "namespace", "", "namespace of the model's service, if several services have a model of this name")
	set.StringVar(&f.service, "service", "", "service of the model, if several services have a model of this name")
	set.StringVar(&f.version, "version", "", "only this version of the model")
	set.StringVar(&f.from, "from", "7d", "start of the period: a time as 2026-01-31T08:00:00Z, or how long ago, as 7d")
	set.StringVar(&f.to, "to", "0s", "end of the period, in the same form; 0s is now")
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
	from, to, err := readPeriod("report", f.from, f.to, time.Now())
	if err != nil {
		return err
	}
	r, err := report.Gather(context.Background(), prometheus, report.Options{
		Model:   baseline.Model{Namespace: f.namespace, Service: f.service, Name: f.model},
		Version: f.version, From: from, To: to,
	})
	if err != nil {
		return err
	}
	text, err := r.HTML()
	if err != nil {
		return err
	}
	return writeText(p.stdout, string(text))
}
