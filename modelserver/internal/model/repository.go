package model

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/moodring/moodring/modelserver/internal/problem"
)

// Source is a model to load.
type Source struct{ Name, Dir string }

// Repository holds the loaded models by their names. It is safe for concurrent use.
type Repository struct {
	sources []Source
	options Options

	mutex    sync.RWMutex
	models   map[string]*Model
	stopping bool
	closing  sync.WaitGroup
}

// NewRepository returns a repository without models. Load loads them.
func NewRepository(sources []Source, options Options) *Repository {
	r := &Repository{sources: sources, options: options, models: map[string]*Model{}}
	options.Metrics.Register(r)
	return r
}

// Load loads all models anew, and replaces the models in use once all have been loaded. The calls in flight end with the
// models that they began with. After an error the former models stay in use.
func (r *Repository) Load() error {
	models := map[string]*Model{}
	for _, source := range r.sources {
		loaded, err := Open(source.Name, source.Dir, r.options)
		if err != nil {
			return errors.Join(fmt.Errorf("model %s: %w", source.Name, err), closeAll(models))
		}
		models[source.Name] = loaded
	}
	r.mutex.Lock()
	former := r.models
	r.models = models
	r.mutex.Unlock()
	r.closing.Go(func() {
		if err := closeAll(former); err != nil {
			r.options.Log.Error("a replaced model could not be closed", "error", err)
		}
	})
	return nil
}

func closeAll(models map[string]*Model) error {
	var all []error
	for _, m := range models {
		all = append(all, m.Close())
	}
	return errors.Join(all...)
}

// Stop makes all models not ready. Calls are still answered.
func (r *Repository) Stop() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.stopping = true
}

// Close closes all models. No call may be in flight.
func (r *Repository) Close() error {
	r.mutex.Lock()
	models := r.models
	r.models = map[string]*Model{}
	r.mutex.Unlock()
	r.closing.Wait()
	return closeAll(models)
}

// Names returns the names of the models, in the order of the command line.
func (r *Repository) Names() []string {
	names := make([]string, len(r.sources))
	for i, source := range r.sources {
		names[i] = source.Name
	}
	return names
}

// Ready reports whether all models are loaded and the server is not stopping.
func (r *Repository) Ready() bool {
	r.mutex.RLock()
	defer r.mutex.RUnlock()
	return len(r.models) > 0 && !r.stopping
}

// Known returns an error if no model has the name. The texts of these errors are KServe's own.
func (r *Repository) Known(name string) error {
	if slices.Contains(r.Names(), name) {
		return nil
	}
	return problem.New(problem.NotFound, "Model with name %s does not exist.", name)
}

// Check returns an error if the model is unknown, or not ready.
func (r *Repository) Check(name string) error {
	if err := r.Known(name); err != nil {
		return err
	}
	if !r.Ready() {
		return notReady(name)
	}
	return nil
}

func notReady(name string) error {
	return problem.New(problem.Busy, "Model with name %s is not ready.", name)
}

// Acquire returns a model, which stays loaded until release is called.
func (r *Repository) Acquire(name string) (m *Model, release func(), err error) {
	r.mutex.RLock()
	defer r.mutex.RUnlock()
	m, ok := r.models[name]
	if ok {
		m.inFlight.Add(1)
		return m, m.inFlight.Done, nil
	}
	if err := r.Known(name); err != nil {
		return nil, nil, err
	}
	return nil, nil, notReady(name)
}

var (
	queueTokens = prometheus.NewDesc("modelserver_queue_tokens", "Tokens that wait for the network.", []string{"model"}, nil)
	queueCalls  = prometheus.NewDesc("modelserver_queue_calls", "Predict requests that wait for the network.", []string{"model"}, nil)
)

// Describe is for prometheus.Collector.
func (r *Repository) Describe(out chan<- *prometheus.Desc) {
	out <- queueTokens
	out <- queueCalls
}

// Collect is for prometheus.Collector.
func (r *Repository) Collect(out chan<- prometheus.Metric) {
	r.mutex.RLock()
	defer r.mutex.RUnlock()
	for name, m := range r.models {
		tokens, calls := m.Waiting()
		out <- prometheus.MustNewConstMetric(queueTokens, prometheus.GaugeValue, float64(tokens), name)
		out <- prometheus.MustNewConstMetric(queueCalls, prometheus.GaugeValue, float64(calls), name)
	}
}
