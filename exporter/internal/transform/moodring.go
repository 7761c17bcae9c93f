package transform

import (
	"slices"
	"strconv"
	"strings"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/scrape"
)

// pluginPrefix begins the names of all of the plugin's counters.
const pluginPrefix = "moodring_"

// mayBePlugin is a fast check whether a stat can be the plugin's.
func mayBePlugin(name string) bool { return strings.Contains(name, pluginPrefix) }

// pluginMapping returns the mapping of one of the plugin's counters.
func (t *Transformer) pluginMapping(sample scrape.Sample) mapping {
	stat, err := t.decode(sample)
	if err != nil {
		return mapping{}
	}
	name, part := contract.SplitStat(stat.Name)
	values, le, ok := fieldValues(families()[name].keys, stat.Fields)
	if !ok || (part == contract.SuffixBucket) != (le != "") {
		return mapping{}
	}
	e := t.member(name, values)
	cell, scale := e.pluginCell(part, le)
	if cell == nil {
		return mapping{}
	}
	return mapping{entry: e, cell: cell, scale: scale, isSingle: true}
}

// pluginCell returns the cell of a part of a metric, or of the whole metric if
// part is empty, and the scale of the plugin's counter.
func (e *entry) pluginCell(part, le string) (*cell, float64) {
	switch part {
	case contract.SuffixCount:
		return &e.count, 1
	case contract.SuffixSumMillionths:
		return &e.sum, contract.SumScale
	case contract.SuffixNegativeMillionths:
		return &e.sum, -contract.SumScale
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

// member returns the entry of one of the contract's metrics. If the values of the
// metric's last label are a closed set, member makes the entries of the whole set.
// values are those of the metric's labels, without the gateway label.
func (t *Transformer) member(name string, values []string) *entry {
	e := t.contractEntry(name, values)
	set := closedSet(name)
	if e.closedSet != nil || set == nil {
		return e
	}
	var members []*entry
	for _, value := range set {
		values[len(values)-1] = value
		members = append(members, t.contractEntry(name, values))
	}
	if name == contract.Replies { // a reply shows that the gateway has the plugin
		for _, kind := range contract.OverflowKinds() {
			members = append(members, t.member(contract.Overflow, []string{kind}))
		}
	}
	for _, member := range members {
		if member.Family == e.Family {
			member.closedSet = members
		}
	}
	e.closedSet = members // a newer plugin's value is not in the contract's set
	return e
}

func (t *Transformer) contractEntry(name string, values []string) *entry {
	family := families()[name]
	pairs := make([]string, 0, 2*len(family.keys))
	for i, key := range family.keys {
		pairs = append(pairs, key, values[i])
	}
	return t.entry(family, name, pairs...)
}

// closedSet returns all values of a metric's last label, or nil if the contract
// does not list them.
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

// fieldValues returns the fields' values in the order of keys, the metric's labels,
// with "" for a missing field. ok is false if a field is repeated, is not a label
// of the metric, or is longer than the plugin writes.
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

// decode decodes a stat's name. In Prometheus's format it also decodes the labels
// that Envoy moved from the name to tags (stats_tags, extraStatTags).
func (t *Transformer) decode(sample scrape.Sample) (contract.Stat, error) {
	if t.options.Format == config.JSON {
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

// rawName returns the raw name with the tags back in it, so that the contract's
// checks of a name apply to tags too.
func rawName(tags []scrape.Label, name string) string {
	var raw strings.Builder
	raw.WriteString(contract.StatPrefix)
	for _, tag := range tags {
		raw.WriteString(tag.Name + contract.FieldEquals + tag.Value + contract.FieldEnd)
	}
	raw.WriteString(name)
	return raw.String()
}
