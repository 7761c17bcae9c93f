package expose

import (
	"cmp"
	"slices"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/transform"
)

// protobufForm encodes io.prometheus.client.MetricFamily. The elements of a repeated
// field can be encoded one after another. So, as in text, a family is a header and
// the metrics of each gateway.
type protobufForm struct{}

// metricField is the field number of MetricFamily.metric.
const metricField protowire.Number = 4

func (protobufForm) appendHeader(dst []byte, name string, f *transform.Family) []byte {
	return appendMessage(dst, familyHeader(name, f))
}

func (protobufForm) appendSeries(dst []byte, s transform.Series) []byte {
	return appendMetric(dst, toDTO(s))
}

func appendMetric(dst []byte, m *dto.Metric) []byte {
	dst = protowire.AppendTag(dst, metricField, protowire.BytesType)
	dst = protowire.AppendVarint(dst, uint64(proto.Size(m)))
	return appendMessage(dst, m)
}

// appendMessage appends m. It cannot fail, because m has no required fields and
// only valid UTF-8.
func appendMessage(dst []byte, m proto.Message) []byte {
	dst, _ = proto.MarshalOptions{}.MarshalAppend(dst, m)
	return dst
}

func familyHeader(name string, f *transform.Family) *dto.MetricFamily {
	family := &dto.MetricFamily{Name: &name, Help: &f.Help, Type: dtoType(f.Type)}
	if f.Unit != "" {
		family.Unit = &f.Unit
	}
	return family
}

func dtoType(t contract.Type) *dto.MetricType {
	switch t {
	case contract.Counter:
		return dto.MetricType_COUNTER.Enum()
	case contract.Histogram:
		return dto.MetricType_HISTOGRAM.Enum()
	}
	return dto.MetricType_GAUGE.Enum()
}

// contractType is the inverse of dtoType. A summary has the names of a histogram.
func contractType(t dto.MetricType) contract.Type {
	switch t {
	case dto.MetricType_COUNTER:
		return contract.Counter
	case dto.MetricType_HISTOGRAM, dto.MetricType_GAUGE_HISTOGRAM, dto.MetricType_SUMMARY:
		return contract.Histogram
	}
	return contract.Gauge
}

func toDTO(s transform.Series) *dto.Metric {
	m := &dto.Metric{Label: pairs(s.Labels)}
	switch s.Type {
	case contract.Counter:
		m.Counter = &dto.Counter{Value: &s.Value, CreatedTimestamp: timestamp(s.Start)}
	case contract.Histogram:
		m.Histogram = classic(s.Histogram)
		m.Histogram.CreatedTimestamp = timestamp(s.Start)
	default:
		m.Gauge = &dto.Gauge{Value: &s.Value}
	}
	return m
}

// timestamp returns the time of a start, or nil if it is unknown.
func timestamp(s transform.Start) *timestamppb.Timestamp {
	if s == 0 {
		return nil
	}
	return timestamppb.New(s.Time())
}

// pairs returns the labels sorted by name, without __name__.
func pairs(all labels.Labels) []*dto.LabelPair {
	var pairs []*dto.LabelPair
	all.Range(func(l labels.Label) {
		if l.Name != model.MetricNameLabel {
			pairs = append(pairs, &dto.LabelPair{Name: &l.Name, Value: &l.Value})
		}
	})
	slices.SortFunc(pairs, func(a, b *dto.LabelPair) int { return cmp.Compare(a.GetName(), b.GetName()) })
	return pairs
}

// classic returns a histogram with classic buckets.
func classic(h *transform.Histogram) *dto.Histogram {
	buckets := make([]*dto.Bucket, len(h.Buckets))
	for i := range h.Buckets {
		buckets[i] = &dto.Bucket{UpperBound: &h.Buckets[i].Bound, CumulativeCount: &h.Buckets[i].Count}
	}
	return &dto.Histogram{SampleCount: &h.Count, SampleSum: &h.Sum, Bucket: buckets}
}
