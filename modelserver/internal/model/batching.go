package model

import (
	"fmt"
	"math"
)

// probes are texts of several lengths. Their scores alone and in one run show whether texts change each other's scores.
var probes = []string{
	"yes", "i feel fine today", "What a long and winding road this was, I thought, and yet nobody came!",
	"The train left at 7:30; by noon 200 people were angry about it.", "nobody knows why the old house by the sea stands empty",
}

// tolerance is the largest difference of a score that two runs may have.
const tolerance = 1e-4

// chooseBatching returns the number of texts in a run. It also runs the network for the first time, so that a wrong network is an
// error at the start.
func (m *Model) chooseBatching() (rows int, err error) {
	ids := make([][]int64, len(probes))
	for i, probe := range probes {
		ids[i], _ = m.folder.Tokenizer.Encode(probe, m.folder.MaxTokens)
	}
	alone, err := m.scores(ids[:1])
	if err != nil {
		return 0, err
	}
	if operator := m.folder.Graph.Dynamic(); operator != "" {
		m.batching = fmt.Sprintf("no: the network's %s scales its input by all texts of a run", operator)
		return 1, nil
	}
	together, err := m.scores(ids)
	if err != nil {
		m.batching = "no: the network does not run several texts"
		return 1, nil
	}
	for i := range ids {
		if i > 0 {
			if alone, err = m.scores(ids[i : i+1]); err != nil {
				return 0, err
			}
		}
		if difference := largestDifference(alone[0], together[i]); difference > tolerance {
			m.batching = fmt.Sprintf("no: a text's scores moved by %.1g beside other texts", difference)
			return 1, nil
		}
	}
	m.batching = fmt.Sprintf("up to %d texts of similar length", batchRows)
	return batchRows, nil
}

func (m *Model) scores(ids [][]int64) ([][]float32, error) {
	outputs, err := m.session.Run(ids)
	if err != nil {
		return nil, err
	}
	for _, output := range outputs {
		if err := activate(m.folder.Activation, output); err != nil {
			return nil, err
		}
	}
	return outputs, nil
}

func largestDifference(a, b []float32) float64 {
	largest := 0.0
	for i := range a {
		largest = max(largest, math.Abs(float64(a[i]-b[i])))
	}
	return largest
}
