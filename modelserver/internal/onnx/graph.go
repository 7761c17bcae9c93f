package onnx

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Graph describes a network's inputs, outputs and operators, as read from its file.
type Graph struct {
	Inputs, Outputs []Tensor
	operators       map[string]bool
}

// Tensor is an input or an output.
type Tensor struct {
	Name string
	Type int64 // onnx.TensorProto.DataType
	Rank int
	// Last is the size of the last dimension, or 0 if the file does not fix it.
	Last int64
}

// The element types that a text classifier has (onnx.TensorProto.DataType).
const (
	Float   = 1
	Int32   = 6
	Int64   = 7
	Float16 = 10
)

// dynamic are the operators that scale their input by all rows of a run: the scores of a text then depend on its
// neighbours.
var dynamic = []string{"DynamicQuantizeLinear", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM"}

// Dynamic returns the name of an operator of the graph that scales its input by all rows of a run, or "".
func (g *Graph) Dynamic() string {
	for _, name := range dynamic {
		if g.operators[name] {
			return name
		}
	}
	return ""
}

// Input returns the input of a name.
func (g *Graph) Input(name string) (Tensor, bool) {
	at := slices.IndexFunc(g.Inputs, func(t Tensor) bool { return t.Name == name })
	if at < 0 {
		return Tensor{}, false
	}
	return g.Inputs[at], true
}

// ReadGraph reads the structure of a network's file, and passes over its weights.
func ReadGraph(path string) (*Graph, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("network: %w", err)
	}
	defer file.Close()
	graph, err := readGraph(file)
	if err != nil {
		return nil, fmt.Errorf("network %s is no ONNX file: %w", path, err)
	}
	return graph, nil
}

func readGraph(file io.ReadSeeker) (*Graph, error) {
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	graph := &Graph{operators: map[string]bool{}}
	w := &walker{file: file, buffer: bufio.NewReaderSize(file, 16<<10), graph: graph}
	if err := w.model(size); err != nil {
		return nil, err
	}
	if len(graph.Outputs) == 0 {
		return nil, errors.New("it has no graph")
	}
	return graph, nil
}

// walker reads protobuf messages from a file. The numbers of fields are those of onnx.proto3 (github.com/onnx/onnx).
type walker struct {
	file   io.ReadSeeker
	buffer *bufio.Reader
	at     int64
	depth  int
	graph  *Graph
}

const (
	maxDepth = 64      // graphs inside graphs
	maxField = 1 << 20 // bytes of a name or of a tensor's description
)

func (w *walker) model(end int64) error {
	return w.fields(end, func(number protowire.Number, end int64) error {
		switch number {
		case 7: // ModelProto.graph
			return w.graphProto(end, true)
		case 25: // ModelProto.functions
			return w.function(end)
		}
		return nil
	})
}

func (w *walker) function(end int64) error {
	return w.fields(end, func(number protowire.Number, end int64) error {
		if number == 7 { // FunctionProto.node
			return w.node(end)
		}
		return nil
	})
}

func (w *walker) graphProto(end int64, top bool) error {
	var inputs, outputs []Tensor
	weights := map[string]bool{}
	err := w.fields(end, func(number protowire.Number, end int64) error {
		switch number {
		case 1: // GraphProto.node
			return w.node(end)
		case 5: // GraphProto.initializer
			return w.initializer(end, weights)
		case 11: // GraphProto.input
			return w.tensor(end, &inputs)
		case 12: // GraphProto.output
			return w.tensor(end, &outputs)
		}
		return nil
	})
	if top {
		// Files of old exporters list their weights among the inputs too.
		w.graph.Inputs = slices.DeleteFunc(inputs, func(t Tensor) bool { return weights[t.Name] })
		w.graph.Outputs = outputs
	}
	return err
}

func (w *walker) initializer(end int64, weights map[string]bool) error {
	return w.fields(end, func(number protowire.Number, end int64) error {
		if number != 8 { // TensorProto.name
			return nil
		}
		name, err := w.bytes(end)
		weights[string(name)] = true
		return err
	})
}

func (w *walker) node(end int64) error {
	return w.fields(end, func(number protowire.Number, end int64) error {
		switch number {
		case 4: // NodeProto.op_type
			name, err := w.bytes(end)
			w.graph.operators[string(name)] = true
			return err
		case 5: // NodeProto.attribute
			return w.fields(end, func(number protowire.Number, end int64) error {
				if number == 6 || number == 11 { // AttributeProto.g, graphs
					return w.graphProto(end, false)
				}
				return nil
			})
		}
		return nil
	})
}

func (w *walker) tensor(end int64, list *[]Tensor) error {
	data, err := w.bytes(end)
	if err != nil {
		return err
	}
	tensor, err := readTensor(data)
	*list = append(*list, tensor)
	return err
}

var errMalformed = errors.New("its fields are broken")

// fields calls visit for each length-delimited field up to end, and passes over all other fields, and over the rest of a
// field that visit did not read.
func (w *walker) fields(end int64, visit func(number protowire.Number, end int64) error) error {
	if w.depth++; w.depth > maxDepth {
		return errMalformed
	}
	defer func() { w.depth-- }()
	for w.at < end {
		tag, err := w.varint()
		if err != nil {
			return err
		}
		number, kind := protowire.DecodeTag(tag)
		var size int64
		switch kind {
		case protowire.VarintType:
			if _, err := w.varint(); err != nil {
				return err
			}
			continue
		case protowire.Fixed32Type:
			size = 4
		case protowire.Fixed64Type:
			size = 8
		case protowire.BytesType:
			length, err := w.varint()
			if err != nil || length > uint64(end-w.at) {
				return errors.Join(errMalformed, err)
			}
			size = int64(length)
		default:
			return errMalformed
		}
		after := w.at + size
		if kind == protowire.BytesType {
			if err := visit(number, after); err != nil {
				return err
			}
		}
		if err := w.skip(after); err != nil {
			return err
		}
	}
	if w.at != end {
		return errMalformed
	}
	return nil
}

func (w *walker) varint() (uint64, error) {
	value, err := binary.ReadUvarint(w)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return value, err
}

// ReadByte is for binary.ReadUvarint.
func (w *walker) ReadByte() (byte, error) {
	b, err := w.buffer.ReadByte()
	if err == nil {
		w.at++
	}
	return b, err
}

func (w *walker) bytes(end int64) ([]byte, error) {
	if end-w.at > maxField {
		return nil, errMalformed
	}
	data := make([]byte, end-w.at)
	n, err := io.ReadFull(w.buffer, data)
	w.at += int64(n)
	return data, err
}

// skip moves to a place further on.
func (w *walker) skip(to int64) error {
	distance := to - w.at
	if distance < 0 {
		return errMalformed
	}
	w.at = to
	if distance <= int64(w.buffer.Buffered()) {
		_, err := w.buffer.Discard(int(distance))
		return err
	}
	if _, err := w.file.Seek(to, io.SeekStart); err != nil {
		return err
	}
	w.buffer.Reset(w.file)
	return nil
}

// readTensor reads an onnx.ValueInfoProto.
func readTensor(data []byte) (Tensor, error) {
	var t Tensor
	err := each(data, func(number protowire.Number, value []byte, _ uint64) error {
		switch number {
		case 1: // ValueInfoProto.name
			t.Name = string(value)
		case 2: // ValueInfoProto.type
			return each(value, func(number protowire.Number, value []byte, _ uint64) error {
				if number == 1 { // TypeProto.tensor_type
					return t.readType(value)
				}
				return nil
			})
		}
		return nil
	})
	return t, err
}

// readType reads an onnx.TypeProto.Tensor.
func (t *Tensor) readType(data []byte) error {
	return each(data, func(number protowire.Number, value []byte, varint uint64) error {
		switch number {
		case 1: // elem_type
			t.Type = int64(varint)
		case 2: // shape
			return each(value, func(number protowire.Number, value []byte, _ uint64) error {
				if number == 1 { // TensorShapeProto.dim
					t.Rank++
					t.Last = 0
					return each(value, func(number protowire.Number, _ []byte, varint uint64) error {
						if number == 1 { // Dimension.dim_value
							t.Last = int64(varint)
						}
						return nil
					})
				}
				return nil
			})
		}
		return nil
	})
}

// each calls visit for each field of a message in memory, with the bytes or the number that the field holds.
func each(data []byte, visit func(number protowire.Number, value []byte, varint uint64) error) error {
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return errMalformed
		}
		data = data[n:]
		var value []byte
		var varint uint64
		switch kind {
		case protowire.BytesType:
			value, n = protowire.ConsumeBytes(data)
		case protowire.VarintType:
			varint, n = protowire.ConsumeVarint(data)
		default:
			n = protowire.ConsumeFieldValue(number, kind, data)
		}
		if n < 0 {
			return errMalformed
		}
		data = data[n:]
		if err := visit(number, value, varint); err != nil {
			return err
		}
	}
	return nil
}
