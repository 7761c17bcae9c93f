package expose

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/moodring/moodring/contract"
)

// Meter counts how the scrapes of each gateway went.
type Meter struct {
	bytes, errors, dropped *prometheus.CounterVec
}

// NewMeter registers the counters, at 0 for each of gateways.
func NewMeter(registry prometheus.Registerer, gateways []string) (*Meter, error) {
	m := &Meter{
		bytes:   counter(contract.ExporterBytes),
		errors:  counter(contract.ExporterErrors),
		dropped: counter(contract.ExporterDropped),
	}
	for _, c := range []*prometheus.CounterVec{m.bytes, m.errors, m.dropped} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
		for _, gateway := range gateways {
			c.WithLabelValues(gateway)
		}
	}
	return m, nil
}

func counter(name string) *prometheus.CounterVec {
	row := metric(name)
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: row.Name, Help: row.Help}, row.Labels)
}

// Record counts a scrape; call it once for each.
func (m *Meter) Record(s Snapshot) {
	m.bytes.WithLabelValues(s.Gateway).Add(float64(s.Bytes))
	m.drop(s.Gateway, s.Dropped)
	if !s.Up {
		m.errors.WithLabelValues(s.Gateway).Inc()
	}
}

func (m *Meter) drop(gateway string, n int) {
	m.dropped.WithLabelValues(gateway).Add(float64(n))
}
