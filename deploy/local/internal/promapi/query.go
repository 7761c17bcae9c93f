package promapi

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/util/annotations"
)

// queryData is the result of an instant or range query.
type queryData struct {
	ResultType parser.ValueType `json:"resultType"`
	Result     json.RawMessage  `json:"result"`
}

func (o Options) query(r *http.Request) (any, annotations.Annotations, error) {
	at, err := timeParam(r, "time", time.Now())
	if err != nil {
		return nil, nil, err
	}
	query, err := o.Engine.NewInstantQuery(r.Context(), o.Storage, nil, r.FormValue("query"), at)
	return execute(r, query, err)
}

// maxSteps is Prometheus's limit of samples per series in a range query.
const maxSteps = 11000

func (o Options) queryRange(r *http.Request) (any, annotations.Annotations, error) {
	start, startErr := requiredTime(r, "start")
	end, endErr := requiredTime(r, "end")
	step, stepErr := stepParam(r)
	switch err := cmp.Or(startErr, endErr, stepErr); {
	case err != nil:
		return nil, nil, err
	case end.Before(start):
		return nil, nil, invalid("end", errors.New("end timestamp must not be before start time"))
	case end.Sub(start)/step > maxSteps:
		return nil, nil, badData{errors.New("exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)")}
	}
	query, err := o.Engine.NewRangeQuery(r.Context(), o.Storage, nil, r.FormValue("query"), start, end, step)
	return execute(r, query, err)
}

// execute runs a query that the engine made, if err is nil. The result is
// encoded here, because Close recycles its memory.
func execute(r *http.Request, query promql.Query, err error) (any, annotations.Annotations, error) {
	if err != nil {
		return nil, nil, invalid("query", err)
	}
	defer query.Close()
	result := query.Exec(r.Context())
	if result.Err != nil {
		return nil, result.Warnings, result.Err
	}
	encoded, err := encode(result.Value)
	return queryData{result.Value.Type(), encoded}, result.Warnings, err
}
