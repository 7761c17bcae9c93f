// Package baseline writes the expected distribution of a model's labels as
// Prometheus rules. The distribution is measured over a good period of time, or
// counted from labelled texts.
package baseline

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/prom"
	"github.com/moodring/moodring/dashgen/internal/promql"
	"github.com/moodring/moodring/dashgen/internal/rules"
)

// Distribution is the distribution of a model's labels.
type Distribution struct {
	Model  string
	Counts map[string]float64 // of predictions, by label
	// Confidence is the mean confidence, 0 to 1; NaN if it is unknown.
	Confidence float64
	Source     string // of the counts, for the comment in the file
}

// minPredictions is the smallest number of predictions of a baseline. With fewer
// predictions, the random error of a share is a tenth of the share or more.
const minPredictions = 100

// File returns the distribution as a Prometheus rule file. It refuses a
// distribution of too few predictions.
func (d Distribution) File() ([]byte, error) {
	var total float64
	for _, n := range d.Counts {
		total += n
	}
	if total < minPredictions {
		return nil, fmt.Errorf("baseline of %s: %.0f predictions are too few for a baseline; take %d or more", d.Model, total, minPredictions)
	}
	group := rules.Group{Name: "moodring-baseline-" + d.Model}
	for _, label := range slices.Sorted(maps.Keys(d.Counts)) {
		if d.Counts[label] == 0 {
			continue // the label only occurred outside this period
		}
		group.Rules = append(group.Rules, rules.Rule{
			Record: board.BaselineShare().Name, Expr: vector(d.Counts[label] / total),
			Labels: map[string]string{contract.LabelModel: d.Model, contract.LabelLabel: label},
		})
	}
	if !math.IsNaN(d.Confidence) {
		group.Rules = append(group.Rules, rules.Rule{
			Record: board.BaselineConfidence().Name, Expr: vector(d.Confidence), Labels: map[string]string{contract.LabelModel: d.Model},
		})
	}
	comment := fmt.Sprintf("# How the model %s should answer: %.0f predictions, %s.\n# Written by dashgen baseline; a later one replaces it.\n", d.Model, total, d.Source)
	return rules.Marshal(comment, rules.RuleFile{Groups: []rules.Group{group}})
}

func vector(value float64) string { return "vector(" + strconv.FormatFloat(value, 'g', 6, 64) + ")" }

// Record returns the distribution of a model's predictions between two times. An empty
// version stands for all versions together.
func Record(ctx context.Context, prometheus prom.Client, name, version string, from, to time.Time) (Distribution, error) {
	values := promql.Values{
		Match:  map[string]string{contract.LabelModel: "=" + strconv.Quote(name)},
		Window: model.Duration(to.Sub(from)).String(),
	}
	if version != "" {
		values.Match[contract.LabelVersion] = "=" + strconv.Quote(version)
	}
	increase := func(q promql.Query, by ...string) string {
		return promql.SumBy(promql.Increase(q, promql.Window), by...).Text(values)
	}
	counts, err := prometheus.Vector(ctx, increase(promql.Select(contract.Predictions), contract.LabelLabel), to)
	if err != nil {
		return Distribution{}, err
	}
	if len(counts) == 0 {
		return Distribution{}, fmt.Errorf("baseline: Prometheus at %s has no %s of a model %q from %s to %s; the variable of the model's dashboard has the names",
			prometheus, contract.Predictions, name, from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	mean, err := prometheus.Vector(ctx, increase(promql.SelectSum(contract.Confidence))+" / "+increase(promql.SelectCount(contract.Confidence)), to)
	if err != nil {
		return Distribution{}, err
	}
	d := Distribution{Model: name, Counts: map[string]float64{}, Confidence: math.NaN(),
		Source: fmt.Sprintf("from %s to %s", from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339))}
	for _, sample := range counts {
		d.Counts[string(sample.Metric[contract.LabelLabel])] = float64(sample.Value)
	}
	for _, sample := range mean {
		d.Confidence = float64(sample.Value)
	}
	return d, nil
}

const maxLineBytes = 64 << 10

// Count counts the labels of labelled texts, which have lines as text;label. An
// error names the line, and not its text.
func Count(name, file string, from io.Reader) (Distribution, error) {
	d := Distribution{Model: name, Counts: map[string]float64{}, Confidence: math.NaN(), Source: "labelled texts of " + file}
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, maxLineBytes)
	number := 1
	for ; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		at := strings.LastIndexByte(line, ';')
		if at < 0 || strings.TrimSpace(line[at+1:]) == "" {
			return Distribution{}, fmt.Errorf("corpus %s, line %d: no label; write text;label", file, number)
		}
		d.Counts[strings.TrimSpace(line[at+1:])]++
	}
	if err := lines.Err(); err != nil {
		return Distribution{}, fmt.Errorf("corpus %s, line %d: %w", file, number, err)
	}
	return d, nil
}
