// Package prometheus runs a Prometheus in this process: its scrape manager, TSDB,
// PromQL engine and rule manager, with one scrape configuration. The HTTP API is
// that of package promapi, and the pages are those of package promweb.
package prometheus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/moodring/moodring/deploy/local/internal/promapi"
	"github.com/moodring/moodring/deploy/local/internal/promweb"
)

// Options are the target to scrape, the rules to evaluate and the address to serve.
type Options struct {
	Listener net.Listener  // Stop closes it
	Targets  []string      // HOST:PORT of each exporter
	Path     string        // of the targets' pages; empty for /metrics
	Interval time.Duration // of scrapes and rule evaluations
	Rules    []string      // rule files; the API serves their alerts, and no Alertmanager gets them
	Dir      string        // for the TSDB; the caller removes it
	Logger   *slog.Logger

	WithoutStartTimes bool // loses the first value of each series, as Prometheus does by default

	Dashboards string // URL for the pages to link to; "" for no link
}

// Server is a running Prometheus.
type Server struct {
	db      *tsdb.DB
	scrapes *scrape.Manager
	rules   *rules.Manager
	http    *http.Server
	stop    context.CancelFunc
	ended   chan error // one error or nil for each part
	parts   int
}

// Start runs a Prometheus until Stop.
func Start(options Options) (*Server, error) {
	settings, err := options.config()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(options.Dir, 0o755); err != nil {
		return nil, err
	}
	registry := client.NewRegistry()
	db, err := tsdb.Open(options.Dir, options.Logger, registry, tsdb.DefaultOptions(), nil)
	if err != nil {
		return nil, fmt.Errorf("prometheus: %w", err)
	}
	scrapes, err := scrape.NewManager(
		// As with --enable-feature=created-timestamp-zero-ingestion: the first value of a
		// series counts, and so does a restart that hides no fall.
		&scrape.Options{DiscoveryReloadInterval: model.Duration(10 * time.Millisecond), EnableStartTimestampZeroIngestion: !options.WithoutStartTimes},
		options.Logger, nil, db, nil, registry)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Server{db: db, scrapes: scrapes, stop: stop, ended: make(chan error)}
	if err := errors.Join(s.evaluate(ctx, options, registry), scrapes.ApplyConfig(settings), s.load(settings)); err != nil {
		stop()
		return nil, errors.Join(err, db.Close())
	}
	s.run(func() error { return scrapes.Run(options.targets()) })
	s.run(func() error { s.rules.Run(); return nil })
	s.run(func() error { return s.serve(options.Listener) })
	return s, nil
}

// load reads the rule files, and evaluates nothing yet.
func (s *Server) load(settings *config.Config) error {
	if err := s.rules.Update(time.Duration(settings.GlobalConfig.EvaluationInterval), settings.RuleFiles, labels.EmptyLabels(), "", nil); err != nil {
		return fmt.Errorf("prometheus: rule files %s: %w", strings.Join(settings.RuleFiles, ", "), err)
	}
	return nil
}

func (s *Server) run(part func() error) {
	s.parts++
	go func() { s.ended <- part() }()
}

// serve answers requests until Stop.
func (s *Server) serve(listener net.Listener) error {
	if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("prometheus: %w", err)
	}
	return nil
}

// stopLimit is how long Stop waits for requests in flight.
const stopLimit = time.Second

// Stop ends the server and closes its database. Requests in flight are cancelled
// first, so that no query reads a closed database.
func (s *Server) Stop() error {
	s.rules.Stop()
	s.scrapes.Stop()
	s.stop()
	ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	for range s.parts {
		err = errors.Join(err, <-s.ended)
	}
	return errors.Join(err, s.db.Close())
}

const job = "moodring"

func (o Options) config() (*config.Config, error) {
	text := fmt.Sprintf(`
global: {scrape_interval: %[1]s, scrape_timeout: %[1]s, evaluation_interval: %[1]s, scrape_protocols: [PrometheusProto, OpenMetricsText1.0.0, PrometheusText0.0.4]}
scrape_configs: [{job_name: %[2]s, metrics_path: %[4]q, static_configs: [{targets: ["%[3]s"]}]}]
`, model.Duration(o.Interval), job, strings.Join(o.Targets, `", "`), cmp.Or(o.Path, "/metrics"))
	settings, err := config.Load(text, o.Logger)
	if err != nil {
		return nil, fmt.Errorf("prometheus: %w", err)
	}
	settings.RuleFiles = o.Rules
	// GetScrapeConfigs checks the scrape configurations and fills in defaults.
	_, err = settings.GetScrapeConfigs()
	return settings, err
}

// targets sends the targets to the scrape manager, in place of a discovery.
func (o Options) targets() <-chan map[string][]*targetgroup.Group {
	group := &targetgroup.Group{Source: job}
	for _, target := range o.Targets {
		group.Targets = append(group.Targets, model.LabelSet{model.AddressLabel: model.LabelValue(target)})
	}
	sets := make(chan map[string][]*targetgroup.Group, 1)
	sets <- map[string][]*targetgroup.Group{job: {group}}
	return sets
}

// evaluate makes the PromQL engine, the rule manager and the HTTP server, which
// share the engine.
func (s *Server) evaluate(ctx context.Context, options Options, registry *client.Registry) error {
	selectors := parser.NewParser(parser.Options{})
	engine := promql.NewEngine(promql.EngineOpts{
		Logger: options.Logger, Reg: registry, MaxSamples: 50_000_000, Timeout: 2 * time.Minute,
		LookbackDelta: 5 * time.Minute, EnableAtModifier: true, EnableNegativeOffset: true,
		Parser: selectors,
	})
	s.rules = rules.NewManager(&rules.ManagerOptions{
		Context: ctx, Logger: options.Logger, Registerer: registry, Queryable: s.db, Appendable: s.db,
		QueryFunc:            rules.EngineQueryFunc(engine, s.db),
		NotifyFunc:           func(context.Context, string, ...*rules.Alert) {},
		NameValidationScheme: model.UTF8Validation,
	})
	api := promapi.Options{Engine: engine, Parser: selectors, Storage: s.db, Scrapes: s.scrapes, Rules: s.rules}
	handler, err := routes(api, options.Dashboards, registry)
	s.http = &http.Server{
		Handler: handler, ReadTimeout: time.Minute,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    slog.NewLogLogger(options.Logger.Handler(), slog.LevelWarn),
	}
	return err
}

// routes serves the API, the pages for people, and the metrics of this Prometheus.
func routes(api promapi.Options, dashboards string, registry *client.Registry) (http.Handler, error) {
	pages, err := promweb.Handler(promweb.Options{API: api, Dashboards: dashboards, Now: time.Now})
	if err != nil {
		return nil, err
	}
	answers := promapi.Handler(api)
	mux := http.NewServeMux()
	mux.Handle("/api/", answers)
	mux.Handle("/-/", answers)
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.Handle("/", pages)
	return guard(mux), nil
}
