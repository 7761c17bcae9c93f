package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// rounds is the number of rounds in a measurement. Reports show their median.
const rounds = 5

// seedReply is the reply of KServe's emotion classifier to one text.
const seedReply = `{"predictions":[` + seedPrediction + `]}`

const seedPrediction = `[{"label":"joy","score":0.9889927506446838},{"label":"love","score":0.004175746813416481},` +
	`{"label":"anger","score":0.003846140578389168},{"label":"sadness","score":0.0012988817179575562},` +
	`{"label":"fear","score":0.0009755274513736367},{"label":"surprise","score":0.0007109164143912494}]`

// A load is the traffic of one measurement.
type load struct {
	body        []byte
	predictions int // in body
	connections int
	slices      int // in each round; the filters take turns
	requests    int // in each slice
	warmUp      int // requests before the slices
}

// measure returns the cost of a request behind each filter, for each round. One
// Envoy with one worker serves all filters, each on its own listener. Every
// round starts another Envoy, because the layout of code and data in memory is
// random and affects the cost of a filter.
func measure(binary string, filters []filter, l load) (costs [][]time.Duration, err error) {
	s := setup{workers: 1, connections: l.connections, filters: filters, replies: [][]byte{l.body}}
	costs = make([][]time.Duration, len(filters))
	for range rounds {
		err := s.run(binary, func(e *envoy) error {
			if _, err := e.measureRound(filters, 1, l.warmUp); err != nil {
				return err
			}
			medians, err := e.measureRound(filters, l.slices, l.requests)
			if err != nil {
				return err
			}
			for i := range filters {
				costs[i] = append(costs[i], medians[i])
			}
			return e.checkCounters(filters, (l.warmUp+l.slices*l.requests)*l.predictions)
		})
		if err != nil {
			return nil, err
		}
	}
	return costs, nil
}

// measureRound drives each filter in turn, for a number of slices, and returns
// the cost of a request for each. The order reverses after each slice, so that
// no filter always follows the same one. The cost is the median of the slices,
// because other work on the machine disturbs only a few slices.
func (e *envoy) measureRound(filters []filter, slices, requests int) ([]time.Duration, error) {
	costs := make([][]time.Duration, len(filters))
	for slice := range slices {
		for i := range filters {
			if slice%2 == 1 {
				i = len(filters) - 1 - i
			}
			cost, err := e.measureSlice(filters[i], requests)
			if err != nil {
				return nil, err
			}
			costs[i] = append(costs[i], cost/time.Duration(requests))
		}
	}
	medians := make([]time.Duration, len(filters))
	for i := range filters {
		medians[i] = median(costs[i])
	}
	return medians, nil
}

func (e *envoy) measureSlice(f filter, requests int) (time.Duration, error) {
	before, err := e.cpu()
	if err != nil {
		return 0, err
	}
	if err := e.clients[f.Name].drive(requests); err != nil {
		return 0, fmt.Errorf("%s: %w", f.Name, err)
	}
	after, err := e.cpu()
	return after - before, err
}

// Indices of the filters in a report.
const (
	noFilter = iota
	noop
	decodeAll
	moodring
	callsOnly
)

// reportCost reports the cost of a reply with one prediction.
func reportCost(out io.Writer, binary string, filters []filter) error {
	costs, err := measure(binary, filters, load{
		body: []byte(seedReply), predictions: 1, connections: 16, slices: 50, requests: 300, warmUp: 15_000,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Envoy's CPU time for a request with a reply of %d bytes, microseconds (median of %d, minimum to maximum):\n\n", len(seedReply), rounds)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "filter\tper request\tadded")
	for i, f := range filters {
		added := perRound(func(round int) float64 { return microseconds(costs[i][round] - costs[noFilter][round]) })
		total := perRound(func(round int) float64 { return microseconds(costs[i][round]) })
		fmt.Fprintf(table, "%s\t%s\t%s\n", f.Name, medianAndRange(total), medianAndRange(added))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	reportRatio(out, costs, moodring, noop, filters, "at most 1.41")
	reportRatio(out, costs, moodring, decodeAll, filters, "at most 0.36")
	reportRatio(out, costs, callsOnly, noop, filters, "none; the calls themselves cannot cost less")
	fmt.Fprintln(out)
	return nil
}

// reportBatch reports the time for a reply of one megabyte.
func reportBatch(out io.Writer, binary string, filters []filter) error {
	answers := 1_000_000 / (len(seedPrediction) + 1)
	body := batchOf(answers)
	costs, err := measure(binary, filters, load{
		body: body, predictions: answers, connections: 4, slices: 5, requests: 8, warmUp: 40,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "A reply of %d bytes with %d predictions (median of %d, minimum to maximum):\n\n", len(body), answers, rounds)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "filter\tmilliseconds per request\tMB/s")
	for i, f := range filters {
		total := perRound(func(round int) float64 { return microseconds(costs[i][round]) / 1000 })
		speed := "-"
		if f.counter != "" {
			speed = medianAndRange(perRound(func(round int) float64 {
				return float64(len(body)) / microseconds(costs[i][round]-costs[noFilter][round])
			}))
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", f.Name, medianAndRange(total), speed)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	reportRatio(out, costs, moodring, decodeAll, filters, "at most 0.2; and at least 150 MB/s")
	fmt.Fprintln(out)
	return nil
}

// reportRatio compares the costs that two filters add, within each round.
func reportRatio(out io.Writer, costs [][]time.Duration, of, to int, filters []filter, goal string) {
	ratio := perRound(func(round int) float64 {
		return float64(costs[of][round]-costs[noFilter][round]) / float64(costs[to][round]-costs[noFilter][round])
	})
	fmt.Fprintf(out, "%s adds %s times the cost of %s; goal: %s\n", filters[of].Name, medianAndRange(ratio), filters[to].Name, goal)
}

func perRound(value func(round int) float64) []float64 {
	values := make([]float64, rounds)
	for round := range values {
		values[round] = value(round)
	}
	return values
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// medianAndRange formats the median, minimum and maximum of all rounds.
func medianAndRange(values []float64) string {
	sorted := slices.Sorted(slices.Values(values))
	return fmt.Sprintf("%.4g (%.4g to %.4g)", median(values), sorted[0], sorted[len(sorted)-1])
}

func median[T cmp.Ordered](values []T) T {
	return slices.Sorted(slices.Values(values))[len(values)/2]
}
