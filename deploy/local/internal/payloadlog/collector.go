package payloadlog

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Predictions is the name of the collector's counter, which has a label named label.
const Predictions = "payload_predictions_total"

// Collector receives events at /, and serves its counters at /metrics and its
// Received at /received.
type Collector struct {
	predictions *prometheus.CounterVec
	events      atomic.Int64
	replyBytes  atomic.Int64
	eventBytes  atomic.Int64
}

// Received are the sums over all events.
type Received struct {
	Events     int64 `json:"events"`
	ReplyBytes int64 `json:"reply_bytes"`
	EventBytes int64 `json:"event_bytes"` // with the attributes' names and values
}

// Handler returns the collector's pages.
func (c *Collector) Handler() http.Handler {
	registry := prometheus.NewRegistry()
	c.predictions = prometheus.NewCounterVec(prometheus.CounterOpts{Name: Predictions, Help: "Predictions by top label."}, []string{"label"})
	registry.MustRegister(c.predictions)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /", c.receive)
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	mux.HandleFunc("GET /received", c.serveReceived)
	return mux
}

// receive counts the predictions of one event.
func (c *Collector) receive(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "can't read body", http.StatusBadRequest)
		return
	}
	defer c.add(r.Header, len(body))
	var reply struct {
		Predictions [][]scored `json:"predictions"`
	}
	if err := json.Unmarshal(body, &reply); err != nil {
		http.Error(w, "not a reply", http.StatusBadRequest)
		return
	}
	for _, scores := range reply.Predictions {
		if len(scores) > 0 {
			top := slices.MaxFunc(scores, func(a, b scored) int { return cmp.Compare(a.Score, b.Score) })
			c.predictions.WithLabelValues(top.Label).Inc()
		}
	}
}

type scored struct {
	Label string  `json:"label"`
	Score float64 `json:"score"`
}

func (c *Collector) add(attributes http.Header, replyBytes int) {
	size := replyBytes
	for name, values := range attributes {
		if strings.HasPrefix(name, "Ce-") || name == "Content-Type" {
			size += len(name) + len(values[0])
		}
	}
	c.events.Add(1)
	c.replyBytes.Add(int64(replyBytes))
	c.eventBytes.Add(int64(size))
}

func (c *Collector) serveReceived(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(Received{c.events.Load(), c.replyBytes.Load(), c.eventBytes.Load()}) // a client that has left needs no answer
}
