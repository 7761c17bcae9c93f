package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/dashgen/internal/baseline"
)

const baselineHelp = `--model NAME --prometheus URL | --corpus FILE [flags] > baseline.yaml

Prints Prometheus rules of how a model answered, or how it should: the alerts on
drift compare with them.
`

type baselineFlags struct{ prometheus, model, version, from, to, corpus string }

func baselineCommand(p program, args []string) error {
	var f baselineFlags
	set := newFlags("baseline", baselineHelp)
	set.StringVar(&f.model, "model", "", "name of the model, as the board's variable has it")
	set.StringVar(&f.prometheus, "prometheus", "", "address of the Prometheus to ask how the model answered")
	set.StringVar(&f.version, "version", "", "only this version of it")
	set.StringVar(&f.from, "from", "7d", "since when: a time as 2026-01-31T08:00:00Z, or how long ago, as 7d")
	set.StringVar(&f.to, "to", "0s", "until when, in the same words; 0s is now")
	set.StringVar(&f.corpus, "corpus", "", "instead of a Prometheus: a file of labelled texts, text;label on each line")
	if err := set.parseAll(args, p.stdout); err != nil {
		return err
	}
	mix, err := f.mix(p, time.Now())
	if err != nil {
		return err
	}
	text, err := mix.File()
	if err != nil {
		return err
	}
	return writeText(p.stdout, string(text))
}

func (f baselineFlags) mix(p program, now time.Time) (baseline.Mix, error) {
	switch {
	case f.model == "":
		return baseline.Mix{}, fmt.Errorf("%w: baseline: --model is missing", errUsage)
	case (f.corpus == "") == (f.prometheus == ""):
		return baseline.Mix{}, fmt.Errorf("%w: baseline: one of --prometheus and --corpus", errUsage)
	case f.corpus != "":
		return f.count()
	}
	prometheus, err := p.dial("baseline", "--prometheus", f.prometheus)
	if err != nil {
		return baseline.Mix{}, err
	}
	from, err := moment("--from", f.from, now)
	if err != nil {
		return baseline.Mix{}, err
	}
	to, err := moment("--to", f.to, now)
	if err != nil {
		return baseline.Mix{}, err
	}
	if !from.Before(to) {
		return baseline.Mix{}, fmt.Errorf("%w: baseline: --from %s is not before --to %s", errUsage, f.from, f.to)
	}
	return baseline.Record(context.Background(), prometheus, f.model, f.version, from, to)
}

func (f baselineFlags) count() (baseline.Mix, error) {
	file, err := os.Open(f.corpus)
	if err != nil {
		return baseline.Mix{}, fmt.Errorf("baseline: %w", err)
	}
	defer file.Close()
	return baseline.Count(f.model, f.corpus, file)
}

// moment reads a time, or how long ago it was.
func moment(flag, text string, now time.Time) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	ago, err := model.ParseDuration(text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: baseline: %s must be a time as 2026-01-31T08:00:00Z, or how long ago, as 7d, not %q", errUsage, flag, text)
	}
	return now.Add(-time.Duration(ago)), nil
}
