package board

// Kind is a kind of Grafana panel. A new kind needs a new variable in this file
// and, if it uses a panel plugin that no other kind uses, the plugin's options in
// package grafana.
type Kind struct {
	name string // in messages; empty in a Kind that is not from this file
	// Plugin is the id of Grafana's panel plugin.
	Plugin string
	// Format is the format of the query (Grafana's Prometheus data source, "Format").
	Format string
	// OverTime is true if the panel shows a time range, and false if it shows the
	// latest values.
	OverTime bool
	// Stacked is true if each series is drawn on top of the one before.
	Stacked bool
	// ColoredByThreshold is true if a value has the colour of its threshold, and
	// not the colour of its series.
	ColoredByThreshold bool
}

// Kinds of panels.
var (
	TimeSeries        = Kind{name: "time series", Plugin: "timeseries", Format: "time_series", OverTime: true}
	StackedTimeSeries = Kind{name: "stacked time series", Plugin: "timeseries", Format: "time_series", OverTime: true, Stacked: true}
	// Heatmap shows the buckets of a histogram.
	Heatmap = Kind{name: "heatmap", Plugin: "heatmap", Format: "heatmap", OverTime: true}
	// StateTimeline shows when a series was in which of a few states.
	StateTimeline = Kind{name: "state timeline", Plugin: "state-timeline", Format: "time_series", OverTime: true, ColoredByThreshold: true}
	BarGauge      = Kind{name: "bar gauge", Plugin: "bargauge", Format: "time_series", ColoredByThreshold: true}
	Stat          = Kind{name: "stat", Plugin: "stat", Format: "time_series", ColoredByThreshold: true}
	// Table has a row for each series and a column for each label.
	Table = Kind{name: "table", Plugin: "table", Format: "table"}
)

// String returns the kind's name.
func (k Kind) String() string { return k.name }
