package main

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/dashgen/internal/config"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// choices are the flags of rules and generate: a file, and flags that add to it.
type choices struct {
	file, window, wait string
	config.Config
}

// newChoices defines the flags.
func newChoices(set flags) *choices {
	c := choices{}
	c.Rules.Limits, c.Rules.Labels = map[string]float64{}, map[string]string{}
	set.StringVar(&c.file, "config", "", "file with thresholds, windows, labels, titles and matchers; the other flags override it")
	set.StringVar(&c.window, "window", promql.DriftWindow, "over how long to compare predictions with a baseline")
	set.StringVar(&c.wait, "for", "", "how long a state must last before an alert fires, as 10m; by default, each alert's own time")
	set.Func("limit", "limit of an alert, as MoodringConfidenceLow=0.2; for several alerts, give the flag several times", c.setLimit)
	set.Func("label", "label for all alerts, as team=ml; for several labels, give the flag several times", c.setLabel)
	set.Func("without", "alert to leave out; for several alerts, give the flag several times", func(name string) error {
		c.Rules.Without = append(c.Rules.Without, name)
		return nil
	})
	set.StringVar(&c.Selector, "selector", "", "matchers for all metrics, as cluster=\"eu\"")
	return &c
}

func (c *choices) setLimit(text string) error {
	name, value, _ := strings.Cut(text, "=")
	limit, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return errors.New("it must be NAME=NUMBER")
	}
	c.Rules.Limits[name] = limit
	return nil
}

func (c *choices) setLabel(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok || !model.LegacyValidation.IsValidLabelName(name) {
		return errors.New("it must be NAME=VALUE")
	}
	c.Rules.Labels[name] = value
	return nil
}

// config returns the file's choices, with those of the other flags in their place.
func (c *choices) config(set flags) (config.Config, error) {
	var read config.Config
	if c.file != "" {
		var err error
		if read, err = config.Read(c.file); err != nil {
			return config.Config{}, fmt.Errorf("%s: --config: %w", set.command, err)
		}
	}
	var errs []error
	set.Visit(func(f *flag.Flag) {
		switch f.Name {
		case "window":
			errs = append(errs, c.duration(set, "--window", c.window, &read.Rules.Window))
		case "for":
			errs = append(errs, c.duration(set, "--for", c.wait, &read.Rules.For))
		case "selector":
			read.Selector = c.Selector
		}
	})
	read.Rules.Without = append(read.Rules.Without, c.Rules.Without...)
	read.Rules.Limits = merged(read.Rules.Limits, c.Rules.Limits)
	read.Rules.Labels = merged(read.Rules.Labels, c.Rules.Labels)
	if err := errors.Join(errs...); err != nil {
		return config.Config{}, err
	}
	if err := read.Check(); err != nil {
		return config.Config{}, fmt.Errorf("%w: %s: %w", errUsage, set.command, err)
	}
	return read, nil
}

func (*choices) duration(set flags, name, text string, into *config.Duration) error {
	d, err := readDuration(set.command+": "+name, text)
	*into = config.Duration(d)
	return err
}

// merged returns the entries of both maps; those of flags replace others.
func merged[V any](file, flags map[string]V) map[string]V {
	all := map[string]V{}
	maps.Copy(all, file)
	maps.Copy(all, flags)
	return all
}
