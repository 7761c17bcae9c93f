package config

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/relabel"

	"github.com/moodring/moodring/contract"
)

// Rule makes a metric from other stats of Envoy.
type Rule struct {
	Match  relabel.Regexp    `yaml:"match"`  // matches the whole name in scrape.format; for histograms without the suffix
	Filter string            `yaml:"filter"` // matches Envoy's raw names; for scrape.format json the default is Match
	Name   string            `yaml:"name"`   // of the metric
	Type   contract.Type     `yaml:"type"`
	Help   string            `yaml:"help"`
	Unit   string            `yaml:"unit"`   // the end of the name; optional
	Scale  float64           `yaml:"scale"`  // from Envoy's unit to Unit; 0 means 1
	Labels map[string]string `yaml:"labels"` // values may have $1, ${group} and ${label}; without labels, Envoy's labels stay
}

// check also sets defaults.
func (r *Rule) check(format Format) error {
	if r.Match.Regexp == nil {
		return errors.New("no match: want a regular expression for the stat's name")
	}
	if r.Filter == "" && format == JSON {
		r.Filter = r.Match.Regexp.String()
	}
	if r.Filter == "" {
		return errors.New("no filter: want a regular expression for Envoy's raw name, such as ^cluster\\..*\\.upstream_cx_active$, because scrape.format prometheus shows other names")
	}
	if _, err := regexp.Compile(r.Filter); err != nil {
		return fmt.Errorf("filter: %w", err)
	}
	if r.Help == "" {
		r.Help = "Of Envoy's own statistics, by a rule of the configuration."
	}
	if r.Scale == 0 {
		r.Scale = 1
	}
	switch {
	case !(r.Scale > 0):
		return fmt.Errorf("scale: %v is not above 0", r.Scale)
	case math.IsInf(r.Scale, 1):
		return fmt.Errorf("scale: %v is not a finite number", r.Scale)
	}
	return errors.Join(r.checkName(), r.checkLabels())
}

func (r *Rule) checkName() error {
	stem, isTotal := strings.CutSuffix(r.Name, SuffixTotal)
	_, isTaken := contract.Find(r.Name)
	switch {
	case !model.LegacyValidation.IsValidMetricName(r.Name):
		return fmt.Errorf("name: %q is not a metric name", r.Name)
	case isTaken:
		return fmt.Errorf("name: %s is built in: choose another name", r.Name)
	case strings.HasPrefix(r.Name, "go_"), strings.HasPrefix(r.Name, "process_"):
		return fmt.Errorf("name: %s: such names are of the exporter's own process: choose another name", r.Name)
	case !slices.Contains([]contract.Type{contract.Counter, contract.Gauge, contract.Histogram}, r.Type):
		return fmt.Errorf("type: %q is not counter, gauge or histogram", r.Type)
	case isTotal != (r.Type == contract.Counter):
		return fmt.Errorf("name: %s: a counter's name ends in _total, and only a counter's", r.Name)
	case r.Unit != "" && !strings.HasSuffix(stem, "_"+r.Unit):
		return fmt.Errorf("name: %s does not end in the unit, _%s", r.Name, r.Unit)
	}
	return nil
}

func (r *Rule) checkLabels() error {
	for key, template := range r.Labels {
		if !model.LegacyValidation.IsValidLabelName(key) || strings.HasPrefix(key, model.ReservedLabelPrefix) || key == contract.LabelBucket || key == contract.LabelGateway {
			return fmt.Errorf("labels: %q is not a label name, or is reserved: choose another", key)
		}
		if err := checkTemplate(template, r.Match.NumSubexp()); err != nil {
			return fmt.Errorf("labels: %s: %w", key, err)
		}
	}
	return nil
}

// checkMetricRules also checks that rules for the same metric agree on the type,
// the help and the unit, and that different metrics share no name on the page.
func checkMetricRules(rules []Rule, format Format) error {
	first, owners := make(map[string]Rule), make(map[string]string)
	for _, metric := range contract.Metrics() {
		for _, name := range SampleNames(metric.Name, metric.Type) {
			owners[name] = metric.Name
		}
	}
	for i := range rules {
		r := &rules[i]
		if err := r.check(format); err != nil {
			return fmt.Errorf("rules[%d]: %w", i, err)
		}
		known, ok := first[r.Name]
		if ok && (known.Type != r.Type || known.Help != r.Help || known.Unit != r.Unit) {
			return fmt.Errorf("rules[%d]: an earlier rule gives %s another type, help or unit", i, r.Name)
		}
		first[r.Name] = *r
		for _, name := range SampleNames(r.Name, r.Type) {
			if owner, isTaken := owners[name]; isTaken && owner != r.Name {
				return fmt.Errorf("rules[%d]: name: %s and %s both take the name %s on the page: choose another name", i, r.Name, owner, name)
			}
			owners[name] = r.Name
		}
	}
	return nil
}
