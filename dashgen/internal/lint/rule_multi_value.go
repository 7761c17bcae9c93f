package lint

import (
	"fmt"
	"regexp"
	"slices"
)

func multiValue() rule {
	return rule{
		name: "template-multi-value",
		rule: "A variable with several values, or with All, is matched with `=~` or `!~`.",
		why:  "Grafana writes several values as `(a|b)`, which is a regular expression: with `=`, no series has this value, and the panel is empty.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			lists := map[string]bool{}
			for _, v := range d.Templating.List {
				lists[v.Name] = v.isList()
			}
			check := func(place, text string, single []string) {
				for _, match := range matcher.FindAllStringSubmatch(text, -1) {
					label, operator, value := match[1], match[2], match[3]
					for _, name := range variableNames(value) {
						if (operator == "=" || operator == "!=") && lists[name] && !slices.Contains(single, name) {
							report(place, fmt.Sprintf("matches %s%s%s, and the variable %s can have several values: use %s", label, operator, value, name, regexOperator[operator]))
						}
					}
				}
			}
			for _, q := range d.queries() {
				check(q.place, q.expr, q.repeated)
			}
			for _, v := range d.Templating.List {
				if v.Type == "query" && d.language(v.Datasource) != otherLanguage {
					check("variable "+v.Name, v.text(), nil)
				}
			}
		},
	}
}

var (
	// matcher matches a matcher of a label: the label, the operator and the text.
	matcher       = regexp.MustCompile(`([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')`)
	regexOperator = map[string]string{"=": "=~", "!=": "!~"}
)
