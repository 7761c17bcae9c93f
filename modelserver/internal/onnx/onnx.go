// Package onnx runs a text classifier with ONNX Runtime. It is the only package with native code. Open loads the shared
// library, so the program builds and starts without the library.
package onnx

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	ort "github.com/yalue/onnxruntime_go"
)

// Session is a loaded network. The library has global state, so only one Session can be open at a time.
type Session struct {
	session *ort.DynamicAdvancedSession
	labels  int64
}

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

// Open loads the library and a network with inputs input_ids and attention_mask (int64 [batch, tokens]) and output
// scores (float32 [batch, labels]). It runs the network once, so that a wrong network is an error at the start.
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

// oneThread returns options for one thread per run. Parallel runs of different texts use the cores better than several
// threads for one text.
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

// Version returns the version of the loaded library.
func (s *Session) Version() string { return ort.GetVersion() }

// Scores returns a score for each label, for the ids of one text. It is safe for concurrent use.
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

// Close frees the network and unloads the library. All calls of Scores must have returned.
func (s *Session) Close() error {
	var err error
	if s.session != nil {
		err = s.session.Destroy()
	}
	return errors.Join(err, ort.DestroyEnvironment())
}
