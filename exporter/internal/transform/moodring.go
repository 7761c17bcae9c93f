package transform

import (
	"slices"
	"strconv"
	"strings"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/scrape"
)

// pluginPrefix begins the names of all that the plugin counts.
const pluginPrefix = "moodring_"

// isPlugins tells whether a stat could be the plugin's.
func isPlugins(name string) bool { return strings.Contains(name, pluginPrefix) }

// pluginUse says what a counter of the plugin is for.
func (s *Shaper) pluginUse(sample scrape.Sample) use {
	stat, err := s.decode(sample)
	if err != nil {
		return use{}
	}
	name, part := contract.SplitStat(stat.Name)
	values, le, ok := fieldValues(families()[name].keys, stat.Fields)
	if !ok || (part == contract.SuffixBucket) != (le != "") {
		return use{}
	}
	e := s.member(name, values)
	cell, scale := e.pluginPart(part, le)
	if cell == nil {
		return use{}
	}
	return use{entry: e, cell: cell, scale: scale, isSingle: true}
}

// pluginPart returns the cell of a part of a metric; part is empty for the whole.
func (e *entry) pluginPart(part, le string) (*cell, float64) {
	switch part {
	case contract.SuffixCount:
		return &e.count, 1
	case contract.SuffixSumMillionths:
		return &e.sum, contract.SumScale
	case contract.SuffixMillionths:
		return &e.value, contract.SumScale
	case contract.SuffixBucket:
		bound, err := strconv.ParseFloat(le, 64)
		if b := e.bucket(bound); b != nil && err == nil {
			return &b.cell, 1
		}
		return nil, 0
	}
	return &e.value, 1
}

// member returns the entry of one of the contract's metrics, and sees that the
// members of its closed set are there too. values are those of the metric's
// labels, without the gateway's.
func (s *Shaper) member(name string, values []string) *entry {
	e := s.contractEntry(name, values)
	set := closedSet(name)
	if e.group != nil || set == nil {
		return e
	}
	var group []*entry
	for _, member := range set {
		values[len(values)-1] = member
		group = append(group, s.contractEntry(name, values))
	}
	if name == contract.Replies { // the plugin is there
		for _, kind := range contract.OverflowKinds() {
			group = append(group, s.member(contract.Overflow, []string{kind}))
		}
	}
	for _, member := range group {
		if member.Family == e.Family {
			member.group = group
		}
	}
	e.group = group // it may have a value that the contract does not know yet
	return e
}

func (s *Shaper) contractEntry(name string, values []string) *entry {
	family := families()[name]
	pairs := make([]string, 0, 2*len(family.keys))
	for i, key := range family.keys {
		pairs = append(pairs, key, values[i])
	}
	return s.entry(family, name, pairs...)
}

// closedSet returns all the values of the last label of a metric, or nil where
// they are not known beforehand.
func closedSet(name string) []string {
	switch name {
	case contract.Replies:
		return contract.Outcomes()
	case contract.Overflow:
		return contract.OverflowKinds()
	case contract.Authorization:
		return contract.AuthorizationResults()
	case contract.RateLimit:
		return contract.RateLimitResults()
	case contract.Requests:
		return contract.CodeClasses()
	}
	return nil
}

// fieldValues puts the fields in the order of the metric's labels; one that the
// stat does not have is empty. It is false where a field is there twice, is none
// of the metric's, or is longer than the plugin writes.
func fieldValues(keys []string, fields []contract.Field) (values []string, le string, ok bool) {
	values = make([]string, len(keys))
	isSet := make([]bool, len(keys))
	for _, field := range fields {
		if field.Key == contract.LabelBucket {
			le = field.Value
			continue
		}
		i := slices.Index(keys, field.Key)
		if i < 0 || isSet[i] || len(field.Value) > contract.MaxLabelBytes {
			return nil, "", false
		}
		values[i], isSet[i] = validText(field.Value), true
	}
	return values, le, true
}

// decode reads a stat's name by the contract, and in Prometheus's form also
// the labels that Envoy was told to take out of it (stats_tags, extraStatTags).
func (s *Shaper) decode(sample scrape.Sample) (contract.Stat, error) {
	if s.options.Format == config.JSON {
		return contract.ParseStat(sample.Name)
	}
	stat, err := contract.ParsePrometheus(sample.Name)
	if err != nil || len(sample.Labels) == 0 {
		return stat, err
	}
	tags, err := contract.ParseStat(rawName(sample.Labels, stat.Name))
	stat.Fields = append(stat.Fields, tags.Fields...)
	return stat, err
}

// rawName puts together the name from which Envoy took the labels, so that the
// contract checks them as it checks a name.
func rawName(tags []scrape.Label, name string) string {
	var raw strings.Builder
	raw.WriteString(contract.StatPrefix)
	for _, tag := range tags {
		raw.WriteString(tag.Name + contract.FieldEquals + tag.Value + contract.FieldEnd)
	}
	raw.WriteString(name)
	return raw.String()
}
