package board

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/moodring/moodring/contract"
)

// Color is a colour, as #rrggbb, for the series of one label. The label is the first
// part of the legend: it is Name, or matches Pattern.
type Color struct {
	Name, Hex string
	// Pattern is the inside of a regular expression in JavaScript. Name is then
	// only for messages.
	Pattern string
}

// Colors are the colours of a panel's series. Of several that fit, the last counts.
type Colors []Color

// Separator is between the parts of a legend. No part contains it.
const Separator = " · "

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
	teal   = "#1fa2a8"
	olive  = "#8a9a2b"
	brown  = "#a0632e"
	sky    = "#6ea6ff"
	indigo = "#5a4fcf"
)

// Hex returns the colour of a level, as #rrggbb.
func (l Level) Hex() string {
	return map[Level]string{Good: green, Warn: amber, Bad: red}[l]
}

// The groups of characters that a label begins and ends with. A pair of groups is a
// colour. The groups are chosen so that the labels of forty usual classifiers, of
// texts, pictures and tables, seldom share a colour.
const beginsWith = "0248acdkmnoqstxz"

var endsWith = [...]string{"3env", "1dfr", "47kmqs", "09cijpwy", "26aglx"}

// labelHexes are the colours by the group of the first character, and by the group of
// the last. The last column is for characters in no group.
var labelHexes = [2][len(endsWith) + 1]string{
	{orange, red, blue, green, olive, teal},
	{pink, purple, brown, yellow, indigo, sky},
}

// LabelHex returns the colour of a label, as #rrggbb.
func LabelHex(label string) string {
	if label == contract.Other || label == "" {
		return grey
	}
	first, _ := utf8.DecodeRuneInString(label)
	last, _ := utf8.DecodeLastRuneInString(label)
	row := 1
	if strings.ContainsRune(beginsWith, first) {
		row = 0
	}
	for column, group := range endsWith {
		if strings.ContainsRune(group, last) {
			return labelHexes[row][column]
		}
	}
	return labelHexes[row][len(endsWith)]
}

// labelColors returns the colours of any model's labels, by the first and the last
// character: a label has the same colour on every dashboard, in every Grafana.
// RATIONALE.md says why.
func labelColors() Colors {
	ends := endsWith[:]
	notListed := "^" + strings.Join(ends, "") + "·"
	var all Colors
	for i, begin := range []string{"[" + beginsWith + "]", "[^" + beginsWith + "]"} {
		for j, end := range append(slices.Clone(ends), notListed) {
			all = append(all, Color{
				Name:    begin + " to [" + end + "]",
				Pattern: "(?=" + begin + ")[^·]*[" + end + "]",
				Hex:     labelHexes[i][j],
			})
		}
	}
	return append(all, Color{Name: contract.Other, Hex: grey})
}

// DemoLabels returns the labels of the demo's model.
func DemoLabels() []string { return []string{"anger", "fear", "joy", "love", "sadness", "surprise"} }

func outcomes() Colors {
	return Colors{
		{Name: contract.OutcomeCounted, Hex: green},
		{Name: contract.OutcomeNoPredictions, Hex: blue},
		{Name: contract.OutcomeUnparsed, Hex: red},
		{Name: contract.OutcomeNotClassifier, Hex: pink},
		{Name: contract.OutcomeTruncated, Hex: orange},
		{Name: contract.OutcomeEncoded, Hex: purple},
		{Name: contract.OutcomeErrorStatus, Hex: amber},
	}
}

func codeClasses() Colors {
	return Colors{{Name: "1xx", Hex: grey}, {Name: "2xx", Hex: green}, {Name: "3xx", Hex: blue}, {Name: "4xx", Hex: amber}, {Name: "5xx", Hex: red}}
}

func limitResults() Colors {
	return Colors{
		{Name: contract.ResultOK, Hex: green},
		{Name: contract.ResultOverLimit, Hex: amber},
		{Name: contract.ResultError, Hex: red},
		{Name: contract.ResultFailureModeAllowed, Hex: purple},
	}
}
