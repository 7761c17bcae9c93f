package demo

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
)

// WriteTable prints the result as text.
func (r Result) WriteTable(to io.Writer) error {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(format string, args ...any) {
		_, _ = fmt.Fprintf(table, format, args...) // Flush returns the error
	}
	row("answers\tmodel server\tEnvoy\texporter\tPrometheus\t\n")
	for _, label := range slices.Sorted(maps.Keys(r.Answers)) {
		a := r.Answers[label]
		row("%s\t%d\t%d\t%d\t%d\t\n", label, a.ModelServer, a.Envoy, a.Exporter, a.Prometheus)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	verdict := "all equal"
	if !r.OK {
		verdict = "DIFFERENT"
	}
	_, err := fmt.Fprintf(to, "\nrefused: %d of %d denied (403) and %d of %d rate-limited (429) calls counted\npanels:  %d of %d answered\nresult:  %s, after %.1f s\n",
		r.Denied.Counted, r.Denied.Sent, r.RateLimited.Counted, r.RateLimited.Sent,
		r.Panels.Answered, r.Panels.Total, verdict, r.Seconds)
	for _, difference := range r.Differences {
		if err == nil {
			_, err = fmt.Fprintf(to, "  %s\n", difference)
		}
	}
	return err
}
