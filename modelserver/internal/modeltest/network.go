// Package modeltest writes small model folders for tests: a network that adds up a number for each label over a text's
// tokens, so that a test can work out every score.
package modeltest

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Network describes a network. Its vocabulary is the number of rows of Weights.
type Network struct {
	Weights [][]float32 // the number that each id adds to each label
	Inputs  []string    // default input_ids and attention_mask
	Output  string      // default logits
	Narrow  bool        // int32 inputs in place of int64
	Dynamic bool        // quantise the sums by all rows of a run
	OneRow  bool        // run one text at a time only
}

// message is a protobuf message that grows.
type message []byte

func (m *message) bytes(number protowire.Number, value []byte) {
	*m = protowire.AppendTag(*m, number, protowire.BytesType)
	*m = protowire.AppendBytes(*m, value)
}

func (m *message) text(number protowire.Number, value string) { m.bytes(number, []byte(value)) }

func (m *message) number(number protowire.Number, value int64) {
	*m = protowire.AppendTag(*m, number, protowire.VarintType)
	*m = protowire.AppendVarint(*m, uint64(value))
}

// Encode returns the network as an ONNX file. The numbers of fields are those of onnx.proto3 (github.com/onnx/onnx).
func (n Network) Encode() []byte {
	var opset, model message
	opset.text(1, "")
	opset.number(2, 17)
	model.number(1, 8)
	model.bytes(8, opset)
	model.bytes(7, n.graph())
	return model
}

func (n Network) graph() message {
	var graph message
	labels := len(n.Weights[0])
	inputs, output := n.names()
	for _, node := range n.nodes(inputs, output) {
		graph.bytes(1, node)
	}
	graph.text(2, "test")
	graph.bytes(5, weights("weights", n.Weights))
	graph.bytes(5, integers("last", 2))
	graph.bytes(5, integers("tokens", 1))
	rows := int64(0)
	if n.OneRow {
		rows = 1
	}
	for _, input := range inputs {
		kind := int64(7) // int64
		if n.Narrow {
			kind = 6 // int32
		}
		graph.bytes(11, tensor(input, kind, rows, 0))
	}
	graph.bytes(12, tensor(output, 1, rows, int64(labels)))
	return graph
}

func (n Network) names() (inputs []string, output string) {
	inputs, output = n.Inputs, n.Output
	if inputs == nil {
		inputs = []string{"input_ids", "attention_mask"}
	}
	if output == "" {
		output = "logits"
	}
	return inputs, output
}

// nodes are the operators: look up each token's row, hide padding, and add up.
func (n Network) nodes(inputs []string, output string) []message {
	sums := output
	if n.Dynamic {
		sums = "sums"
	}
	nodes := []message{node("Gather", []string{"weights", "input_ids"}, []string{"rows"})}
	last := "rows"
	for _, input := range inputs {
		if input != "attention_mask" {
			continue
		}
		nodes = append(nodes,
			node("Cast", []string{input}, []string{"mask"}, attribute("to", 1)),
			node("Unsqueeze", []string{"mask", "last"}, []string{"wide"}),
			node("Mul", []string{"rows", "wide"}, []string{"shown"}))
		last = "shown"
	}
	nodes = append(nodes, node("ReduceSum", []string{last, "tokens"}, []string{sums}, attribute("keepdims", 0)))
	if n.Dynamic {
		nodes = append(nodes,
			node("DynamicQuantizeLinear", []string{sums}, []string{"quantised", "scale", "zero"}),
			node("DequantizeLinear", []string{"quantised", "scale", "zero"}, []string{output}))
	}
	return nodes
}

func node(operator string, inputs, outputs []string, attributes ...message) message {
	var m message
	for _, input := range inputs {
		m.text(1, input)
	}
	for _, output := range outputs {
		m.text(2, output)
	}
	m.text(4, operator)
	for _, a := range attributes {
		m.bytes(5, a)
	}
	return m
}

func attribute(name string, value int64) message {
	var m message
	m.text(1, name)
	m.number(3, value)
	m.number(20, 2) // AttributeProto.INT
	return m
}

func weights(name string, rows [][]float32) message {
	var m message
	m.number(1, int64(len(rows)))
	m.number(1, int64(len(rows[0])))
	m.number(2, 1) // float
	m.text(8, name)
	var raw []byte
	for _, row := range rows {
		for _, value := range row {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(value))
		}
	}
	m.bytes(9, raw)
	return m
}

func integers(name string, value int64) message {
	var m message
	m.number(1, 1)
	m.number(2, 7) // int64
	m.text(8, name)
	m.bytes(9, binary.LittleEndian.AppendUint64(nil, uint64(value)))
	return m
}

// tensor describes an input or an output of two dimensions. Size 0 is any size.
func tensor(name string, kind int64, sizes ...int64) message {
	var shape, typed, value, m message
	for _, size := range sizes {
		var dimension message
		if size > 0 {
			dimension.number(1, size)
		} else {
			dimension.text(2, "n")
		}
		shape.bytes(1, dimension)
	}
	typed.number(1, kind)
	typed.bytes(2, shape)
	value.bytes(1, typed)
	m.text(1, name)
	m.bytes(2, value)
	return m
}
