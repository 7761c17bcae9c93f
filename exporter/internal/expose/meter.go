package expose

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/moodring/moodring/contract"
)

// Meter counts bytes, errors and dropped series of each tracked gateway's scrapes.
type Meter struct {
	bytes, errors, dropped *prometheus.CounterVec

	mu      sync.Mutex
	tracked map[string]bool
}

// NewMeter registers the counters.
func NewMeter(registry prometheus.Registerer) (*Meter, error) {
	m := &Meter{
		bytes:   counter(contract.ExporterBytes),
		errors:  counter(contract.ExporterErrors),
		dropped: counter(contract.ExporterDropped),
		tracked: make(map[string]bool),
	}
	for _, c := range m.counters() {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *Meter) counters() []*prometheus.CounterVec {
	return []*prometheus.CounterVec{m.bytes, m.errors, m.dropped}
}

// Track starts a gateway's counters, at 0 if the gateway is new.
func (m *Meter) Track(gateway string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tracked[gateway] = true
	for _, c := range m.counters() {
		c.WithLabelValues(gateway)
	}
}

// Forget deletes a gateway's counters.
func (m *Meter) Forget(gateway string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.tracked, gateway)
	for _, c := range m.counters() {
		c.DeleteLabelValues(gateway)
	}
}

func counter(name string) *prometheus.CounterVec {
	row := metric(name)
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: row.Name, Help: row.Help}, row.Labels)
}

// Record counts a scrape. A scrape that ends after Forget is not counted.
func (m *Meter) Record(s Snapshot) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.tracked[s.Gateway] {
		return
	}
	m.bytes.WithLabelValues(s.Gateway).Add(float64(s.Bytes))
	m.dropped.WithLabelValues(s.Gateway).Add(float64(s.Dropped))
	if !s.Up {
		m.errors.WithLabelValues(s.Gateway).Inc()
	}
}

func (m *Meter) drop(gateway string, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tracked[gateway] {
		m.dropped.WithLabelValues(gateway).Add(float64(n))
	}
}
