package board

// Unit says how Grafana writes a panel's values and where the axis ends. A new
// unit needs only a new variable in this file.
type Unit struct {
	name string // in messages; empty in a Unit that is not from this file
	// ID is Grafana's id of the unit (packages/grafana-data,
	// src/valueFormats/categories.ts).
	ID string
	// Decimals is the number of decimal places. If nil, Grafana chooses.
	Decimals *float64
	// Min and Max are the ends of the axis. If nil, Grafana chooses.
	Min, Max *float64
	// Words replace the values 0 and 1.
	Words [2]string
	// Filled is true if the area below a line is filled. Shares and scores are
	// not amounts, and several filled areas would hide each other.
	Filled bool
	// LimitByThreshold ends the bars of a bar gauge at twice the last threshold.
	// A single bar would otherwise always have the full length.
	LimitByThreshold bool
}

var zero, one, two = 0.0, 1.0, 2.0

// Units.
var (
	Count          = Unit{name: "count", ID: "none", Decimals: &zero, Min: &zero, Filled: true}
	PerSecond      = Unit{name: "per second", ID: "suffix:/s", Min: &zero, Filled: true}
	Share          = Unit{name: "share", ID: "percentunit", Min: &zero, Max: &one}
	Score          = Unit{name: "score", ID: "none", Min: &zero, Max: &one}
	Seconds        = Unit{name: "seconds", ID: "s", Min: &zero, Filled: true}
	UpDown         = Unit{name: "up or down", ID: "none", Min: &zero, Max: &one, Words: [2]string{"down", "up"}, Filled: true}
	YesNo          = Unit{name: "yes or no", ID: "none", Min: &zero, Max: &one, Words: [2]string{"no", "yes"}, Filled: true}
	BytesPerSecond = Unit{name: "bytes per second", ID: "Bps", Min: &zero, Filled: true}
	Bytes          = Unit{name: "bytes", ID: "bytes", Min: &zero, Filled: true}
	// Units of metrics that dashgen discover finds.
	Milliseconds = Unit{name: "milliseconds", ID: "ms", Min: &zero, Filled: true}
	Microseconds = Unit{name: "microseconds", ID: "µs", Min: &zero, Filled: true}
	Nanoseconds  = Unit{name: "nanoseconds", ID: "ns", Min: &zero, Filled: true}
	Kilobytes    = Unit{name: "kilobytes", ID: "kbytes", Min: &zero, Filled: true}
	Megabytes    = Unit{name: "megabytes", ID: "mbytes", Min: &zero, Filled: true}
	Gigabytes    = Unit{name: "gigabytes", ID: "gbytes", Min: &zero, Filled: true}
	Percent      = Unit{name: "percent", ID: "percent", Min: &zero}
	Joules       = Unit{name: "joules", ID: "joule", Min: &zero, Filled: true}
	Volts        = Unit{name: "volts", ID: "volt", Filled: true}
	Watts        = Unit{name: "watts", ID: "watt", Filled: true}
	Hertz        = Unit{name: "hertz", ID: "hertz", Min: &zero, Filled: true}

	Celsius = Unit{name: "degrees Celsius", ID: "celsius", Filled: true}
	// Distance is the distance between two mixes of labels; 0 means equal.
	Distance = Unit{name: "distance", ID: "none", Decimals: &two, Min: &zero, LimitByThreshold: true}
	// ShareDifference and ScoreDifference are from -1 to 1.
	ShareDifference = Unit{name: "share difference", ID: "percentunit"}
	ScoreDifference = Unit{name: "score difference", ID: "none"}
	// Size is a number of 0 or more that may have decimal places, such as a mean of counts.
	Size = Unit{name: "size", ID: "short", Min: &zero, Filled: true}
	// Number is any number. Its unit is not known, and it may be negative.
	Number = Unit{name: "number", ID: "short", Filled: true}
)

// String returns the unit's name.
func (u Unit) String() string { return u.name }
