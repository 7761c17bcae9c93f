package onnx

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/moodring/moodring/modelserver/internal/modeltest"
)

func TestGraph(t *testing.T) {
	network := modeltest.Network{Weights: modeltest.Weights, Narrow: true, Dynamic: true}
	graph, err := readGraph(bytes.NewReader(network.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	want := &Graph{
		Inputs:  []Tensor{{Name: "input_ids", Type: Int32, Rank: 2}, {Name: "attention_mask", Type: Int32, Rank: 2}},
		Outputs: []Tensor{{Name: "logits", Type: Float, Rank: 2, Last: 2}},
	}
	if diff := cmp.Diff(want, graph, cmpopts.IgnoreUnexported(Graph{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := graph.Dynamic(); got != "DynamicQuantizeLinear" {
		t.Errorf("the dynamic operator is %q", got)
	}
}

// FuzzGraph: the reader ends on any bytes, and every cut of a network is an error.
func FuzzGraph(f *testing.F) {
	whole := modeltest.Network{Weights: modeltest.Weights}.Encode()
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Fuzz(func(t *testing.T, file []byte) {
		graph, err := readGraph(bytes.NewReader(file))
		if err == nil && len(graph.Outputs) == 0 {
			t.Fatal("a graph without outputs")
		}
	})
}
