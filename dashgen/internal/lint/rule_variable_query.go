package lint

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
)

func variableQuery() rule {
	return rule{
		name: "template-label-promql",
		rule: "The query of a variable has a form of Grafana's Prometheus data source, such as `label_values(metric, label)`, with valid PromQL.",
		why:  "With an invalid query the variable has no values, and the panels are empty.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			for _, v := range d.Templating.List {
				if language := d.language(v.Datasource); v.Type != "query" || language == otherLanguage || language == metricsQL {
					continue
				}
				if problem := d.checkVariable(v.text()); problem != "" {
					report("variable "+v.Name, problem)
				}
			}
		},
	}
}

// variableFunction matches label_values(metric, label), query_result(expr),
// metrics(regex) and label_names().
var variableFunction = regexp.MustCompile(`(?s)^\s*(label_values|query_result|metrics|label_names)\s*\((.*)\)\s*$`)

// checkVariable returns the problem of a variable's query, or "".
func (d Dashboard) checkVariable(text string) string {
	groups := variableFunction.FindStringSubmatch(text)
	if groups == nil {
		if parsed, err := d.parse(text); err == nil && parsed.Type() == parser.ValueTypeVector {
			return "" // the series of a selector
		}
		return fmt.Sprintf("has the query %q: use label_values(metric, label)", text)
	}
	expr := groups[2]
	switch groups[1] {
	case "metrics", "label_names":
		return ""
	case "label_values":
		at := strings.LastIndexByte(expr, ',')
		if at < 0 {
			return "" // the values of a label of any metric
		}
		expr = expr[:at]
	}
	if _, err := d.parse(expr); err != nil {
		return err.Error() + ": " + expr
	}
	return ""
}
