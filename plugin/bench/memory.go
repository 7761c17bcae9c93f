package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"text/tabwriter"
)

const megabyte = 1e6

// reportMemory reports the memory of the filters' VMs, in an Envoy with eight
// workers: one VM for each worker, and the VM from which Envoy clones the
// others.
func reportMemory(out io.Writer, binary string, filters []filter) error {
	const workers, starts = 8, 3
	resident := make([][]float64, len(filters))
	for range starts {
		for i, f := range filters {
			bytes, err := residentAfter(binary, f, workers)
			if err != nil {
				return fmt.Errorf("%s: %w", f.Name, err)
			}
			resident[i] = append(resident[i], bytes/megabyte)
		}
	}
	fmt.Fprintf(out, "Envoy's resident memory with %d workers, MB (median of %d starts, minimum to maximum):\n\n", workers, starts)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "filter\ttotal\tadded per worker")
	added := make([]float64, len(filters))
	for i, f := range filters {
		added[i] = (median(resident[i]) - median(resident[noFilter])) / workers
		fmt.Fprintf(table, "%s\t%s\t%.1f\n", f.Name, medianAndRange(resident[i]), added[i])
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s adds %.3f times the memory of %s; goal: at most 1.15\n\n", filters[moodring].Name, added[moodring]/added[noop], filters[noop].Name)
	return nil
}

// residentAfter returns the resident bytes of a new Envoy with one filter,
// after traffic through all workers.
func residentAfter(binary string, f filter, workers int) (resident float64, err error) {
	s := setup{workers: workers, connections: 16 * workers, filters: []filter{f}, replies: [][]byte{[]byte(seedReply)}}
	err = s.run(binary, func(e *envoy) error {
		if err := e.clients[f.Name].drive(2000 * workers); err != nil {
			return err
		}
		resident, err = e.rss()
		return err
	})
	return resident, err
}

// reportSoak reports how memory grows over a million replies of all kinds.
func reportSoak(out io.Writer, binary string, filters []filter) error {
	const workers, early, all = 4, 50_000, 1_000_000
	f := filters[moodring]
	replies, answers := mixedReplies()
	s := setup{workers: workers, connections: 16 * workers, filters: []filter{f}, replies: replies}
	return s.run(binary, func(e *envoy) error {
		var resident [2]float64
		for i, requests := range []int{early, all - early} {
			err := e.clients[f.Name].drive(requests)
			if err != nil {
				return err
			}
			if resident[i], err = e.rss(); err != nil {
				return err
			}
		}
		fmt.Fprintf(out, "Envoy's resident memory with %d workers and %s: %.1f MB after %d requests, %.1f MB after %d: %+.1f %%; goal: at most 5 %%\n\n",
			workers, f.Name, resident[0]/megabyte, early, resident[1]/megabyte, all, 100*(resident[1]/resident[0]-1))
		return e.checkCounters(s.filters, all/len(replies)*answers)
	})
}

// mixedReplies returns replies of all kinds and sizes, and the number of their
// predictions with the label joy.
func mixedReplies() (replies [][]byte, joys int) {
	random := rand.New(rand.NewPCG(4, 1))
	for i := range 100 {
		switch i % 10 {
		case 0:
			replies = append(replies, []byte(`{"predictions":[]}`))
		case 1:
			replies = append(replies, []byte(`<html>not JSON</html>`))
		case 2:
			replies = append(replies, []byte(seedReply[:150]))
		case 3:
			replies = append(replies, []byte(`{"predictions":["a","b","c","é"]}`))
		default:
			size := 1 + random.IntN(40)
			joys += size
			replies = append(replies, batchOf(size))
		}
	}
	return replies, joys
}

// batchOf returns a reply with size predictions, all equal to the seed's.
func batchOf(size int) []byte {
	all := bytes.Repeat([]byte(seedPrediction+","), size)
	return slices.Concat([]byte(`{"predictions":[`), bytes.TrimSuffix(all, []byte(",")), []byte(`]}`))
}
