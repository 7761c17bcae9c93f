package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// The rounds of a measurement, of which the median is shown.
const rounds = 5

// seedReply is what KServe's emotion classifier answers to one text.
const seedReply = `{"predictions":[` + seedPrediction + `]}`

const seedPrediction = `[{"label":"joy","score":0.9889927506446838},{"label":"love","score":0.004175746813416481},` +
	`{"label":"anger","score":0.003846140578389168},{"label":"sadness","score":0.0012988817179575562},` +
	`{"label":"fear","score":0.0009755274513736367},{"label":"surprise","score":0.0007109164143912494}]`

// load is one measurement's traffic.
type load struct {
	body        []byte
	answers     int // in body
	connections int
	slices      int // of each round; filters take turns at them
	requests    int // of each slice
	warmUp      int // requests before them
}

// measure returns what a request costs Envoy behind each filter, for each round
// in turn. One Envoy with one worker serves all filters, each on a listener of
// its own. Each round has another Envoy, since where one happens to place code and
// data makes some of what a filter adds.
func measure(binary string, filters []filter, l load) (costs [][]time.Duration, err error) {
	s := setting{workers: 1, connections: l.connections, filters: filters, replies: [][]byte{l.body}}
	costs = make([][]time.Duration, len(filters))
	for range rounds {
		err := s.with(binary, func(e *envoy) error {
			if _, err := e.round(filters, 1, l.warmUp); err != nil {
				return err
			}
			medians, err := e.round(filters, l.slices, l.requests)
			if err != nil {
				return err
			}
			for i := range filters {
				costs[i] = append(costs[i], medians[i])
			}
			return e.check(filters, (l.warmUp+l.slices*l.requests)*l.answers)
		})
		if err != nil {
			return nil, err
		}
	}
	return costs, nil
}

// round drives each filter for so many slices in turn, there and back, so that none
// always follows the same one, and returns what a request of each cost: the median of
// its slices, since a machine's other work falls on few of them.
func (e *envoy) round(filters []filter, slices, requests int) ([]time.Duration, error) {
	costs := make([][]time.Duration, len(filters))
	for slice := range slices {
		for i := range filters {
			if slice%2 == 1 {
				i = len(filters) - 1 - i
			}
			cost, err := e.cost(filters[i], requests)
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

func (e *envoy) cost(f filter, requests int) (time.Duration, error) {
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

// Places of the filters that are compared.
const (
	without = iota
	noop
	straightforward
	moodring
	calls
)

// reportCost shows what a reply of the seed's size costs.
func reportCost(out io.Writer, binary string, filters []filter) error {
	costs, err := measure(binary, filters, load{
		body: []byte(seedReply), answers: 1, connections: 16, slices: 50, requests: 300, warmUp: 15_000,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Envoy's CPU time for a request with a reply of %d bytes, microseconds (median of %d, least to most):\n\n", len(seedReply), rounds)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "filter\ta request\tadded")
	for i, f := range filters {
		added := perRound(func(round int) float64 { return microseconds(costs[i][round] - costs[without][round]) })
		total := perRound(func(round int) float64 { return microseconds(costs[i][round]) })
		fmt.Fprintf(table, "%s\t%s\t%s\n", f.Name, show(total), show(added))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	reportRatio(out, costs, moodring, noop, filters, "at most 1.41")
	reportRatio(out, costs, moodring, straightforward, filters, "at most 0.36")
	reportRatio(out, costs, calls, noop, filters, "none: it is the least that those calls can add")
	fmt.Fprintln(out)
	return nil
}

// reportBatch shows how fast a reply of a megabyte is read.
func reportBatch(out io.Writer, binary string, filters []filter) error {
	answers := 1_000_000 / (len(seedPrediction) + 1)
	body := batchOf(answers)
	costs, err := measure(binary, filters, load{
		body: body, answers: answers, connections: 4, slices: 5, requests: 8, warmUp: 40,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "A reply of %d bytes with %d predictions (median of %d, least to most):\n\n", len(body), answers, rounds)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "filter\tmilliseconds a request\tMB/s")
	for i, f := range filters {
		total := perRound(func(round int) float64 { return microseconds(costs[i][round]) / 1000 })
		speed := "-"
		if f.counter != "" {
			speed = show(perRound(func(round int) float64 {
				return float64(len(body)) / microseconds(costs[i][round]-costs[without][round])
			}))
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", f.Name, show(total), speed)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	reportRatio(out, costs, moodring, straightforward, filters, "at most 0.2; and at least 150 MB/s")
	fmt.Fprintln(out)
	return nil
}

// reportRatio compares what two filters add, within each round.
func reportRatio(out io.Writer, costs [][]time.Duration, of, to int, filters []filter, goal string) {
	ratio := perRound(func(round int) float64 {
		return float64(costs[of][round]-costs[without][round]) / float64(costs[to][round]-costs[without][round])
	})
	fmt.Fprintf(out, "%s adds %s of what %s adds; goal: %s\n", filters[of].Name, show(ratio), filters[to].Name, goal)
}

func perRound(value func(round int) float64) []float64 {
	values := make([]float64, rounds)
	for round := range values {
		values[round] = value(round)
	}
	return values
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// show gives the median, least and most of all rounds.
func show(values []float64) string {
	sorted := slices.Sorted(slices.Values(values))
	return fmt.Sprintf("%.4g (%.4g to %.4g)", median(values), sorted[0], sorted[len(sorted)-1])
}

func median[T cmp.Ordered](values []T) T {
	return slices.Sorted(slices.Values(values))[len(values)/2]
}
