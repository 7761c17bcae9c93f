package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/promql"
	"github.com/moodring/moodring/dashgen/internal/rules"
)

const rulesHelp = `[flags] > rules.yaml

Prints Moodring's Prometheus rules: recording rules and alerts.
`

// rulesCommand prints the rule file. A short window suits a test, or a model
// with much traffic; a long window suits a model with little.
func rulesCommand(p program, args []string) error {
	windows := rules.Usual()
	windows.Limits, windows.Labels, windows.Without = map[string]float64{}, map[string]string{}, map[string]bool{}
	set := newFlags("rules", rulesHelp)
	set.StringVar(&windows.Drift, "window", promql.DriftWindow, "over how long to compare predictions with a baseline")
	set.DurationVar(&windows.For, "for", 0, "how long a state must last before an alert fires; 0 leaves it to each alert")
	set.Func("limit", "limit of an alert, as MoodringConfidenceLow=0.2; for several alerts, give the flag several times", func(text string) error {
		name, value, _ := strings.Cut(text, "=")
		limit, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return errors.New("it must be NAME=NUMBER")
		}
		windows.Limits[name] = limit
		return nil
	})
	set.Func("label", "label for all alerts, as team=ml; for several labels, give the flag several times", func(text string) error {
		name, value, ok := strings.Cut(text, "=")
		if !ok || !model.LegacyValidation.IsValidLabelName(name) {
			return errors.New("it must be NAME=VALUE")
		}
		windows.Labels[name] = value
		return nil
	})
	set.Func("without", "alert to leave out; for several alerts, give the flag several times", func(name string) error {
		windows.Without[name] = true
		return nil
	})
	set.StringVar(&windows.Selector, "selector", "", "matchers for all metrics, as cluster=\"eu\"")
	if err := set.parseAll(args, p.stdout); err != nil {
		return err
	}
	if err := windows.Check(board.All()); err != nil {
		return fmt.Errorf("%w: rules: %w", errUsage, err)
	}
	if _, err := parser.NewParser(parser.Options{}).ParseExpr("m{" + windows.Selector + "}"); err != nil {
		return fmt.Errorf("%w: rules: --selector: %w; write matchers as cluster=\"eu\",env=~\"prod.*\"", errUsage, err)
	}
	if _, err := readDuration("rules: --window", windows.Drift); err != nil {
		return err
	}
	text, err := rules.File(board.All(), windows)
	if err != nil {
		return err
	}
	return writeText(p.stdout, string(text))
}
