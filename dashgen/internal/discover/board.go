// Package discover proposes a board for metrics that nobody described, by their
// types, the units in their names, and their labels.
package discover

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// Family is a metric as it was found.
type Family struct {
	Name   string
	Type   contract.Type // or Summary or Untyped
	Help   string
	Labels map[string]int // how many values each label has, without le and quantile
}

// Types that the contract has no use for: a Summary's quantiles are its
// process's own, and of an Untyped metric nobody says what it is.
const (
	Summary contract.Type = "summary"
	Untyped contract.Type = "untyped"
)

// The labels that Prometheus adds when it scrapes.
const (
	labelJob      = "job"
	labelInstance = "instance"
)

// fewValues is how many values of a label can be told apart in a panel.
const fewValues = 12

// Board proposes a board that shows each family once.
func Board(title, uid string, families []Family) board.Board {
	families = slices.SortedFunc(slices.Values(families), func(a, b Family) int { return cmp.Compare(a.Name, b.Name) })
	b := board.Board{
		UID: uid, File: uid, Title: title,
		Description: "Proposed by dashgen discover from the metrics' names, types and labels.",
	}
	if len(families) == 0 {
		return b
	}
	of := []string{labelJob, labelInstance}
	b.Variables = promql.Variables{
		{Title: "Job", Metric: families[0].series(), Label: labelJob, Labels: of},
		{Title: "Instance", Metric: families[0].series(), Label: labelInstance, Labels: of},
	}
	for _, f := range families {
		area := f.area()
		if n := len(b.Rows); n == 0 || b.Rows[n-1].Title != area {
			b.Rows = append(b.Rows, board.Row{Title: area})
		}
		row := &b.Rows[len(b.Rows)-1]
		row.Panels = append(row.Panels, f.observables()...)
	}
	return b
}

// series is the name of a series that the family has in Prometheus.
func (f Family) series() string {
	if f.Type == contract.Histogram || f.Type == Summary {
		return f.Name + contract.SuffixCount
	}
	return f.Name
}

// area is the first words of the name, under which it stands.
func (f Family) area() string {
	words := strings.FieldsFunc(f.Name, func(r rune) bool { return r == '_' || r == ':' })
	return strings.Join(words[:min(2, len(words))], " ")
}

// metric is the family as queries see it, with what scraping adds.
func (f Family) metric() contract.Metric {
	labels := []string{labelJob, labelInstance}
	for label := range f.Labels {
		if label != labelJob && label != labelInstance {
			labels = append(labels, label)
		}
	}
	slices.Sort(labels[2:])
	return contract.Metric{Name: f.Name, Type: f.Type, Labels: labels, Help: f.Help}
}

// apart is the label by which the family's series are told apart: the one of
// most values, as long as these are few. It is empty when there is none.
func (f Family) apart() []string {
	best, values := "", 1
	for _, label := range f.metric().Labels {
		if n := f.Labels[label]; n > values && n <= fewValues && label != labelJob && label != labelInstance {
			best, values = label, n
		}
	}
	if best == "" {
		return nil
	}
	return []string{best}
}

func (f Family) observables() []board.Panel {
	switch {
	case f.Type == contract.Counter:
		return []board.Panel{f.panel("", board.TimeSeries, f.growing(), board.Series{
			Query: promql.SumBy(promql.Rate(promql.SelectDiscovered(f.metric(), "")), f.apart()...), Legend: f.legend(),
		})}
	case f.Type == contract.Histogram:
		return f.distribution()
	case f.Type == Summary:
		return []board.Panel{f.panel(" (mean)", board.TimeSeries, f.unit(), board.Series{
			Query: promql.Div(f.rate("_sum"), f.rate(contract.SuffixCount)), Legend: f.legend(),
		})}
	case f.isMoment():
		return []board.Panel{f.panel(" (age)", board.TimeSeries, board.Seconds, board.Series{
			Query: promql.SecondsSince(promql.MaxBy(promql.SelectDiscovered(f.metric(), ""), f.apart()...)), Legend: f.legend(),
		})}
	case strings.HasSuffix(f.Name, "_info"):
		labels := f.metric().Labels[2:]
		return []board.Panel{f.panel("", board.Table, board.Count, board.Series{
			Query: promql.CountBy(promql.SelectDiscovered(f.metric(), ""), labels...), Legend: legend(labels),
		})}
	}
	return []board.Panel{f.panel("", board.TimeSeries, f.unit(), board.Series{
		Query: promql.SumBy(promql.SelectDiscovered(f.metric(), ""), f.apart()...), Legend: f.legend(),
	})}
}

// isMoment tells a point in time, in seconds of the epoch, from a length of time,
// by the words that Prometheus's own libraries name it with.
func (f Family) isMoment() bool {
	return strings.HasSuffix(f.Name, "_timestamp_seconds") || strings.HasSuffix(f.Name, "_start_time_seconds") || strings.HasSuffix(f.Name, "_last_gc_time_seconds")
}

// distribution shows a histogram as a picture and by its quantiles.
func (f Family) distribution() []board.Panel {
	buckets := promql.Rate(promql.SelectDiscovered(f.metric(), contract.SuffixBucket))
	byBucket := promql.SumBy(buckets, contract.LabelBucket)
	var quantiles []board.Series
	for _, phi := range []float64{0.5, 0.95, 0.99} {
		quantiles = append(quantiles, board.Series{Query: promql.HistogramQuantile(phi, byBucket), Legend: fmt.Sprintf("p%g", phi*100)})
	}
	return []board.Panel{
		f.panel(" (quantiles)", board.TimeSeries, f.unit(), quantiles...),
		f.panel(" (distribution)", board.Heatmap, f.unit(), board.Series{Query: byBucket, Legend: "{{le}}"}),
	}
}

func (f Family) rate(part string) promql.Query {
	return promql.SumBy(promql.Rate(promql.SelectDiscovered(f.metric(), part)), f.apart()...)
}

func (f Family) legend() string {
	if apart := f.apart(); apart != nil {
		return legend(apart)
	}
	return f.Name
}

func legend(labels []string) string {
	var parts []string
	for _, label := range labels {
		parts = append(parts, "{{"+label+"}}")
	}
	if parts == nil {
		return "all"
	}
	return strings.Join(parts, " ")
}

func (f Family) panel(what string, kind board.Kind, unit board.Unit, series ...board.Series) board.Panel {
	question := strings.TrimSpace(strings.ReplaceAll(f.Help, "$", ""))
	if question == "" {
		question = f.Name + ", of which nobody says what it is."
	}
	return board.Panel{
		Title: f.Name + what, Question: question, Kind: kind, Unit: unit, Series: series,
		NoAlert: "nobody has said yet when it is wrong",
		Next:    "Say here what to do when it looks bad.",
	}
}

// unit is what the name ends in, by Prometheus's naming practices.
func (f Family) unit() board.Unit {
	name := strings.TrimSuffix(f.Name, total)
	for _, u := range []struct {
		ending string
		unit   board.Unit
	}{
		{"_seconds", board.Seconds}, {"_bytes", board.Bytes}, {"_ratio", board.Share}, {"_celsius", board.Celsius},
	} {
		if strings.HasSuffix(name, u.ending) {
			return u.unit
		}
	}
	if f.Type == contract.Histogram {
		return board.Size
	}
	return board.Number
}

// growing is the unit of what the counter grows by in a second.
func (f Family) growing() board.Unit {
	switch f.unit() {
	case board.Bytes:
		return board.BytesPerSecond
	case board.Seconds:
		return board.Share // seconds in a second
	}
	return board.PerSecond
}
