package shape

import (
	"slices"
	"strconv"
	"strings"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/scrape"
)

// addPlugin adds a counter of the plugin and tells whether it could.
func (t *table) addPlugin(sample scrape.Sample) bool {
	stat, err := t.decode(sample)
	if err != nil || !isCount(sample.Value) {
		return false
	}
	name, part := contract.SplitStat(stat.Name)
	values, le, ok := t.values(name, stat.Fields)
	if !ok || (part == contract.SuffixBucket) != (le != "") {
		return false
	}
	return t.at(name, values...).addPart(part, le, sample.Value)
}

// addPart adds to a counter, where part is empty, or to a part of a metric.
func (e *entry) addPart(part, le string, value float64) bool {
	switch part {
	case contract.SuffixCount:
		e.parts.count, e.parts.isWhole = e.parts.count+value, true
		e.fillBuckets()
	case contract.SuffixSum:
		e.parts.sum += value * contract.SumScale
	case contract.SuffixMillionths:
		e.value += value * contract.SumScale
	case contract.SuffixBucket:
		bound, err := strconv.ParseFloat(le, 64)
		e.parts.buckets[bound] += value
		return err == nil
	default:
		e.value += value
	}
	return true
}

// fillBuckets adds the buckets that have not counted yet.
func (e *entry) fillBuckets() {
	for _, bound := range contract.Bounds(e.metric.Name) {
		e.parts.buckets[bound.Value] += 0
	}
}

// values puts the fields in the order of the metric's labels; one that the
// stat does not have is empty. It is false where a field is there twice, or is
// none of the metric's.
func (t *table) values(name string, fields []contract.Field) (values []string, le string, ok bool) {
	keys := t.metrics[name].Labels[1:]
	values = make([]string, len(keys))
	isSet := make([]bool, len(keys))
	for _, field := range fields {
		if field.Key == contract.LabelBucket {
			le = field.Value
			continue
		}
		i := slices.Index(keys, field.Key)
		if i < 0 || isSet[i] {
			return nil, "", false
		}
		values[i], isSet[i] = validText(field.Value), true
	}
	return values, le, true
}

// decode reads a stat's name by the contract, and in Prometheus's form also
// the labels that Envoy was told to take out of it (stats_tags, extraStatTags).
func (t *table) decode(sample scrape.Sample) (contract.Stat, error) {
	if t.format == config.JSON {
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
