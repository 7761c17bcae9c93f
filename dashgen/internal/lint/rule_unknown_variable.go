package lint

import (
	"fmt"
	"strings"
)

func unknownVariable() rule {
	return rule{
		name: "unknown-variable",
		rule: "Each variable in a query, a legend, a title, or a panel's or row's repeat is defined in the dashboard.",
		why:  "Grafana does not replace an unknown variable, and no series has a label with the text `$name`. A panel that is repeated for an unknown variable is not repeated.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			has := map[string]bool{}
			for _, v := range d.Templating.List {
				has[v.Name] = true
			}
			for _, input := range d.Inputs {
				has[input.Name] = true
			}
			check := func(place, text string) {
				for _, reference := range variable.FindAllString(text, -1) {
					if name := variableName(reference); !has[name] && !strings.HasPrefix(name, "__") && !startsWithDigit(name) {
						report(place, fmt.Sprintf("uses the variable %s, which the dashboard does not define", reference))
					}
				}
			}
			for _, q := range d.queries() {
				check(q.place, q.expr)
			}
			for _, v := range d.Templating.List {
				if v.Type == "query" {
					check("variable "+v.Name, v.text())
				}
			}
			for _, p := range d.panelsAndRows() {
				check(p.name(), p.Title)
				for _, t := range p.Targets {
					check(p.name(), t.Legend)
				}
				if p.Repeat != "" && !has[p.Repeat] {
					report(p.name(), fmt.Sprintf("is repeated for the variable %s, which the dashboard does not define", p.Repeat))
				}
			}
		},
	}
}

// startsWithDigit reports whether a name is a group of label_replace, such as $1, or
// an amount of money, such as $5k.
func startsWithDigit(name string) bool { return name[0] >= '0' && name[0] <= '9' }

// panelsAndRows returns all panels and rows.
func (d Dashboard) panelsAndRows() []Panel {
	var all []Panel
	var add func(panels []Panel)
	add = func(panels []Panel) {
		for _, p := range panels {
			all = append(all, p)
			add(p.Panels)
		}
	}
	add(d.Panels)
	add(d.Rows)
	return all
}
