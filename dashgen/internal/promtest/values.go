package promtest

import (
	"errors"
	"math"
	"net/http"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// labelValues follows "Querying label values" of Prometheus's HTTP API
// documentation.
func (p prometheus) labelValues(w http.ResponseWriter, r *http.Request) {
	var matchers []*labels.Matcher
	if series := r.FormValue("match[]"); series != "" {
		var err error
		if matchers, err = parser.NewParser(parser.Options{}).ParseMetricSelector(series); err != nil {
			refuse(w, http.StatusBadRequest, "bad_data", err)
			return
		}
	}
	querier, err := p.stored.Querier(math.MinInt64, math.MaxInt64)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "internal", err)
		return
	}
	values, _, err := querier.LabelValues(r.Context(), r.PathValue("name"), nil, matchers...)
	if err := errors.Join(err, querier.Close()); err != nil {
		refuse(w, http.StatusInternalServerError, "internal", err)
		return
	}
	reply(w, http.StatusOK, map[string]any{"status": "success", "data": values})
}
