// Package model answers texts with a folder's network: the input is a list of texts, the output is a score for each label.
package model

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/moodring/moodring/modelserver/internal/folder"
	"github.com/moodring/moodring/modelserver/internal/metric"
	"github.com/moodring/moodring/modelserver/internal/onnx"
	"github.com/moodring/moodring/modelserver/internal/problem"
	"github.com/moodring/moodring/modelserver/internal/queue"
)

// Options configure all models of a server.
type Options struct {
	Runtime  *onnx.Runtime
	Truncate bool          // cut long texts; else refuse them
	Queue    int           // tokens that may wait for one model
	Timeout  time.Duration // longest stay of a call in the queue
	Metrics  *metric.Metrics
	Log      *slog.Logger
}

// Answer is the scores of each text of a call.
type Answer struct {
	Labels    []string
	Rows      [][]float32 // a score for each label, for each text
	Truncated int         // texts that were cut
}

// Top returns the place of the label with the highest score of a row. Of equal scores the first counts.
func (a *Answer) Top(row int) int {
	top := 0
	for i, score := range a.Rows[row] {
		if score > a.Rows[row][top] {
			top = i
		}
	}
	return top
}

// Model is a loaded model. It is safe for concurrent use.
type Model struct {
	Name     string
	folder   *folder.Folder
	session  *onnx.Session
	queue    *queue.Queue
	options  Options
	encoders chan struct{} // calls whose texts become ids at a time; each takes several times the memory of its texts
	batching string        // why texts share a run, or why not
	inFlight sync.WaitGroup
}

// rows in one run, and tokens in one run. Larger runs gain nothing on a CPU, and take memory.
const (
	batchRows   = 16
	batchTokens = 1024
)

// Open loads the model in a folder.
func Open(name, dir string, options Options) (*Model, error) {
	started := time.Now()
	opened, err := folder.Open(dir)
	if err != nil {
		return nil, err
	}
	m := &Model{Name: name, folder: opened, options: options, encoders: make(chan struct{}, runtime.GOMAXPROCS(0))}
	m.session, err = options.Runtime.Open(opened.Network, onnx.Options{
		Graph: opened.Graph, Output: opened.Output, Labels: len(opened.Labels), Pad: opened.Pad,
	})
	if err != nil {
		return nil, err
	}
	rows, err := m.chooseBatching()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("network %s: %w", opened.Network, err), m.session.Close())
	}
	m.queue = queue.New(queue.Options{
		Workers: runtime.GOMAXPROCS(0), Capacity: options.Queue, Patience: options.Timeout / 2,
		BatchRows: rows, BatchTokens: batchTokens, Observe: m.observe,
	}, m.session.Run)
	load := time.Since(started)
	options.Metrics.Start(name, opened.Labels, load)
	options.Log.Info("loaded", "model", name, "folder", dir, "network", opened.Network, "tokenizer", opened.Tokenizer.Kind(),
		"labels", len(opened.Labels), "activation", opened.Activation, "max_tokens", opened.MaxTokens, "batching", m.batching, "took", load.Round(time.Millisecond))
	return m, nil
}

func (m *Model) observe(e queue.Event) {
	m.options.Metrics.BatchRows.WithLabelValues(m.Name).Observe(float64(e.Rows))
	m.options.Metrics.Tokens.WithLabelValues(m.Name).Add(float64(e.Tokens))
	m.options.Metrics.Waited.WithLabelValues(m.Name).Observe(e.Waited.Seconds())
}

// Labels returns the names of the labels, in the order of the scores.
func (m *Model) Labels() []string { return m.folder.Labels }

// Batching says whether texts share a run of the network, and why.
func (m *Model) Batching() string { return m.batching }

// MaxTokens returns the length of the longest text that the model reads whole.
func (m *Model) MaxTokens() int { return m.folder.MaxTokens }

// Waiting returns the tokens and the calls in the queue.
func (m *Model) Waiting() (tokens, calls int) { return m.queue.Waiting() }

// Predict returns the scores of each text, in the order of the texts. When ctx is done, it returns early with ctx's error.
func (m *Model) Predict(ctx context.Context, texts []string) (*Answer, error) {
	started := time.Now()
	answer, err := m.predict(ctx, texts)
	m.options.Metrics.Predict.WithLabelValues(m.Name).Observe(time.Since(started).Seconds())
	if err != nil {
		if problem.Of(err).Kind == problem.Busy {
			m.options.Metrics.Refused.WithLabelValues(m.Name).Inc()
		}
		return nil, err
	}
	for row := range answer.Rows {
		m.options.Metrics.Answers.WithLabelValues(m.Name, answer.Labels[answer.Top(row)]).Inc()
	}
	return answer, nil
}

func (m *Model) predict(ctx context.Context, texts []string) (*Answer, error) {
	rows, cut, err := m.encode(ctx, texts)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, m.options.Timeout)
	defer cancel()
	outputs, err := m.queue.Do(limited, rows)
	switch {
	case err != nil && ctx.Err() == nil && limited.Err() != nil:
		return nil, problem.New(problem.Busy, "the call waited %s for its turn; try again", m.options.Timeout)
	case err != nil && ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		if problem.Of(err).Kind == problem.Internal {
			m.options.Log.Error("the network failed", "model", m.Name, "texts", len(texts), "error", err)
		}
		return nil, err
	}
	for _, output := range outputs {
		if err := activate(m.folder.Activation, output); err != nil {
			m.options.Log.Error("the network gave no scores", "model", m.Name, "error", err)
			return nil, err
		}
	}
	return &Answer{Labels: m.folder.Labels, Rows: outputs, Truncated: cut}, nil
}

// encode returns the ids of each text, and how many texts were cut.
func (m *Model) encode(ctx context.Context, texts []string) (rows [][]int64, cut int, err error) {
	select {
	case m.encoders <- struct{}{}:
		defer func() { <-m.encoders }()
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	}
	rows = make([][]int64, len(texts))
	for i, text := range texts {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		ids, isCut := m.folder.Tokenizer.Encode(text, m.folder.MaxTokens)
		if isCut {
			cut++
			if !m.options.Truncate {
				return nil, 0, problem.New(problem.Invalid, "text %d is longer than the model's %d tokens; send a shorter text, or start the server with --truncate=true", i+1, m.folder.MaxTokens)
			}
		}
		if len(ids) == 0 { // an empty text, by a tokenizer without markers
			ids = []int64{m.folder.Pad}
		}
		rows[i] = ids
	}
	m.options.Metrics.Truncated.WithLabelValues(m.Name).Add(float64(cut))
	return rows, cut, nil
}

// Close waits for the calls in flight, and frees the network.
func (m *Model) Close() error {
	m.inFlight.Wait()
	m.queue.Close()
	return m.session.Close()
}

// activate turns outputs into scores, in place.
func activate(activation folder.Activation, outputs []float32) error {
	switch activation {
	case folder.Softmax:
		softmax(outputs)
	case folder.Sigmoid:
		for i, x := range outputs {
			outputs[i] = float32(1 / (1 + math.Exp(-float64(x))))
		}
	}
	if at := slices.IndexFunc(outputs, func(x float32) bool { return math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) }); at >= 0 {
		return fmt.Errorf("output %d is %v, which is no score; the network is broken", at, outputs[at])
	}
	return nil
}

func softmax(outputs []float32) {
	largest, sum := slices.Max(outputs), 0.0
	exponents := make([]float64, len(outputs))
	for i, x := range outputs {
		exponents[i] = math.Exp(float64(x - largest))
		sum += exponents[i]
	}
	for i := range outputs {
		outputs[i] = float32(exponents[i] / sum)
	}
}
