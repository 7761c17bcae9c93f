// Package onnx runs a text classifier with ONNX Runtime. It is the only room with native code: the shared library
// is loaded when a session is opened, so the program builds and starts without it.
package onnx

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	ort "github.com/yalue/onnxruntime_go"
)

// Session is a loaded network. The library keeps its state in the process, so only one can be open at a time.
type Session struct {
	session *ort.DynamicAdvancedSession
	labels  int64
}

// Library says where ONNX Runtime is: the path given, or else the first that exists of .tools/lib/libonnxruntime.so in the
// working directory and beside the folder of the executable.
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

// Open loads the library and a network with inputs input_ids and attention_mask (int64 [batch, tokens]) and output
// scores (float32 [batch, labels]), and runs it once, so that what does not fit shows at the start.
func Open(library, network string, labels int) (*Session, error) {
	if _, err := os.Stat(network); err != nil {
		return nil, fmt.Errorf("network: %w; name the model's folder with --model_dir", err)
	}
	ort.SetSharedLibraryPath(library)
	if err := ort.InitializeEnvironment(ort.WithLogLevelError()); err != nil {
		return nil, fmt.Errorf("ONNX Runtime %s: %w; version 1.24 or newer is needed, get it with `make tools`", library, err)
	}
	s := &Session{labels: int64(labels)}
	if err := s.load(network); err != nil {
		return nil, errors.Join(fmt.Errorf("network %s: %w", network, err), s.Close())
	}
	return s, nil
}

func (s *Session) load(network string) error {
	options, err := oneThread()
	if err != nil {
		return err
	}
	s.session, err = ort.NewDynamicAdvancedSession(network, []string{"input_ids", "attention_mask"}, []string{"scores"}, options)
	if err := errors.Join(err, options.Destroy()); err != nil {
		return err
	}
	_, err = s.Scores([]int64{0})
	return err
}

// oneThread gives each run one thread: runs of different texts share the cores better than the parts of one text do.
func oneThread() (*ort.SessionOptions, error) {
	options, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	if err := errors.Join(options.SetIntraOpNumThreads(1), options.SetInterOpNumThreads(1)); err != nil {
		return nil, errors.Join(err, options.Destroy())
	}
	return options, nil
}

// Version is that of the loaded library.
func (s *Session) Version() string { return ort.GetVersion() }

// Scores runs one text: its ids in, a score for each label out. It is safe for concurrent use.
func (s *Session) Scores(ids []int64) (scores []float32, err error) {
	mask := make([]int64, len(ids))
	for i := range mask {
		mask[i] = 1
	}
	var tensors []ort.Value
	defer func() {
		for _, tensor := range tensors {
			err = errors.Join(err, tensor.Destroy())
		}
	}()
	shape := ort.NewShape(1, int64(len(ids)))
	for _, row := range [][]int64{ids, mask} {
		tensor, err := ort.NewTensor(shape, row)
		if err != nil {
			return nil, err
		}
		tensors = append(tensors, tensor)
	}
	output, err := ort.NewEmptyTensor[float32](ort.NewShape(1, s.labels))
	if err != nil {
		return nil, err
	}
	tensors = append(tensors, output)
	if err := s.session.Run(tensors[:2], tensors[2:]); err != nil {
		return nil, err
	}
	return append([]float32(nil), output.GetData()...), nil
}

// Close frees the network and unloads the library. No Scores may run any more.
func (s *Session) Close() error {
	var err error
	if s.session != nil {
		err = s.session.Destroy()
	}
	return errors.Join(err, ort.DestroyEnvironment())
}
