package expose

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/exporter-toolkit/web"
	"google.golang.org/protobuf/encoding/protodelim"

	"github.com/moodring/moodring/exporter/internal/config"
)

// Options configure the handler. All fields are required.
type Options struct {
	Scrape   func(context.Context) []Snapshot // scrapes all gateways; returns by the context's deadline
	Timeout  func() time.Duration             // of Scrape, if the scraper has no shorter timeout
	Targets  func() []Snapshot                // the latest snapshot of each gateway, without scraping
	Dropped  func() []DroppedTarget           // gateways that were found and are not scraped
	Reload   func() error                     // reads the configuration again; nil: requests must not
	IsNative func() bool                      // reports whether a page in protobuf has native histograms
	IsReady  func() bool                      // reports whether discovery knows all gateways
	Meter    *Meter
	Registry *prometheus.Registry // the exporter's own metrics
	Logger   *slog.Logger
	Version  string

	IsProfiled bool // serve /debug/pprof
}

// NewHandler returns a handler of /metrics, /targets, /-/healthy, /-/ready,
// /-/reload, and a landing page with links to them.
func NewHandler(options Options) (http.Handler, error) {
	landing, err := web.NewLandingPage(web.LandingConfig{
		Name:        "Moodring exporter",
		Description: "What your models predict, from the statistics of their gateways",
		Version:     options.Version,
		Profiling:   strconv.FormatBool(options.IsProfiled),
		Links: []web.LandingLinks{
			{Address: "metrics", Text: "Metrics"},
			{Address: "targets", Text: "Targets", Description: "The gateways and their last scrapes"},
			{Address: "https://github.com/moodring/moodring/blob/main/docs/exporter.md", Text: "Documentation"},
			{Address: "-/healthy", Text: "Healthy"},
			{Address: "-/ready", Text: "Ready"},
		},
	})
	if err != nil {
		return nil, err
	}
	targets, err := newTargetsHandler(options.Targets, options.Dropped)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", &metricsHandler{Options: options})
	mux.Handle("GET /targets", targets)
	mux.HandleFunc("GET /-/healthy", respond("The exporter is healthy.\n"))
	mux.HandleFunc("GET /-/ready", ready(options.IsReady))
	mux.HandleFunc("POST /-/reload", reload(options.Reload))
	mux.HandleFunc("PUT /-/reload", reload(options.Reload))
	mux.HandleFunc("GET /-/reload", refuseReload)
	if options.IsProfiled {
		addProfiles(mux)
	}
	mux.Handle("GET /", landing)
	return guard(mux), nil
}

func addProfiles(mux *http.ServeMux) {
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
}

func respond(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, text) // the client may have gone
	}
}

func ready(isReady func() bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !isReady() {
			http.Error(w, "The exporter does not know its gateways yet.", http.StatusServiceUnavailable)
			return
		}
		respond("The exporter is ready.\n")(w, r)
	}
}

func reload(reload func() error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if reload == nil {
			http.Error(w, "Requests must not reload the configuration: start the exporter with --web.enable-lifecycle, or send SIGHUP.", http.StatusForbidden)
			return
		}
		if err := reload(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		respond("The configuration is loaded.\n")(w, r)
	}
}

// refuseReload explains to a browser how to reload: a 404 would not.
func refuseReload(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Allow", "POST, PUT")
	http.Error(w, "Send a POST or PUT request, as in curl -X POST.", http.StatusMethodNotAllowed)
}

type metricsHandler struct {
	Options
	compressors compressors
}

// ServeHTTP scrapes all gateways within the scraper's timeout, and serves their
// series. A gateway that failed has a target_up of 0, and its last good series. No
// lock is held during the writing.
func (h *metricsHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	timeout, err := timeoutOf(r.Header, h.Timeout())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	format := expfmt.NegotiateAccept(r.Header, expfmt.FmtOpenMetrics_1_0_0, expfmt.FmtOpenMetrics_0_0_1, expfmt.FmtProtoDelim, expfmt.FmtText)
	p, err := h.page(ctx, format, formOf(format, h.IsNative()))
	if err != nil {
		h.Logger.Error("Gathering the exporter's own metrics failed", "err", err)
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", string(format))
	_ = h.compressors.writeCompressed(w, r, p.writeTo) // the scraper may have gone
}

// page scrapes all gateways and returns the page.
func (h *metricsHandler) page(ctx context.Context, format expfmt.Format, f form) (*page, error) {
	snapshots := h.Scrape(ctx)
	own, err := h.Registry.Gather()
	if err != nil {
		return nil, err
	}
	p := newPage(f, snapshots, own)
	for gateway, n := range p.dropped {
		h.Meter.drop(gateway, n)
	}
	if f == formOpenMetrics {
		own = withoutClashes(own)
	}
	for _, family := range own {
		var encoded bytes.Buffer
		if err := expfmt.NewEncoder(&encoded, format).Encode(family); err != nil {
			return nil, err
		}
		p.addEncoded(family.GetName(), encoded.Bytes())
	}
	return p, nil
}

// Gather returns the metrics of /metrics, to push them to another system.
func Gather(ctx context.Context, options Options) ([]*dto.MetricFamily, error) {
	limit, cancel := context.WithTimeout(ctx, options.Timeout())
	defer cancel()
	p, err := (&metricsHandler{Options: options}).page(limit, expfmt.FmtProtoDelim, formProtobuf)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := p.writeTo(&text); err != nil {
		return nil, err
	}
	var families []*dto.MetricFamily
	for text.Len() > 0 {
		family := new(dto.MetricFamily)
		if err := (protodelim.UnmarshalOptions{MaxSize: -1}).UnmarshalFrom(&text, family); err != nil {
			return nil, err
		}
		families = append(families, family)
	}
	return families, nil
}

// withoutClashes replaces each counter a_total that is gathered beside another metric
// a, such as go_memstats_alloc_bytes_total of Go's collector, by a metric of unknown
// type: a parser of OpenMetrics refuses a page with two families of one name
// (prometheus/client_golang#829).
func withoutClashes(families []*dto.MetricFamily) []*dto.MetricFamily {
	names := make(map[string]bool, len(families))
	for _, family := range families {
		names[family.GetName()] = true
	}
	replaced := slices.Clone(families)
	for i, family := range families {
		if stem, isTotal := strings.CutSuffix(family.GetName(), config.SuffixTotal); isTotal && names[stem] && family.GetType() == dto.MetricType_COUNTER {
			replaced[i] = untyped(family)
		}
	}
	return replaced
}

func untyped(counters *dto.MetricFamily) *dto.MetricFamily {
	family := &dto.MetricFamily{Name: counters.Name, Help: counters.Help, Type: dto.MetricType_UNTYPED.Enum()}
	for _, m := range counters.Metric {
		family.Metric = append(family.Metric, &dto.Metric{Label: m.Label, Untyped: &dto.Untyped{Value: m.Counter.Value}})
	}
	return family
}

const timeoutHeader = "X-Prometheus-Scrape-Timeout-Seconds"

// timeoutOf returns the timeout of a scrape: limit, or the timeout in the scraper's
// header if it is shorter, less some time to transfer the page.
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
