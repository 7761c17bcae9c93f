// Package push sends the metrics to an OpenTelemetry receiver, for users without a
// Prometheus that scrapes the exporter.
//
// The official exporter for HTTP imports gRPC, in its options and by the collector's
// protobuf package, also in its newest version (v1.47.0,
// open-telemetry/opentelemetry-go#2579). Compared with an HTTP client of our own on
// the same protobuf types, gRPC costs 90 of the exporter's 370 packages outside the
// standard library, 2 of its 27 MB, and 7 of 130 seconds of processor time for a
// build without a cache. In return, retries, compression and OTLP's environment
// variables are maintained by the OpenTelemetry project.
package push

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	bridge "go.opentelemetry.io/contrib/bridges/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/moodring/moodring/exporter/internal/config"
)

// Options configure a Pusher. All fields are required.
type Options struct {
	Endpoint string // URL; the default path is that of OTLP's specification. A user and a password are sent
	Interval time.Duration
	Gather   func(context.Context) ([]*dto.MetricFamily, error) // returns by the context's deadline
	Failures prometheus.Counter                                 // counts failed pushes
	Version  string
	Logger   *slog.Logger
}

// Pusher pushes metrics by OTLP over HTTP, in protobuf. Headers and certificates
// come from OTLP's environment variables, such as OTEL_EXPORTER_OTLP_HEADERS.
type Pusher struct {
	options  Options
	endpoint string // without the password
	exporter *otlpmetrichttp.Exporter
	resource *resource.Resource
}

const defaultPath = "/v1/metrics"

// New returns a Pusher. Run starts it.
func New(ctx context.Context, options Options) (*Pusher, error) {
	address, err := parse(options.Endpoint)
	if err != nil {
		return nil, err
	}
	if options.Interval <= 0 {
		return nil, fmt.Errorf("the interval %s is not above 0", options.Interval)
	}
	otel.SetLogger(logr.New(sink{options.Logger}))
	exporter, err := otlpmetrichttp.New(ctx, settings(address)...)
	if err != nil {
		return nil, err
	}
	about, err := resource.New(ctx, resource.WithAttributes(
		attribute.String("service.name", "moodring-exporter"), attribute.String("service.version", options.Version),
	), resource.WithFromEnv())
	if about == nil {
		return nil, err
	}
	if err != nil { // the other attributes are set
		options.Logger.Warn("An attribute of the environment cannot be used: look at OTEL_RESOURCE_ATTRIBUTES", "err", err)
	}
	return &Pusher{options, address.Redacted(), exporter, about}, nil
}

// parse returns the URL of an endpoint, with a path. An error has no password.
func parse(endpoint string) (*url.URL, error) {
	address, err := url.Parse(endpoint)
	if err != nil || address.Hostname() == "" || strings.HasSuffix(address.Host, ":") || address.Scheme != "http" && address.Scheme != "https" {
		return nil, fmt.Errorf("%q: want http://HOST:PORT, such as http://localhost:4318", config.WithoutUser(endpoint))
	}
	if address.Path == "" || address.Path == "/" {
		address.Path = defaultPath
	}
	return address, nil
}

func settings(address *url.URL) []otlpmetrichttp.Option {
	all := []otlpmetrichttp.Option{
		otlpmetrichttp.WithEndpointURL(address.String()), otlpmetrichttp.WithCompression(otlpmetrichttp.GzipCompression), otlpmetrichttp.WithProxy(proxy),
	}
	if user := address.User; user != nil {
		password, _ := user.Password()
		request := http.Request{Header: make(http.Header)}
		request.SetBasicAuth(user.Username(), password)
		all = append(all, otlpmetrichttp.WithHeaders(map[string]string{"Authorization": request.Header.Get("Authorization")}))
	}
	return all
}

// proxy returns the proxy for a request, and refuses a redirect: the client would send
// the headers, which can hold an API key, to any other server. A client of our own,
// which could refuse redirects by itself, would lose OTLP's variables for certificates.
func proxy(r *http.Request) (*url.URL, error) {
	if r.Response != nil {
		return nil, errors.New("redirects are not followed, give the receiver's own address")
	}
	return http.ProxyFromEnvironment(r)
}

// markUnknownStarts sets missing start times to 0, OTLP's value for an unknown start.
// The bridge would set them to the start of this process. Then, at each restart, a
// receiver would add everything that the gateways counted before.
func markUnknownStarts(families []*dto.MetricFamily) {
	unknown := new(timestamppb.Timestamp)
	for _, family := range families {
		for _, m := range family.Metric {
			if c := m.Counter; c != nil && c.CreatedTimestamp == nil {
				c.CreatedTimestamp = unknown
			}
			if h := m.Histogram; h != nil && h.CreatedTimestamp == nil {
				h.CreatedTimestamp = unknown
			}
		}
	}
}

// Run pushes at once and then at each interval until ctx ends. It pushes once more
// at the end, so that the last counts arrive.
func (p *Pusher) Run(ctx context.Context) error {
	tick := time.NewTicker(p.options.Interval)
	defer tick.Stop()
	for {
		p.note(p.push(ctx))
		select {
		case <-tick.C:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), minTimeout)
			defer cancel()
			return errors.Join(p.push(last), p.exporter.Shutdown(last))
		}
	}
}

// minTimeout is the timeout of a push if the interval is shorter.
const minTimeout = 5 * time.Second

// note logs and counts an error. No counts are lost: the next push sends all metrics
// again.
func (p *Pusher) note(err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		p.options.Failures.Inc()
		p.options.Logger.Warn("Pushing over OTLP failed", "endpoint", p.endpoint, "err", err)
	}
}

// push gathers the metrics in half of the time, so that a gateway that hangs leaves
// time to send the others' metrics.
func (p *Pusher) push(ctx context.Context) error {
	patience := max(p.options.Interval, minTimeout)
	limit, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	scopes, err := p.produce(limit, patience/2)
	if err != nil {
		return err
	}
	return shortened(p.exporter.Export(limit, &metricdata.ResourceMetrics{Resource: p.resource, ScopeMetrics: scopes}))
}

// produce returns the metrics, gathered within a time, in the types of OTLP's library.
func (p *Pusher) produce(ctx context.Context, within time.Duration) ([]metricdata.ScopeMetrics, error) {
	limit, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	families, err := p.options.Gather(limit)
	if err != nil {
		return nil, err
	}
	markUnknownStarts(families)
	gathered := prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return families, nil })
	return bridge.NewMetricProducer(bridge.WithGatherer(gathered)).Produce(ctx)
}
