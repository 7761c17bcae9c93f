package promweb

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/moodring/moodring/contract"
)

// queryContent is the content of the page of queries.
type queryContent struct {
	Expression string
	Examples   []example
	Result     result
	Err        error
}

// example is a query to try.
type example struct{ Title, Expression string }

// examples are about Moodring's own metrics.
var examples = []example{
	{"predictions by label", fmt.Sprintf("sum by (%s, %s) (%s)", contract.LabelModel, contract.LabelLabel, contract.Predictions)},
	{"predictions a second", fmt.Sprintf("sum by (%s) (rate(%s[1m]))", contract.LabelModel, contract.Predictions)},
	{"replies by outcome", fmt.Sprintf("sum by (%s) (%s)", contract.LabelOutcome, contract.Replies)},
	{"refused requests", fmt.Sprintf("%s{%s=%q} or %s{%s=%q}", contract.Authorization, contract.LabelResult, contract.ResultDenied, contract.RateLimit, contract.LabelResult, contract.ResultOverLimit)},
	{"alerts", "ALERTS"},
}

// result is the answer to a query.
type result struct {
	Rows     []row
	Left     int // rows that are not shown
	Warnings []string
}

// row is a series, and its value or its values.
type row struct{ Series, Value string }

// maxRows is as many series as a page can show.
const maxRows = 1000

func (s site) query(r *http.Request) any {
	content := queryContent{Expression: r.FormValue("query"), Examples: examples}
	if content.Expression != "" {
		content.Result, content.Err = s.run(r.Context(), content.Expression)
	}
	return content
}

// run evaluates an expression now.
func (s site) run(ctx context.Context, expression string) (result, error) {
	query, err := s.API.Engine.NewInstantQuery(ctx, s.API.Storage, nil, expression, s.Now())
	if err != nil {
		return result{}, err
	}
	defer query.Close()
	answer := query.Exec(ctx)
	if answer.Err != nil {
		return result{}, answer.Err
	}
	rows := rowsOf(answer.Value)
	warnings, infos := answer.Warnings.AsStrings(expression, 0, 0)
	shown := min(len(rows), maxRows)
	return result{rows[:shown], len(rows) - shown, append(warnings, infos...)}, nil
}

func rowsOf(value parser.Value) []row {
	var rows []row
	switch value := value.(type) {
	case promql.Vector:
		for _, sample := range value {
			rows = append(rows, row{sample.Metric.String(), valueOf(sample)})
		}
	case promql.Matrix:
		for _, series := range value {
			rows = append(rows, row{series.Metric.String(), series.String()})
		}
	case promql.Scalar:
		rows = append(rows, row{"scalar", number(value.V)})
	case promql.String:
		rows = append(rows, row{"string", value.V})
	}
	return rows
}

func valueOf(sample promql.Sample) string {
	if sample.H != nil {
		return sample.H.String()
	}
	return number(sample.F)
}

func number(value float64) string { return strconv.FormatFloat(value, 'g', 6, 64) }
