package main

import (
	"fmt"
	"time"

	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/dashgen/internal/baseline"
)

// predictionFlags choose the predictions of one model in a period.
type predictionFlags struct{ prometheus, namespace, service, model, version, from, to string }

func (f *predictionFlags) define(set flags) {
	set.StringVar(&f.prometheus, "prometheus", "", "address of the Prometheus that has the model's predictions")
	set.StringVar(&f.model, "model", "", "name of the model, as in the variable of the model's dashboard")
	set.StringVar(&f.namespace, "namespace", "", "namespace of the model's service, if several services have a model of this name")
	set.StringVar(&f.service, "service", "", "service of the model, if several services have a model of this name")
	set.StringVar(&f.version, "version", "", "only this version of the model")
	set.StringVar(&f.from, "from", "7d", "start of the period: a time as 2026-01-31T08:00:00Z, or how long ago, as 7d")
	set.StringVar(&f.to, "to", "0s", "end of the period, in the same form; 0s is now")
}

func (f predictionFlags) of() baseline.Model {
	return baseline.Model{Namespace: f.namespace, Service: f.service, Name: f.model}
}

// period reads the flags --from and --to of a command.
func (f predictionFlags) period(command string, now time.Time) (start, end time.Time, err error) {
	if start, err = readTime(command+": --from", f.from, now); err != nil {
		return start, end, err
	}
	if end, err = readTime(command+": --to", f.to, now); err != nil {
		return start, end, err
	}
	if !start.Before(end) {
		return start, end, fmt.Errorf("%w: %s: --from %s is not before --to %s", errUsage, command, f.from, f.to)
	}
	return start, end, nil
}

// readTime reads a time, or the duration since then.
func readTime(flag, text string, now time.Time) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	ago, err := model.ParseDuration(text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: %s must be a time as 2026-01-31T08:00:00Z, or how long ago, as 7d, not %q", errUsage, flag, text)
	}
	return now.Add(-time.Duration(ago)), nil
}
