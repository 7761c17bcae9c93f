// Package baseline writes the expected answers of a model as Prometheus rules: the
// distribution of its labels, measured over a good period of time, or counted from
// labelled texts.
package baseline

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/promql"
	"github.com/moodring/moodring/dashgen/internal/rules"
)

// Model identifies a model. A model without a service is the only model of its name.
type Model struct{ Namespace, Service, Name string }

// String returns the model's name, and its service if the service is known.
func (m Model) String() string {
	if m.Service == "" {
		return m.Name
	}
	return m.Name + " of " + m.owner()
}

// owner returns NAMESPACE/SERVICE, or the service alone.
func (m Model) owner() string {
	if m.Namespace == "" {
		return m.Service
	}
	return m.Namespace + "/" + m.Service
}

// Labels returns the labels that identify the model, without empty ones.
func (m Model) Labels() map[string]string {
	all := map[string]string{contract.LabelNamespace: m.Namespace, contract.LabelService: m.Service, contract.LabelModel: m.Name}
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	return all
}

// Match returns the conditions of PromQL that choose the series of the model, by label. An
// empty version stands for all versions.
func (m Model) Match(version string) map[string]string {
	chosen := m.Labels()
	if version != "" {
		chosen[contract.LabelVersion] = version
	}
	for label, value := range chosen {
		chosen[label] = "=" + strconv.Quote(value)
	}
	return chosen
}

// Distribution is the distribution of a model's answers.
type Distribution struct {
	Model Model
	// Counts are the predictions of each label that got any.
	Counts map[string]float64
	// Values are the numbers up to each bound, if the model answers numbers.
	Values map[string]float64
	// Confidence is the mean confidence, 0 to 1; NaN if it is unknown.
	Confidence float64
	Source     string // of the counts, for the comment in the file
}

// minPredictions is the smallest number of predictions of a baseline. With fewer
// predictions, the random error of a share is a tenth of the share or more.
const minPredictions = 100

// infinity is the bound of a histogram's last bucket, which holds all numbers.
const infinity = "+Inf"

// File returns the distribution as a Prometheus rule file. It refuses a
// distribution of too few predictions.
func (d Distribution) File() ([]byte, error) {
	labels, numbers := Sum(d.Counts), d.Values[infinity]
	total := labels + numbers
	if total < minPredictions {
		return nil, fmt.Errorf("baseline of %s: %.0f predictions are too few for a baseline; take %d or more", d.Model, total, minPredictions)
	}
	group := rules.Group{Name: "moodring-baseline-" + d.Model.Name}
	if d.Model.Service != "" {
		group.Name = "moodring-baseline-" + d.Model.owner() + "/" + d.Model.Name
	}
	group.Rules = append(d.Model.shares(board.BaselineShare(), contract.LabelLabel, d.Counts, labels),
		d.Model.shares(board.BaselineValues(), contract.LabelBucket, d.Values, numbers)...)
	if !math.IsNaN(d.Confidence) {
		group.Rules = append(group.Rules, rules.Rule{
			Record: board.BaselineConfidence().Name, Expr: vector(d.Confidence), Labels: d.Model.Labels(),
		})
	}
	about := fmt.Sprintf("# How the model %s should answer: %.0f predictions, %s.", d.Model, total, d.Source)
	about = strings.Join(strings.Fields(about), " ") // a label with a line break would end the comment
	return rules.Marshal(about+"\n# Written by dashgen baseline; a later one replaces it.\n", rules.RuleFile{Groups: []rules.Group{group}})
}

// Sum returns the sum of counts.
func Sum(counts map[string]float64) float64 {
	var total float64
	for _, n := range counts {
		total += n
	}
	return total
}

// shares returns a rule for each count, with its share of the total.
func (m Model) shares(as promql.Recording, label string, counts map[string]float64, total float64) []rules.Rule {
	var all []rules.Rule
	for _, value := range slices.Sorted(maps.Keys(counts)) {
		labels := m.Labels()
		labels[label] = value
		all = append(all, rules.Rule{Record: as.Name, Expr: vector(counts[value] / total), Labels: labels})
	}
	return all
}

func vector(value float64) string { return "vector(" + strconv.FormatFloat(value, 'g', 6, 64) + ")" }
