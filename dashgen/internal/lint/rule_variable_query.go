package lint

import (
	"fmt"
	"regexp"
	"strings"
)

func variableQuery() rule {
	return rule{
		name: "template-label-promql",
		what: "A variable's query is one that Grafana's Prometheus data source knows, and the metric in it is PromQL.",
		why:  "Otherwise there is nothing to choose from, and the panels are empty.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			for _, v := range d.Templating.List {
				if v.Type != "query" {
					continue
				}
				if problem := d.offer(v.text()); problem != "" {
					report("variable "+v.Name, problem)
				}
			}
		},
	}
}

// offered takes label_values(metric, label), query_result(expr), metrics(regex)
// and label_names() apart.
var offered = regexp.MustCompile(`(?s)^\s*(label_values|query_result|metrics|label_names)\s*\((.*)\)\s*$`)

func (d Dashboard) offer(text string) string {
	groups := offered.FindStringSubmatch(text)
	if groups == nil {
		return fmt.Sprintf("asks %q: use label_values(metric, label)", text)
	}
	expr := groups[2]
	switch groups[1] {
	case "metrics", "label_names":
		return ""
	case "label_values":
		at := strings.LastIndexByte(expr, ',')
		if at < 0 {
			return "" // the values of a label, of whatever metric
		}
		expr = expr[:at]
	}
	if _, err := d.parse(expr); err != nil {
		return err.Error() + ": " + expr
	}
	return ""
}
