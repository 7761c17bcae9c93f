package lint

import (
	"fmt"
	"slices"
	"strings"
)

func variableCircle() rule {
	return rule{
		name: "template-circle",
		rule: "The query of a variable does not depend on the variable itself, neither directly nor through other variables.",
		why:  "Grafana cannot tell which variable to load first, and the dashboard does not load its variables.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			needs := map[string][]string{}
			for _, v := range d.Templating.List {
				needs[v.Name] = variableNames(v.text() + " " + v.Regex + " " + readReference(v.Datasource).UID)
			}
			reported := map[string]bool{}
			for _, v := range d.Templating.List {
				circle := circleFrom(needs, []string{v.Name}, map[string]bool{})
				if circle == nil || reported[v.Name] {
					continue
				}
				for _, name := range circle {
					reported[name] = true
				}
				report("variable "+v.Name, fmt.Sprintf("depends on itself: %s", strings.Join(circle, " needs ")))
			}
		},
	}
}

// circleFrom extends a path of variables, each of which needs the next, until it
// returns to its start. It returns nil if no path does. No path through one of seen does.
func circleFrom(needs map[string][]string, path []string, seen map[string]bool) []string {
	for _, next := range needs[path[len(path)-1]] {
		if next == path[0] {
			return append(path, next)
		}
		if seen[next] {
			continue
		}
		seen[next] = true
		if circle := circleFrom(needs, append(slices.Clone(path), next), seen); circle != nil {
			return circle
		}
	}
	return nil
}
