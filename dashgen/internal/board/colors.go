package board

import "github.com/moodring/moodring/contract"

// Color is the colour of the series with one name, as #rrggbb.
type Color struct{ Name, Hex string }

// Colors are the colours of a panel's series, by the first part of the legend.
// Grafana derives the colour of other series from the whole legend, so such a
// series has the same colour in all panels with the same legend.
type Colors []Color

const (
	green  = "#56a64b"
	amber  = "#f2a900"
	orange = "#e8711a"
	red    = "#c4162a"
	blue   = "#3274d9"
	purple = "#8f3bb8"
	pink   = "#e377a2"
	yellow = "#e0c400"
	grey   = "#808080"
)

// Hex returns the colour of a level, as #rrggbb.
func (l Level) Hex() string {
	return map[Level]string{Good: green, Warn: amber, Bad: red}[l]
}

// emotions are the colours of the demo model's labels. RATIONALE.md says why they
// are in everyone's dashboards.
func emotions() Colors {
	return Colors{
		{"anger", red},
		{"fear", purple},
		{"joy", yellow},
		{"love", pink},
		{"sadness", blue},
		{"surprise", orange},
		{contract.Other, grey},
	}
}

// DemoLabels returns the labels of the demo's model.
func DemoLabels() []string { return []string{"anger", "fear", "joy", "love", "sadness", "surprise"} }

func outcomes() Colors {
	return Colors{
		{contract.OutcomeCounted, green},
		{contract.OutcomeNoPredictions, blue},
		{contract.OutcomeUnparsed, red},
		{contract.OutcomeNotClassifier, pink},
		{contract.OutcomeTruncated, orange},
		{contract.OutcomeEncoded, purple},
		{contract.OutcomeErrorStatus, amber},
	}
}

func codeClasses() Colors {
	return Colors{{"1xx", grey}, {"2xx", green}, {"3xx", blue}, {"4xx", amber}, {"5xx", red}}
}

func limitResults() Colors {
	return Colors{
		{contract.ResultOK, green},
		{contract.ResultOverLimit, amber},
		{contract.ResultError, red},
		{contract.ResultFailureModeAllowed, purple},
	}
}
