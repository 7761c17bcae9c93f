package transform

import (
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/scrape"
)

// rule is one of the user's.
type rule struct {
	config.Rule
	family *Family
	keys   []string // of Labels, sorted
}

func newRules(configured []config.Rule) []rule {
	rules := make([]rule, 0, len(configured))
	for _, c := range configured {
		r := rule{Rule: c, family: &Family{Type: c.Type, Help: c.Help, Unit: c.Unit, IsWhole: true}}
		for key := range c.Labels {
			r.keys = append(r.keys, key)
		}
		slices.Sort(r.keys)
		rules = append(rules, r)
	}
	return rules
}

// ruleUse says what a sample is for by the first of the user's rules that
// matches; it is false where none does.
func (s *Shaper) ruleUse(sample scrape.Sample) (use, bool) {
	for i := range s.rules {
		r := &s.rules[i]
		name, part := r.cutPart(sample.Name)
		match := r.Match.FindStringSubmatch(name)
		if match == nil {
			continue
		}
		e := s.entry(r.family, r.Name, s.rulePairs(r, sample, match)...)
		return e.ruleUse(part, sample, r.Scale), true
	}
	return use{}, false
}

// cutPart takes the part of a histogram off its name.
func (r *rule) cutPart(name string) (text, part string) {
	if r.Type == contract.Histogram {
		for _, part := range []string{"_bucket", "_sum", "_count"} {
			if text, ok := strings.CutSuffix(name, part); ok {
				return text, part
			}
		}
	}
	return name, ""
}

func (e *entry) ruleUse(part string, sample scrape.Sample, scale float64) use {
	found := e.use(part, sample, scale)
	if part == "" {
		found.scale = scale
	}
	return found
}

// rulePairs returns the keys and values of a rule's labels: what the rule says,
// or what Envoy took out of the name where it says nothing. A label of the
// target's is not overwritten, as in Prometheus.
func (s *Shaper) rulePairs(r *rule, sample scrape.Sample, match []string) []string {
	var pairs []string
	if r.Labels == nil {
		for _, l := range sample.Labels {
			if l.Name != contract.LabelBucket || r.Type != contract.Histogram {
				pairs = append(pairs, s.freeKey(l.Name), validText(l.Value))
			}
		}
	}
	for _, key := range r.keys {
		pairs = append(pairs, s.freeKey(key), validText(r.expand(r.Labels[key], sample, match)))
	}
	return pairs
}

func (s *Shaper) freeKey(key string) string {
	if s.options.Labels.Has(key) {
		return "exported_" + key
	}
	return key
}

// expand fills in $1, ${group} and ${label}.
func (r *rule) expand(template string, sample scrape.Sample, match []string) string {
	return os.Expand(template, func(name string) string {
		if at, err := strconv.Atoi(name); err == nil && at < len(match) {
			return match[at]
		}
		if at := r.Match.SubexpIndex(name); at > 0 {
			return match[at]
		}
		return sample.Label(name)
	})
}

// scaled returns value times scale. 1/1000 is not a binary fraction, and value
// times it may not be the number nearest to a thousandth of value.
func scaled(value, scale float64) float64 {
	if inverse := math.Round(1 / scale); inverse > 1 && 1/inverse == scale {
		return value / inverse
	}
	return value * scale
}
