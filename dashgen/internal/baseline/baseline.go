// Package baseline writes how a model should answer as Prometheus rules, out of
// how it answered in a time that was good, or out of labelled texts.
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

// Mix is how a model answers.
type Mix struct {
	Model   string
	Answers map[string]float64 // by label; how many
	// Confidence is the mean score of the top label, 0 to 1; NaN when it is not
	// known.
	Confidence float64
	Source     string // where it is from, for the file's comment
}

// enough is how many answers a label's share must rest on at the least: of
// fewer, chance is a tenth of the share or more.
const enough = 100

// File returns the mix as a rule file of Prometheus, and refuses one of too few
// answers.
func (m Mix) File() ([]byte, error) {
	var total float64
	for _, n := range m.Answers {
		total += n
	}
	if total < enough {
		return nil, fmt.Errorf("baseline of %s: %.0f answers are too few to tell a mix from chance; take %d or more", m.Model, total, enough)
	}
	group := rules.Group{Name: "moodring-baseline-" + m.Model}
	for _, label := range slices.Sorted(maps.Keys(m.Answers)) {
		if m.Answers[label] == 0 {
			continue // it was there once, and not in this time
		}
		group.Rules = append(group.Rules, rules.Rule{
			Record: board.BaselineShare().Name, Expr: vector(m.Answers[label] / total),
			Labels: map[string]string{contract.LabelModel: m.Model, contract.LabelLabel: label},
		})
	}
	if !math.IsNaN(m.Confidence) {
		group.Rules = append(group.Rules, rules.Rule{
			Record: board.BaselineConfidence().Name, Expr: vector(m.Confidence), Labels: map[string]string{contract.LabelModel: m.Model},
		})
	}
	comment := fmt.Sprintf("# How the model %s should answer: %.0f answers, %s.\n# Written by dashgen baseline; a later one replaces it.\n", m.Model, total, m.Source)
	return rules.Marshal(comment, rules.RuleFile{Groups: []rules.Group{group}})
}

func vector(value float64) string { return "vector(" + strconv.FormatFloat(value, 'g', 6, 64) + ")" }

// Record returns the mix of a model's predictions between two times. An empty
// version stands for all versions together.
func Record(ctx context.Context, prometheus prom.Client, name, version string, from, to time.Time) (Mix, error) {
	values := promql.Values{
		Match:  map[string]string{contract.LabelModel: "=" + strconv.Quote(name)},
		Window: model.Duration(to.Sub(from)).String(),
	}
	if version != "" {
		values.Match[contract.LabelVersion] = "=" + strconv.Quote(version)
	}
	grown := func(q promql.Query, by ...string) string {
		return promql.SumBy(promql.Increase(q, promql.Window), by...).Text(values)
	}
	answers, err := prometheus.Vector(ctx, grown(promql.Select(contract.Predictions), contract.LabelLabel), to)
	if err != nil {
		return Mix{}, err
	}
	if len(answers) == 0 {
		return Mix{}, fmt.Errorf("baseline: Prometheus at %s has no %s of a model %q from %s to %s; see the model's name in the board's variable",
			prometheus, contract.Predictions, name, from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	mean, err := prometheus.Vector(ctx, grown(promql.SelectSum(contract.Confidence))+" / "+grown(promql.SelectCount(contract.Confidence)), to)
	if err != nil {
		return Mix{}, err
	}
	mix := Mix{Model: name, Answers: map[string]float64{}, Confidence: math.NaN(),
		Source: fmt.Sprintf("from %s to %s", from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339))}
	for _, sample := range answers {
		mix.Answers[string(sample.Metric[contract.LabelLabel])] = float64(sample.Value)
	}
	for _, sample := range mean {
		mix.Confidence = float64(sample.Value)
	}
	return mix, nil
}

const maxLineBytes = 64 << 10

// Count reads labelled texts, one a line as text;label, and counts the labels.
// An error names the line, and not what stands in it.
func Count(name, file string, from io.Reader) (Mix, error) {
	mix := Mix{Model: name, Answers: map[string]float64{}, Confidence: math.NaN(), Source: "labelled texts of " + file}
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
			return Mix{}, fmt.Errorf("corpus %s, line %d: no label; write text;label", file, number)
		}
		mix.Answers[strings.TrimSpace(line[at+1:])]++
	}
	if err := lines.Err(); err != nil {
		return Mix{}, fmt.Errorf("corpus %s, line %d: %w", file, number, err)
	}
	return mix, nil
}
