package lint

import (
	"cmp"
	"slices"
)

func panelUnit() rule {
	return rule{
		name: "panel-units",
		rule: "Each panel of numbers has a unit, or texts for its values.",
		why:  "0.25 could be a quarter of a second or a quarter of all requests. For plain numbers, use the unit `none`.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			for _, p := range d.panels() {
				if p.hasQueries() && len(p.Targets) > 0 && !slices.Contains(withoutUnit, p.Type) && p.unit() == "" && !p.overridesUnit() && len(p.FieldConfig.Defaults.Mappings) == 0 {
					report(p.name(), "has no unit: set fieldConfig.defaults.unit, to none for a plain number")
				}
			}
		},
	}
}

// withoutUnit lists the types of panels without a unit for the whole panel. Some of
// them have a unit for each column.
var withoutUnit = []string{"table", "table-old", "logs", "traces", "nodeGraph", "flamegraph", "heatmap", "geomap", "datagrid"}

// unit returns the unit of a panel's values; "" if it has none.
func (p Panel) unit() string {
	axis := ""
	if len(p.Axes) > 0 {
		axis = p.Axes[0].Format
	}
	return cmp.Or(p.FieldConfig.Defaults.Unit, axis, p.Format)
}

// overridesUnit reports whether some series of the panel have a unit of their own.
func (p Panel) overridesUnit() bool {
	for _, override := range p.FieldConfig.Overrides {
		for _, property := range override.Properties {
			if property.ID == "unit" {
				return true
			}
		}
	}
	return false
}
