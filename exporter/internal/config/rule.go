package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/relabel"

	"github.com/moodring/moodring/contract"
)

// Rule makes a metric of stats that are none of the contract's.
type Rule struct {
	Match  relabel.Regexp    `yaml:"match"`  // a whole name, as the form of the page shows it; without its suffix where type is histogram
	Filter string            `yaml:"filter"` // finds the same in Envoy's raw names; Match where empty and the form shows these
	Name   string            `yaml:"name"`   // of the metric
	Type   contract.Type     `yaml:"type"`
	Help   string            `yaml:"help"`
	Unit   string            `yaml:"unit"`   // as the name's end says it; may be left out
	Scale  float64           `yaml:"scale"`  // from Envoy's unit to this one; 1 where 0
	Labels map[string]string `yaml:"labels"` // with $1, ${group} and ${label}; where it is left out, Envoy's labels stay
}

// check fills in what may be left out.
func (r *Rule) check(format Format) error {
	if r.Match.Regexp == nil {
		return errors.New("no match: want a regular expression for the stat's name")
	}
	if r.Filter == "" && format == JSON {
		r.Filter = r.Match.Regexp.String()
	}
	if r.Filter == "" {
		return errors.New("no filter: want a regular expression for Envoy's raw name, such as ^cluster\\..*\\.upstream_cx_active$, as scrape.format prometheus shows another")
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
	if !(r.Scale > 0) {
		return fmt.Errorf("scale: %v is not above 0", r.Scale)
	}
	return errors.Join(r.checkName(), r.checkLabels())
}

func (r *Rule) checkName() error {
	stem, isTotal := strings.CutSuffix(r.Name, "_total")
	_, isTaken := contract.Find(r.Name)
	switch {
	case !model.LegacyValidation.IsValidMetricName(r.Name):
		return fmt.Errorf("name: %q is not a metric's name", r.Name)
	case isTaken:
		return fmt.Errorf("name: %s has a meaning of its own: choose another", r.Name)
	case !slices.Contains([]contract.Type{contract.Counter, contract.Gauge, contract.Histogram}, r.Type):
		return fmt.Errorf("type: %q is none of counter, gauge and histogram", r.Type)
	case isTotal != (r.Type == contract.Counter):
		return fmt.Errorf("name: %s: a counter's name ends in _total, and no other's does", r.Name)
	case r.Unit != "" && !strings.HasSuffix(stem, "_"+r.Unit):
		return fmt.Errorf("name: %s does not end in the unit, _%s", r.Name, r.Unit)
	}
	return nil
}

func (r *Rule) checkLabels() error {
	for key := range r.Labels {
		if !model.LegacyValidation.IsValidLabelName(key) || strings.HasPrefix(key, model.ReservedLabelPrefix) || key == contract.LabelBucket || key == contract.LabelGateway {
			return fmt.Errorf("labels: %q is not a label's name, or has a meaning of its own: choose another", key)
		}
	}
	return nil
}

// checkMetricRules sees that rules of the same metric agree on what it is.
func checkMetricRules(rules []Rule, format Format) error {
	first := make(map[string]Rule)
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
	}
	return nil
}
