package promapi

import (
	"fmt"

	jsoniter "github.com/json-iterator/go"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/util/jsonutil"
)

// encoder writes query results in Prometheus's JSON format: a sample is a list
// of Unix seconds and the value as text.
type encoder struct{ *jsoniter.Stream }

const bufferSize = 16 << 10

func encode(value parser.Value) ([]byte, error) {
	e := encoder{jsoniter.NewStream(jsoniter.ConfigCompatibleWithStandardLibrary, nil, bufferSize)}
	switch value := value.(type) {
	case promql.Matrix:
		e.list(len(value), func(i int) { e.series(value[i]) })
	case promql.Vector:
		e.list(len(value), func(i int) { e.sample(value[i]) })
	case promql.Scalar:
		e.float(value.T, value.V)
	case promql.String:
		e.point(value.T, func() { e.WriteString(value.V) })
	default:
		return nil, fmt.Errorf("a query gave the unknown type %s", value.Type())
	}
	return e.Buffer(), e.Error
}

func (e encoder) list(length int, item func(i int)) {
	e.WriteArrayStart()
	for i := range length {
		if i > 0 {
			e.WriteMore()
		}
		item(i)
	}
	e.WriteArrayEnd()
}

func (e encoder) series(s promql.Series) {
	e.metric(s.Metric)
	if len(s.Floats) > 0 {
		e.field("values")
		e.list(len(s.Floats), func(i int) { e.float(s.Floats[i].T, s.Floats[i].F) })
	}
	if len(s.Histograms) > 0 {
		e.field("histograms")
		e.list(len(s.Histograms), func(i int) { e.histogram(s.Histograms[i].T, s.Histograms[i].H) })
	}
	e.WriteObjectEnd()
}

func (e encoder) sample(s promql.Sample) {
	e.metric(s.Metric)
	if s.H != nil {
		e.field("histogram")
		e.histogram(s.T, s.H)
	} else {
		e.field("value")
		e.float(s.T, s.F)
	}
	e.WriteObjectEnd()
}

// metric begins the object of a series or sample.
func (e encoder) metric(metric labels.Labels) {
	e.WriteObjectStart()
	e.WriteObjectField("metric")
	e.WriteVal(metric)
}

func (e encoder) field(name string) {
	e.WriteMore()
	e.WriteObjectField(name)
}

func (e encoder) float(t int64, value float64) {
	e.point(t, func() { jsonutil.MarshalFloat(value, e.Stream) })
}

func (e encoder) histogram(t int64, value *histogram.FloatHistogram) {
	e.point(t, func() { jsonutil.MarshalHistogram(value, e.Stream) })
}

func (e encoder) point(t int64, value func()) {
	e.WriteArrayStart()
	jsonutil.MarshalTimestamp(t, e.Stream)
	e.WriteMore()
	value()
	e.WriteArrayEnd()
}
