// Package prometheus runs a Prometheus in this process: its own scrape
// manager, TSDB, PromQL engine, rules and HTTP API, with one scrape
// configuration.
package prometheus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/notifier"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/web"
)

// Options say what to scrape, what to make of it and where to serve.
type Options struct {
	Listener net.Listener  // taken over
	Target   string        // host:port of the exporter
	Interval time.Duration // of scrapes, and of the rules
	Rules    []string      // rule files; their alerts are served, and sent to no one
	Dir      string        // for the TSDB; made, and left to the caller to remove
	Logger   *slog.Logger
}

// Server is a Prometheus that runs.
type Server struct {
	db      *tsdb.DB
	scrapes *scrape.Manager
	rules   *rules.Manager
	stop    context.CancelFunc
	over    chan error
	running int
}

// storeWithStats is the TSDB as package web wants it.
type storeWithStats struct{ *tsdb.DB }

// BlockMetas gives the blocks on disk.
func (s storeWithStats) BlockMetas() ([]tsdb.BlockMeta, error) { return s.DB.BlockMetas(), nil }

// Stats gives the head's statistics.
func (s storeWithStats) Stats(by string, limit int) (*tsdb.Stats, error) {
	return s.Head().Stats(by, limit), nil
}

// WALReplayStatus says that there is nothing to replay: the database is new.
func (storeWithStats) WALReplayStatus() (tsdb.WALReplayStatus, error) {
	return tsdb.WALReplayStatus{}, nil
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
		&scrape.Options{DiscoveryReloadInterval: model.Duration(10 * time.Millisecond)},
		options.Logger, nil, db, nil, registry)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Server{db: db, scrapes: scrapes, stop: stop, over: make(chan error)}
	handler := options.handler(ctx, s, registry)
	if err := errors.Join(handler.ApplyConfig(settings), scrapes.ApplyConfig(settings), s.load(settings)); err != nil {
		stop()
		return nil, errors.Join(err, db.Close())
	}
	handler.SetReady(web.Ready)
	s.run(func() error { return scrapes.Run(options.targets()) })
	s.run(func() error { return handler.Run(ctx, []net.Listener{options.Listener}, "") })
	s.run(func() error { s.rules.Run(); return nil })
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
	s.running++
	go func() { s.over <- part() }()
}

// Stop ends the server and closes its database.
func (s *Server) Stop() error {
	s.rules.Stop()
	s.scrapes.Stop()
	s.stop()
	var err error
	for range s.running {
		err = errors.Join(err, <-s.over)
	}
	return errors.Join(err, s.db.Close())
}

const job = "moodring"

func (o Options) config() (*config.Config, error) {
	text := fmt.Sprintf(`
global: {scrape_interval: %[1]s, scrape_timeout: %[1]s, evaluation_interval: %[1]s}
scrape_configs: [{job_name: %[2]s, static_configs: [{targets: [%[3]q]}]}]
`, model.Duration(o.Interval), job, o.Target)
	settings, err := config.Load(text, o.Logger)
	if err != nil {
		return nil, fmt.Errorf("prometheus: %w", err)
	}
	settings.RuleFiles = o.Rules
	// ScrapeConfigs are checked and completed when they are first asked for.
	_, err = settings.GetScrapeConfigs()
	return settings, err
}

// targets gives the scrape manager its one target.
func (o Options) targets() <-chan map[string][]*targetgroup.Group {
	sets := make(chan map[string][]*targetgroup.Group, 1)
	sets <- map[string][]*targetgroup.Group{job: {{
		Source:  job,
		Targets: []model.LabelSet{{model.AddressLabel: model.LabelValue(o.Target)}},
	}}}
	return sets
}

func (o Options) handler(ctx context.Context, s *Server, registry *client.Registry) *web.Handler {
	engine := promql.NewEngine(promql.EngineOpts{
		Logger: o.Logger, Reg: registry, MaxSamples: 50_000_000, Timeout: 2 * time.Minute,
		LookbackDelta: 5 * time.Minute, EnableAtModifier: true, EnableNegativeOffset: true,
		Parser: parser.NewParser(parser.Options{}),
	})
	s.rules = rules.NewManager(&rules.ManagerOptions{
		Context: ctx, Logger: o.Logger, Registerer: registry, Queryable: s.db, Appendable: s.db,
		QueryFunc:            rules.EngineQueryFunc(engine, s.db),
		NotifyFunc:           func(context.Context, string, ...*rules.Alert) {},
		NameValidationScheme: model.UTF8Validation,
	})
	address := o.Listener.Addr().String()
	return web.New(o.Logger, &web.Options{
		Context:         ctx,
		LocalStorage:    storeWithStats{s.db},
		Storage:         s.db,
		ExemplarStorage: s.db,
		QueryEngine:     engine,
		LookbackDelta:   5 * time.Minute,
		ScrapeManager:   s.scrapes,
		RuleManager:     s.rules,
		Notifier:        notifier.NewManager(&notifier.Options{Registerer: registry}, model.UTF8Validation, o.Logger),
		Version:         &web.PrometheusVersion{Version: "library"},
		ListenAddresses: []string{address},
		ExternalURL:     &url.URL{Scheme: "http", Host: address},
		RoutePrefix:     "/",
		ReadTimeout:     time.Minute,
		MaxConnections:  512,
		Gatherer:        registry,
		Registerer:      registry,
		TSDBDir:         o.Dir,
	})
}
