// Package discover proposes a dashboard for unknown metrics, by their types, by
// the units in their names, and by their labels.
package discover

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// Family is a metric family.
type Family struct {
	Name   string
	Type   contract.Type // or Summary or Untyped
	Help   string
	Labels map[string]int // number of values of each label, without le and quantile
}

// Types that the contract does not use.
const (
	Summary contract.Type = "summary"
	Untyped contract.Type = "untyped"
)

// Labels that Prometheus adds when it scrapes.
const (
	labelJob      = "job"
	labelInstance = "instance"
)

// maxValues is how many series of a panel can be told apart.
const maxValues = 12

// Board returns a dashboard with each family.
func Board(title, uid string, families []Family) board.Board {
	families = slices.SortedFunc(slices.Values(families), func(a, b Family) int { return cmp.Compare(a.Name, b.Name) })
	b := board.Board{
		UID: uid, File: uid, Title: title,
		Description: "Proposed by dashgen discover from the metrics' names, types and labels.",
	}
	if len(families) == 0 {
		return b
	}
	labels := []string{labelJob, labelInstance}
	b.Variables = promql.Variables{
		{Title: "Job", Metric: "up", Label: labelJob, Labels: labels},
		{Title: "Instance", Metric: "up", Label: labelInstance, Labels: labels},
	}
	for _, f := range families {
		title := f.rowTitle()
		if n := len(b.Rows); n == 0 || b.Rows[n-1].Title != title {
			b.Rows = append(b.Rows, board.Row{Title: title})
		}
		row := &b.Rows[len(b.Rows)-1]
		row.Panels = append(row.Panels, f.observables()...)
	}
	if len(b.Panels()) > openPanels {
		for i := range b.Rows {
			b.Rows[i].Collapsed = i > 0
		}
	}
	return b
}

// openPanels is the largest number of panels in open rows. With more panels, all rows
// but the first are collapsed, so that their queries wait until a row is opened.
const openPanels = 40

// MostPanels is the most panels of a dashboard. More of them would not fit into the
// annotation in which kubectl apply keeps the whole object.
const MostPanels = 100

// Largest sorts the families by name, and returns as many of them as fit into one
// dashboard.
func Largest(families []Family) []Family {
	families = slices.SortedFunc(slices.Values(families), func(a, b Family) int { return cmp.Compare(a.Name, b.Name) })
	panels := 0
	for i, f := range families {
		if panels += len(f.observables()); panels > MostPanels {
			return families[:i]
		}
	}
	return families
}

// series returns the name of a series of the family in Prometheus.
func (f Family) series() string {
	if f.Type == contract.Histogram || f.Type == Summary {
		return f.Name + contract.SuffixCount
	}
	return f.Name
}

// rowTitle returns the first two words of the name. Families with the same words
// share a row.
func (f Family) rowTitle() string {
	words := strings.FieldsFunc(f.Name, func(r rune) bool { return r == '_' || r == ':' })
	return strings.Join(words[:min(2, len(words))], " ")
}

// metric returns the family for queries, with the labels job and instance.
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

// groupBy returns the label by which queries group the family: the label with the
// most values, up to maxValues. It is nil if no label has several values.
func (f Family) groupBy() []string {
	best, values := "", 1
	for _, label := range f.metric().Labels {
		if n := f.Labels[label]; n > values && n <= maxValues && label != labelJob && label != labelInstance {
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
		return []board.Panel{f.panel("", board.TimeSeries, f.rateUnit(), board.Series{
			Query: promql.SumBy(promql.Rate(promql.SelectDiscovered(f.metric(), "")), f.groupBy()...), Legend: f.legend(),
		})}
	case f.Type == contract.Histogram:
		return f.histogramPanels()
	case f.Type == Summary:
		return []board.Panel{f.panel(" (mean)", board.TimeSeries, f.unit(), board.Series{
			Query: promql.Div(f.rate(contract.SuffixSum), f.rate(contract.SuffixCount)), Legend: f.legend(),
		})}
	case f.isTimestamp():
		return []board.Panel{f.panel(" (age)", board.TimeSeries, board.Seconds, board.Series{
			Query: promql.SecondsSince(promql.MaxBy(promql.SelectDiscovered(f.metric(), ""), f.groupBy()...)), Legend: f.legend(),
		})}
	case strings.HasSuffix(f.Name, info):
		labels := f.metric().Labels[2:]
		return []board.Panel{f.panel("", board.Table, board.Count, board.Series{
			Query: promql.CountBy(promql.SelectDiscovered(f.metric(), ""), labels...), Legend: legend(labels),
		})}
	}
	query := f.aggregation()(promql.SelectDiscovered(f.metric(), ""), f.groupBy()...)
	return []board.Panel{f.panel("", f.gaugeKind(), f.unit(), board.Series{Query: query, Legend: f.legend()})}
}

// aggregation returns the function that makes one value of the values of several
// series: their sum, unless the name says that they are extremes, means or states.
func (f Family) aggregation() func(promql.Query, ...string) promql.Query {
	words := strings.FieldsFunc(strings.ToLower(f.Name), func(r rune) bool { return r == '_' || r == ':' })
	has := func(any ...string) bool {
		return slices.ContainsFunc(words, func(word string) bool { return slices.Contains(any, word) })
	}
	switch {
	case has("max", "uptime"):
		return promql.MaxBy
	case has("min"):
		return promql.MinBy
	case has("avg", "average", "mean") || f.isState():
		return promql.AvgBy
	}
	return promql.SumBy
}

// isState reports whether the values of several series have a mean and no sum, as
// shares and temperatures.
func (f Family) isState() bool {
	return slices.ContainsFunc([]string{"_ratio", "_percent", "_percentage", "_perc", "_utilization", "_celsius", "_fahrenheit", "_volts", "_hertz", "_load1", "_load5", "_load15", "_offset_seconds", "_up", "_enabled", "_status", "_mode"},
		func(ending string) bool { return strings.HasSuffix(f.Name, ending) })
}

// gaugeKind returns the kind of a gauge's panel. A gauge with the ending of a counter
// is shown as a single value, so that no reader takes its line for a counter's.
func (f Family) gaugeKind() board.Kind {
	if strings.HasSuffix(f.Name, total) || strings.HasSuffix(f.Name, contract.SuffixBucket) {
		return board.BarGauge
	}
	return board.TimeSeries
}

// epoch matches descriptions of Unix times.
var epoch = regexp.MustCompile(`(?i)\b(since (unix )?epoch|unix ?time|unix (creation )?timestamp|since 1970)\b`)

// isTimestamp reports whether the metric is a Unix time, and not a duration, by its
// description, or by the suffixes of Prometheus's own libraries.
func (f Family) isTimestamp() bool {
	return epoch.MatchString(f.Help) || slices.ContainsFunc([]string{"_timestamp_seconds", "_start_time_seconds", "_boot_time_seconds", "_last_gc_time_seconds", "_created", "_timestamp"},
		func(ending string) bool { return strings.HasSuffix(f.Name, ending) })
}

// histogramPanels returns a panel of quantiles and a heatmap.
func (f Family) histogramPanels() []board.Panel {
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
	return promql.SumBy(promql.Rate(promql.SelectDiscovered(f.metric(), part)), f.groupBy()...)
}

func (f Family) legend() string {
	if label := f.groupBy(); label != nil {
		return legend(label)
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

func (f Family) panel(suffix string, kind board.Kind, unit board.Unit, series ...board.Series) board.Panel {
	question := strings.TrimSpace(strings.ReplaceAll(f.Help, "$", ""))
	if question == "" {
		question = f.Name + ", which has no description."
	}
	return board.Panel{
		Title: f.Name + suffix, Question: question, Kind: kind, Unit: unit, Series: series,
		NoAlert: "no limit is known yet",
		Next:    "Describe here what to do when the panel looks bad.",
	}
}

// ofExtreme matches endings behind a unit.
var ofExtreme = regexp.MustCompile(`_(max|min|avg)$`)

// unit returns the unit in the name, by Prometheus's naming practices.
func (f Family) unit() board.Unit {
	name := ofExtreme.ReplaceAllString(strings.TrimSuffix(f.Name, total), "")
	for _, u := range []struct {
		ending string
		unit   board.Unit
	}{
		{"_milliseconds", board.Milliseconds}, {"_ms", board.Milliseconds}, {"_microseconds", board.Microseconds}, {"_us", board.Microseconds},
		{"_nanoseconds", board.Nanoseconds}, {"_ns", board.Nanoseconds}, {"_seconds", board.Seconds},
		{"_kilobytes", board.Kilobytes}, {"_megabytes", board.Megabytes}, {"_gigabytes", board.Gigabytes}, {"_bytes", board.Bytes},
		{"_ratio", board.Share}, {"_percent", board.Percent}, {"_percentage", board.Percent}, {"_celsius", board.Celsius},
		{"_joules", board.Joules}, {"_volts", board.Volts}, {"_watts", board.Watts}, {"_hertz", board.Hertz},
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

// rateUnit returns the unit of the counter's growth per second.
func (f Family) rateUnit() board.Unit {
	switch f.unit() {
	case board.Bytes:
		return board.BytesPerSecond
	case board.Seconds:
		return board.Share // seconds in a second
	}
	return board.PerSecond
}
