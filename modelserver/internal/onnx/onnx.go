// Package onnx runs text classifiers with ONNX Runtime. It is the only package with native code. Start loads the shared
// library, so the program builds and starts without the library.
package onnx

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	ort "github.com/yalue/onnxruntime_go"
)

// Library returns the path of ONNX Runtime's shared library: the given path, or else .tools/lib/libonnxruntime.so of the
// working directory or of the parent of the executable's folder.
func Library(given, executable string) (string, error) {
	const local = ".tools/lib/libonnxruntime.so"
	candidates := []string{given}
	if given == "" {
		candidates = []string{local, filepath.Join(filepath.Dir(executable), "..", local)}
	}
	for _, path := range candidates {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no ONNX Runtime library at %s; get it with `make tools`, or name one with --onnxruntime or ONNXRUNTIME_LIB", candidates[0])
}

// Runtime is the loaded library. A process has at most one.
type Runtime struct{}

// Start loads the library.
func Start(library string) (*Runtime, error) {
	ort.SetSharedLibraryPath(library)
	if err := ort.InitializeEnvironment(ort.WithLogLevelError()); err != nil {
		return nil, fmt.Errorf("ONNX Runtime %s: %w; version 1.24 or newer is needed, get it with `make tools`", library, err)
	}
	return &Runtime{}, nil
}

// Version returns the version of the library.
func (*Runtime) Version() string { return ort.GetVersion() }

// Close unloads the library. All sessions must be closed.
func (*Runtime) Close() error { return ort.DestroyEnvironment() }

// Session is a loaded network. It is safe for concurrent use.
type Session struct {
	session *ort.DynamicAdvancedSession
	inputs  []Tensor
	labels  int64
	pad     int64
}

// Options say how a network is run.
type Options struct {
	Graph  *Graph
	Output string // the output with a row of numbers for each text
	Labels int    // numbers in a row
	Pad    int64  // id that fills up short rows
}

// Open loads a network.
func (*Runtime) Open(path string, options Options) (*Session, error) {
	s := &Session{inputs: options.Graph.Inputs, labels: int64(options.Labels), pad: options.Pad}
	names := make([]string, len(s.inputs))
	for i, input := range s.inputs {
		if err := checkInput(input); err != nil {
			return nil, fmt.Errorf("network %s: %w", path, err)
		}
		names[i] = input.Name
	}
	settings, err := lean()
	if err != nil {
		return nil, err
	}
	s.session, err = ort.NewDynamicAdvancedSession(path, names, []string{options.Output}, settings)
	if err := errors.Join(err, settings.Destroy()); err != nil {
		return nil, fmt.Errorf("network %s: %w", path, err)
	}
	return s, nil
}

// checkInput refuses an input that the session cannot fill.
func checkInput(input Tensor) error {
	switch input.Name {
	case "input_ids", "attention_mask", "token_type_ids", "position_ids":
	default:
		return fmt.Errorf("input %q is unknown; a text classifier has input_ids, attention_mask, token_type_ids or position_ids", input.Name)
	}
	if input.Type != Int64 && input.Type != Int32 {
		return fmt.Errorf("input %q has ONNX's element type %d; want int64 or int32", input.Name, input.Type)
	}
	return nil
}

// lean returns options for one thread a run and no arena. Parallel runs use the cores better than several threads for
// one run. An arena would keep the memory of the longest texts that it has seen.
func lean() (*ort.SessionOptions, error) {
	options, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	err = errors.Join(
		options.SetIntraOpNumThreads(1), options.SetInterOpNumThreads(1),
		options.SetCpuMemArena(false), options.SetMemPattern(false),
	)
	if err != nil {
		return nil, errors.Join(err, options.Destroy())
	}
	return options, nil
}

// Run returns the network's output for each row of ids. Short rows are filled up with the pad id, which the attention mask
// hides.
func (s *Session) Run(rows [][]int64) (outputs [][]float32, err error) {
	width := 0
	for _, row := range rows {
		width = max(width, len(row))
	}
	var values []ort.Value
	defer func() {
		for _, value := range values {
			err = errors.Join(err, value.Destroy())
		}
	}()
	for _, input := range s.inputs {
		value, err := input.fill(s.content(input.Name, rows, width), int64(len(rows)), int64(width))
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	output, err := ort.NewEmptyTensor[float32](ort.NewShape(int64(len(rows)), s.labels))
	if err != nil {
		return nil, err
	}
	values = append(values, output)
	if err := s.session.Run(values[:len(s.inputs)], values[len(s.inputs):]); err != nil {
		return nil, err
	}
	return split(output.GetData(), int(s.labels)), nil
}

// content returns the numbers of an input, row after row.
func (s *Session) content(input string, rows [][]int64, width int) []int64 {
	content := make([]int64, len(rows)*width)
	for r, row := range rows {
		line := content[r*width : (r+1)*width]
		switch input {
		case "input_ids":
			for i := copy(line, row); i < width; i++ {
				line[i] = s.pad
			}
		case "attention_mask":
			for i := range row {
				line[i] = 1
			}
		case "position_ids":
			for i := range line {
				line[i] = int64(i)
			}
		} // token_type_ids of a single text are all 0
	}
	return content
}

// fill makes a tensor of the input's element type.
func (t Tensor) fill(content []int64, rows, width int64) (ort.Value, error) {
	shape := ort.NewShape(rows, width)
	if t.Type == Int64 {
		return ort.NewTensor(shape, content)
	}
	narrow := make([]int32, len(content))
	for i, value := range content {
		narrow[i] = int32(value)
	}
	return ort.NewTensor(shape, narrow)
}

// split copies a tensor's memory, which is freed after the run, into rows.
func split(data []float32, width int) [][]float32 {
	data = append([]float32(nil), data...)
	rows := make([][]float32, 0, len(data)/max(width, 1))
	for ; len(data) > 0; data = data[width:] {
		rows = append(rows, data[:width:width])
	}
	return rows
}

// Close frees the network. All calls of Run must have returned.
func (s *Session) Close() error { return s.session.Destroy() }
