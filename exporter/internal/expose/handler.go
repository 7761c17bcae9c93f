package expose

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/exporter-toolkit/web"
)

// Options say what to serve. All fields are needed.
type Options struct {
	Scrape   func(context.Context) []Snapshot // of all gateways; returns by the context's deadline
	Timeout  func() time.Duration             // for Scrape, where the scraper has no shorter one
	Reload   func() error                     // reads the configuration again
	IsReady  func() bool                      // whether it is known which gateways there are
	Meter    *Meter
	Registry *prometheus.Registry // the exporter's own metrics
	Logger   *slog.Logger
	Version  string
}

// NewHandler serves /metrics, /-/healthy, /-/ready, /-/reload and a page that
// links them.
func NewHandler(options Options) (http.Handler, error) {
	landing, err := web.NewLandingPage(web.LandingConfig{
		Name:        "Moodring exporter",
		Description: "What your models answer, from the statistics of their gateways",
		Version:     options.Version,
		Profiling:   "false",
		Links: []web.LandingLinks{
			{Address: "metrics", Text: "Metrics"},
			{Address: "-/healthy", Text: "Healthy"},
			{Address: "-/ready", Text: "Ready"},
		},
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", &metricsHandler{options})
	mux.HandleFunc("GET /-/healthy", say("The exporter is healthy.\n"))
	mux.HandleFunc("GET /-/ready", ready(options.IsReady))
	mux.HandleFunc("POST /-/reload", reload(options.Reload))
	mux.Handle("GET /", landing)
	return mux, nil
}

func say(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, text) // an asker who has gone is no fault of ours
	}
}

func ready(isReady func() bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !isReady() {
			http.Error(w, "The exporter does not know its gateways yet.", http.StatusServiceUnavailable)
			return
		}
		say("The exporter is ready.\n")(w, r)
	}
}

func reload(reload func() error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := reload(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		say("The configuration is loaded.\n")(w, r)
	}
}

type metricsHandler struct{ Options }

// ServeHTTP scrapes all gateways within the scraper's deadline, and serves what
// came: a gateway that failed has a target_up of 0 and no other series.
func (h *metricsHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	timeout, err := timeoutOf(r.Header, h.Timeout())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	scraped, dropped := families(h.Scrape(ctx))
	for gateway, n := range dropped {
		h.Meter.drop(gateway, n)
	}
	gatherers := prometheus.Gatherers{h.Registry, prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		return scraped, nil
	})}
	promhttp.HandlerFor(gatherers, promhttp.HandlerOpts{
		ErrorLog:          slog.NewLogLogger(h.Logger.Handler(), slog.LevelError),
		ErrorHandling:     promhttp.ContinueOnError,
		EnableOpenMetrics: true,
	}).ServeHTTP(w, r)
}

const timeoutHeader = "X-Prometheus-Scrape-Timeout-Seconds"

// timeoutOf returns how long a scrape may take: limit, or less where the
// scraper says that it waits less, leaving it time to take the answer.
func timeoutOf(header http.Header, limit time.Duration) (time.Duration, error) {
	const offset = 500 * time.Millisecond
	text := header.Get(timeoutHeader)
	if text == "" {
		return limit, nil
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds > 0) {
		return 0, fmt.Errorf("%s: %q is not a number of seconds above 0", timeoutHeader, text)
	}
	if seconds >= limit.Seconds()+offset.Seconds() {
		return limit, nil
	}
	patience := time.Duration(seconds * float64(time.Second))
	return max(patience-offset, patience/2), nil
}
