package drift

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// States of an alert. Prometheus calls the first one inactive.
const (
	quiet   = "quiet"
	pending = "pending"
	firing  = "firing"
)

// Phase is the result for one mix.
type Phase struct {
	Mix     string  `json:"mix"`
	Seconds float64 `json:"seconds"`
	Sent    int     `json:"sent"`
	// Values of the rules for the window that ends with the phase.
	Answers  float64 `json:"answers"`
	Share    float64 `json:"share"` // of Label, 0 to 1
	Index    float64 `json:"psi"`
	Distance float64 `json:"distance"`
	// Alert is the state closest to firing during the phase. FiredAfter is the
	// time from the phase's start to the first firing.
	Alert      string  `json:"alert"`
	FiredAfter float64 `json:"fired_after_seconds,omitempty"`
}

// Result is the result of a run.
type Result struct {
	OK            bool     `json:"ok"`
	Seconds       float64  `json:"seconds"`
	WindowSeconds float64  `json:"window_seconds"`
	ForSeconds    float64  `json:"for_seconds"`
	Phases        []Phase  `json:"phases"`
	Differences   []string `json:"differences,omitempty"`
}

func (p *Phase) add(r reading, sent int, elapsed time.Duration) {
	p.Sent, p.Seconds = sent, elapsed.Seconds()
	p.Answers, p.Share, p.Index, p.Distance = r.answers, r.share, r.index, r.distance
	if r.alert == firing && p.Alert != firing {
		p.FiredAfter = elapsed.Seconds()
	}
	if r.alert == firing || p.Alert == quiet {
		p.Alert = r.alert
	}
}

func (p Phase) line() string {
	if p.Answers <= minPredictions {
		return fmt.Sprintf("%s: sent %d, too few in the window yet", p.Mix, p.Sent)
	}
	return fmt.Sprintf("%s: sent %d, %s has %.1f %%, index %.3f, alert %s", p.Mix, p.Sent, Label, 100*p.Share, p.Index, p.Alert)
}

// judge sets Differences and OK. With too few predictions the alert is quiet for
// any mix, so a quiet alert proves nothing then.
func (r *Result) judge() {
	for i, p := range r.Phases {
		if p.Answers <= minPredictions {
			r.Differences = append(r.Differences, fmt.Sprintf("%s: %.0f predictions in the window are too few for the alert, which requires more than %d; is the machine busy?", p.Mix, p.Answers, minPredictions))
			continue
		}
		want := quiet
		if i > 0 {
			want = firing
		}
		if p.Alert != want {
			r.Differences = append(r.Differences, fmt.Sprintf("%s: the alert was %s, and should have been %s; the index was %.3f of %.0f predictions", p.Mix, p.Alert, want, p.Index, p.Answers))
		}
	}
	r.OK = len(r.Differences) == 0
}

// WriteTable prints the result as text.
func (r Result) WriteTable(to io.Writer) error {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(format string, args ...any) {
		_, _ = fmt.Fprintf(table, format, args...) // Flush returns the error
	}
	row("mix\tsent\t%s\tindex\tdistance\talert\t\n", Label)
	for _, p := range r.Phases {
		alert := p.Alert
		if p.Alert == firing {
			alert = fmt.Sprintf("firing after %.0f s", p.FiredAfter)
		}
		row("%s\t%d\t%.1f %%\t%.3f\t%.3f\t%s\t\n", p.Mix, p.Sent, 100*p.Share, p.Index, p.Distance, alert)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	verdict := ruleAlert + " fires when " + Label + "'s share is doubled, and not before"
	if !r.OK {
		verdict = "NOT AS EXPECTED"
	}
	_, err := fmt.Fprintf(to, "\nrules:  over %g s, and for %g s\nresult: %s; after %.1f s\n", r.WindowSeconds, r.ForSeconds, verdict, r.Seconds)
	for _, difference := range r.Differences {
		if err == nil {
			_, err = fmt.Fprintf(to, "  %s\n", difference)
		}
	}
	return err
}
