package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/moodring/moodring/contract"
)

//go:embed report.html
var page string

// HTML returns the file. Every text in it is escaped.
func (r Report) HTML() ([]byte, error) {
	read, err := template.New("report").Funcs(template.FuncMap{
		"count": count, "percent": percent, "points": points, "number": number, "stamp": stamp, "length": length, "means": means,
		"known": func(v float64) bool { return !math.IsNaN(v) },
		"share": func(c Count) string { return percent(c.N / c.Of) },
		"minus": func(a, b float64) float64 { return a - b },
	}).Parse(page)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	var out bytes.Buffer
	if err := read.Execute(&out, r); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return out.Bytes(), nil
}

// count writes a number of predictions, with spaces between thousands. Prometheus
// estimates an increase, so a count can have a fraction.
func count(n float64) string {
	digits := strconv.FormatFloat(math.Round(n), 'f', 0, 64)
	var groups []string
	for len(digits) > 3 {
		groups = append([]string{digits[len(digits)-3:]}, groups...)
		digits = digits[:len(digits)-3]
	}
	return strings.Join(append([]string{digits}, groups...), "\u202f")
}

func percent(share float64) string {
	switch {
	case math.IsNaN(share):
		return "–"
	case share > 0 && share < 0.001:
		return "< 0.1 %"
	}
	return strconv.FormatFloat(share*100, 'f', 1, 64) + " %"
}

// points writes a difference of shares in percentage points.
func points(difference float64) string {
	if math.IsNaN(difference) {
		return "–"
	}
	return fmt.Sprintf("%+.1f", difference*100)
}

func number(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 UTC") }

// Probability writes the probability of a test in words.
func (t Test) Probability() string {
	if t.P < 0.0001 {
		return "less than 0.0001"
	}
	return strconv.FormatFloat(t.P, 'f', 4, 64)
}

// Share returns the number of counted replies divided by the number of all replies.
func (r Report) Share() float64 {
	for _, o := range r.Outcomes {
		if o.Name == contract.OutcomeCounted {
			return o.N / o.Of
		}
	}
	return math.NaN()
}

// means describes an outcome of a reply.
func means(outcome string) string {
	return map[string]string{
		contract.OutcomeCounted:       "the predictions are counted",
		contract.OutcomeNoPredictions: "the reply is valid, and has no predictions",
		contract.OutcomeUnparsed:      "the reply is invalid, or of an unknown form",
		contract.OutcomeNotClassifier: "the model answers no labels",
		contract.OutcomeTruncated:     "the reply ended early",
		contract.OutcomeEncoded:       "the reply is compressed, and so not read",
		contract.OutcomeErrorStatus:   "the model or the gateway answered with an error",
	}[outcome]
}
