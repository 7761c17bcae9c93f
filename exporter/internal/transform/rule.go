package transform

import (
	"math"
	"slices"
	"strconv"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/scrape"
)

// rule is one of the user's rules.
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

// ruleMapping returns the mapping of a sample by the first rule that matches. ok
// is false if no rule does.
func (t *Transformer) ruleMapping(sample scrape.Sample) (m mapping, ok bool) {
	for i := range t.rules {
		r := &t.rules[i]
		name, part := r.cutPart(sample.Name)
		match := r.Match.FindStringSubmatch(name)
		if match == nil {
			continue
		}
		e := t.entry(r.family, r.Name, t.rulePairs(r, sample, match)...)
		m := e.mapping(part, sample, r.Scale)
		if part == "" {
			m.scale = r.Scale
		}
		return m, true
	}
	return mapping{}, false
}

// cutPart cuts the suffix off the name of a histogram's series.
func (r *rule) cutPart(name string) (text, part string) {
	if r.Type != contract.Histogram {
		return name, ""
	}
	text, part, _ = contract.CutPart(name)
	return text, part
}

// rulePairs returns the keys and values of the labels that a rule gives. A rule
// without labels keeps Envoy's tags. As in Prometheus, a label that the target has
// too is renamed.
func (t *Transformer) rulePairs(r *rule, sample scrape.Sample, match []string) []string {
	var pairs []string
	if r.Labels == nil {
		for _, l := range sample.Labels {
			if l.Name != contract.LabelBucket || r.Type != contract.Histogram {
				pairs = append(pairs, t.freeKey(l.Name), validText(l.Value))
			}
		}
	}
	for _, key := range r.keys {
		pairs = append(pairs, t.freeKey(key), validText(r.expand(r.Labels[key], sample, match)))
	}
	return pairs
}

func (t *Transformer) freeKey(key string) string {
	if t.options.Labels.Has(key) {
		return "exported_" + key
	}
	return key
}

// expand replaces $1, ${group} and ${label} in template.
func (r *rule) expand(template string, sample scrape.Sample, match []string) string {
	return config.ExpandTemplate(template, func(name string) string {
		if at, err := strconv.Atoi(name); err == nil && at < len(match) {
			return match[at]
		}
		if at := r.Match.SubexpIndex(name); at > 0 {
			return match[at]
		}
		return sample.Label(name)
	})
}

// scaled returns value times scale. A scale such as 1/1000 has no exact binary
// fraction, so value is divided by 1000 instead: the result is exactly rounded.
func scaled(value, scale float64) float64 {
	if inverse := math.Round(1 / scale); inverse > 1 && 1/inverse == scale {
		return value / inverse
	}
	return value * scale
}
