package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/moodring/moodring/dashgen/internal/baseline"
)

const baselineHelp = `--model NAME --prometheus URL | --corpus FILE [flags] > baseline.yaml

Prints Prometheus rules with the usual distribution of a model's labels, or of its
numbers. The alerts on drift compare with it. If several services have a model of
the name, --namespace and --service choose one.
`

type baselineFlags struct {
	predictionFlags
	corpus string
}

func baselineCommand(p program, args []string) error {
	var f baselineFlags
	set := newFlags("baseline", baselineHelp)
	f.define(set)
	set.StringVar(&f.corpus, "corpus", "", "instead of a Prometheus: a file of labelled texts, text;label on each line")
	if err := set.parseAll(args, p.stdout); err != nil {
		return err
	}
	distribution, err := f.distribution(p, time.Now())
	if err != nil {
		return err
	}
	text, err := distribution.File()
	if err != nil {
		return err
	}
	return writeText(p.stdout, string(text))
}

func (f baselineFlags) distribution(p program, now time.Time) (baseline.Distribution, error) {
	switch {
	case f.model == "":
		return baseline.Distribution{}, fmt.Errorf("%w: baseline: --model is missing", errUsage)
	case (f.corpus == "") == (f.prometheus == ""):
		return baseline.Distribution{}, fmt.Errorf("%w: baseline: give either --prometheus or --corpus", errUsage)
	case f.namespace != "" && f.service == "" && f.corpus != "":
		return baseline.Distribution{}, fmt.Errorf("%w: baseline: --service is missing beside --namespace", errUsage)
	case f.corpus != "":
		return f.countCorpus()
	}
	prometheus, err := p.dial("baseline", "--prometheus", f.prometheus)
	if err != nil {
		return baseline.Distribution{}, err
	}
	from, to, err := f.period("baseline", now)
	if err != nil {
		return baseline.Distribution{}, err
	}
	return baseline.Record(context.Background(), prometheus, f.of(), baseline.Period{Version: f.version, From: from, To: to})
}

func (f baselineFlags) countCorpus() (baseline.Distribution, error) {
	file, err := os.Open(f.corpus)
	if err != nil {
		return baseline.Distribution{}, fmt.Errorf("baseline: %w", err)
	}
	defer file.Close()
	return baseline.Count(f.of(), f.corpus, file)
}
