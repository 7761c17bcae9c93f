// Package push sends the metrics to an OpenTelemetry receiver, for those who have
// no Prometheus to scrape them.
package push

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	bridge "go.opentelemetry.io/contrib/bridges/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Options say what to push, and where. All fields are needed.
type Options struct {
	Endpoint string // URL; without a path, that of OTLP's specification
	Interval time.Duration
	Gatherer prometheus.Gatherer
	Version  string
	Logger   *slog.Logger
}

// Pusher pushes over OTLP in HTTP and protobuf. Headers and certificates are
// taken from OTLP's own environment variables (OTEL_EXPORTER_OTLP_HEADERS...).
type Pusher struct {
	options  Options
	producer metric.Producer
	exporter *otlpmetrichttp.Exporter
	resource *resource.Resource
}

const defaultPath = "/v1/metrics"

// New returns a Pusher that has not begun.
func New(ctx context.Context, options Options) (*Pusher, error) {
	address, err := url.Parse(options.Endpoint)
	if err != nil || address.Host == "" || address.Scheme != "http" && address.Scheme != "https" {
		return nil, fmt.Errorf("%q: want http://HOST:PORT, such as http://localhost:4318", options.Endpoint)
	}
	if options.Interval <= 0 {
		return nil, fmt.Errorf("the interval %s is not above 0", options.Interval)
	}
	if address.Path == "" || address.Path == "/" {
		address.Path = defaultPath
	}
	exporter, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(address.String()), otlpmetrichttp.WithCompression(otlpmetrichttp.GzipCompression))
	if err != nil {
		return nil, err
	}
	about, err := resource.New(ctx, resource.WithAttributes(
		attribute.String("service.name", "moodring-exporter"), attribute.String("service.version", options.Version),
	), resource.WithFromEnv())
	producer := bridge.NewMetricProducer(bridge.WithGatherer(withoutStarts{options.Gatherer}))
	return &Pusher{options, producer, exporter, about}, err
}

// withoutStarts gives metrics of which it is not known when they began to count
// OTLP's word for that, which is 0. The bridge would say that they began with
// this process, and a receiver would take all that gateways had counted before
// for new, at each restart.
type withoutStarts struct{ prometheus.Gatherer }

func (g withoutStarts) Gather() ([]*dto.MetricFamily, error) {
	families, err := g.Gatherer.Gather()
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
	return families, err
}

// Run pushes at once and in each interval until ctx ends, and then once more, so
// that the last counts arrive.
func (p *Pusher) Run(ctx context.Context) error {
	tick := time.NewTicker(p.options.Interval)
	defer tick.Stop()
	for {
		p.tell(p.push(ctx))
		select {
		case <-tick.C:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
			defer cancel()
			return errors.Join(p.push(last), p.exporter.Shutdown(last))
		}
	}
}

// patience is how long a push may take, where the interval is shorter.
const patience = 5 * time.Second

// tell logs an error: the next push sends everything again.
func (p *Pusher) tell(err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		p.options.Logger.Warn("Pushing over OTLP failed", "endpoint", p.options.Endpoint, "err", err)
	}
}

func (p *Pusher) push(ctx context.Context) error {
	limit, cancel := context.WithTimeout(ctx, max(p.options.Interval, patience))
	defer cancel()
	scopes, err := p.producer.Produce(limit)
	if err != nil {
		return err
	}
	return p.exporter.Export(limit, &metricdata.ResourceMetrics{Resource: p.resource, ScopeMetrics: scopes})
}
