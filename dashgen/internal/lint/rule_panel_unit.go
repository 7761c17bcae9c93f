package lint

func panelUnit() rule {
	return rule{
		name: "panel-units",
		rule: "Each panel of numbers has a unit, or texts for its values.",
		why:  "0.25 could be a quarter of a second or a quarter of all requests. For plain numbers, use the unit `none`.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			for _, p := range d.panels() {
				defaults := p.FieldConfig.Defaults
				if p.hasQueries() && len(p.Targets) > 0 && p.Type != "table" && p.Type != "logs" && defaults.Unit == "" && len(defaults.Mappings) == 0 {
					report(p.name(), "has no unit: set fieldConfig.defaults.unit, to none for a plain number")
				}
			}
		},
	}
}
