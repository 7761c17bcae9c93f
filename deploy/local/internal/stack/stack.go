// Package stack runs the local stack: the model server, Envoy with the
// configuration that Istio makes from the manifests, the rate limit service with a
// Redis, the exporter, Prometheus, and a preview of the dashboards.
package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/moodring/moodring/deploy/local/internal/gateway"
	"github.com/moodring/moodring/deploy/local/internal/grafana"
	"github.com/moodring/moodring/deploy/local/internal/process"
	"github.com/moodring/moodring/deploy/local/internal/prometheus"
	"github.com/moodring/moodring/deploy/local/internal/ratelimit"
)

// UnlimitedKey is an API key without a rate limit.
const UnlimitedKey = "moodring-demo"

// ModelName is the name of the model that the stack serves.
const ModelName = "bert-emotion-model"

// Options configure a stack.
type Options struct {
	Root           string // the checkout, with bin/ and .tools/
	RunDir         string // for logs, configuration and data; Stop removes it
	ScrapeInterval time.Duration
	Rules          Rules
	Config         Config
	Logger         *slog.Logger
	Progress       func(format string, args ...any)
}

// Addresses are the URLs of a stack's programs, as written to up.json.
type Addresses struct {
	Gateway     string `json:"gateway"`
	Admin       string `json:"admin"`
	ModelServer string `json:"modelserver"`
	RateLimit   string `json:"ratelimit"`
	Exporter    string `json:"exporter"`
	Prometheus  string `json:"prometheus"`
	Preview     string `json:"preview"`
}

// Stack is a running stack.
type Stack struct {
	Addresses Addresses
	AccessLog string // file of the gateway

	options  Options
	dir      *runDir
	envoy    string   // binary
	grafana  string   // binary, or "" for dashgen's preview
	redisAt  string   // HOST:PORT, or "" for a Redis in this process
	rules    []string // files
	ports    Ports
	claims   claims
	programs []*process.Process
	stops    []func() error // in the order of starting
	failed   chan error
}

// Start runs the stack and returns when every program is ready. On an error it
// stops the programs that it has started. If ctx ends first, Start leaves no files,
// and the error is the cause.
func Start(ctx context.Context, options Options) (*Stack, error) {
	s := &Stack{options: options, ports: DefaultPorts(), failed: make(chan error, 1)}
	switch err := s.start(ctx); {
	case err != nil && ctx.Err() != nil:
		return nil, errors.Join(context.Cause(ctx), s.Stop(), s.claims.release())
	case err != nil:
		return nil, errors.Join(err, s.stopAll(), s.claims.release(), s.dir.abandon())
	}
	return s, nil
}

func (s *Stack) start(ctx context.Context) error {
	if err := s.prepare(); err != nil {
		return err
	}
	for _, part := range []func(context.Context) error{
		s.writeRules, s.startModelServer, s.startRateLimit, s.startEnvoy, s.startExporter, s.startPrometheus, s.startPreview,
	} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	s.watch()
	return s.writeAddresses()
}

// prepare checks the environment before any program starts.
func (s *Stack) prepare() error {
	if err := s.ports.FromEnvironment(lookupEnvironment); err != nil {
		return err
	}
	envoy, err := gateway.FindEnvoy(s.options.Root)
	if err != nil {
		return err
	}
	if s.grafana, err = grafana.Find(); err != nil {
		return err
	}
	if s.redisAt, err = findRedis(); err != nil {
		return err
	}
	if s.dir, err = lockRunDir(s.options.RunDir); err != nil {
		return err
	}
	if s.claims, err = s.ports.claim(); err != nil {
		return err
	}
	s.envoy, s.AccessLog = envoy, s.path("access.log")
	return s.dir.clear()
}

// path returns a path in the run directory.
func (s *Stack) path(elements ...string) string {
	return filepath.Join(append([]string{s.options.RunDir}, elements...)...)
}

func (s *Stack) binary(name string) string { return filepath.Join(s.options.Root, "bin", name) }

// startProgram frees the ports and runs the program that listens on them.
func (s *Stack) startProgram(ctx context.Context, program process.Program, ports ...Port) error {
	s.options.Progress("starting %s", program.Name)
	for _, port := range ports {
		if err := s.claims.free(port); err != nil {
			return err
		}
	}
	program.Log = s.path("log", program.Name+".log")
	started, err := process.Start(ctx, program)
	if err != nil {
		return err
	}
	s.programs = append(s.programs, started)
	s.stops = append(s.stops, func() error { started.Stop(); return nil })
	return nil
}

func (s *Stack) startModelServer(ctx context.Context) error {
	port := s.ports.ModelServer
	return s.startProgram(ctx, process.Program{
		Name: port.Name,
		Path: s.binary("modelserver"),
		Args: []string{
			"--model_name", ModelName,
			"--model_dir", filepath.Join(s.options.Root, "modelserver", "models", ModelName),
			"--onnxruntime", s.onnxRuntime(),
			"--host", "127.0.0.1", "--http_port", strconv.Itoa(port.Number), "--enable_grpc=false", "--drain-delay=0s",
		},
		Ready: port.url() + "/v1/models/" + ModelName,
	}, port)
}

func (s *Stack) onnxRuntime() string {
	if library := os.Getenv("ONNXRUNTIME_LIB"); library != "" {
		return library
	}
	return filepath.Join(s.options.Root, ".tools", "lib", "libonnxruntime.so")
}

// startRateLimit runs the rate limit service with the manifests' limits, and the
// Redis in REDIS_URL or a Redis in this process.
func (s *Stack) startRateLimit(ctx context.Context) error {
	limits, err := s.options.Config.limits(s.options.Root)
	if err != nil {
		return err
	}
	redis, err := s.redis()
	if err != nil {
		return err
	}
	port, grpc := s.ports.RateLimit, s.ports.RateLimitGRPC
	program, err := ratelimit.Service{
		Binary: s.binary("ratelimit"), Dir: s.path(), Limits: limits,
		HTTP: port.Number, GRPC: grpc.Number, Redis: redis,
	}.Program()
	if err != nil {
		return err
	}
	return s.startProgram(ctx, program, port, grpc)
}

// findRedis returns the address in REDIS_URL after connecting to it once. The rate
// limit service itself prints a stack trace if it cannot connect.
func findRedis() (string, error) {
	given := os.Getenv("REDIS_URL")
	address := strings.TrimSuffix(strings.TrimPrefix(given, "redis://"), "/")
	if address == "" {
		return "", nil
	}
	if strings.ContainsAny(address, "/@") {
		return "", errors.New("REDIS_URL must be HOST:PORT or redis://HOST:PORT, without a password or a database")
	}
	connection, err := net.DialTimeout("tcp", address, redisTimeout)
	if err != nil {
		return "", fmt.Errorf("no Redis at REDIS_URL=%s: %w; start it, or unset REDIS_URL", given, err)
	}
	return address, connection.Close()
}

const redisTimeout = 5 * time.Second

func (s *Stack) redis() (address string, err error) {
	if s.redisAt != "" {
		return s.redisAt, nil
	}
	server, err := miniredis.Run()
	if err != nil {
		return "", fmt.Errorf("redis in this process: %w", err)
	}
	s.stops = append(s.stops, func() error { server.Close(); return nil })
	return server.Addr(), nil
}

func (s *Stack) startEnvoy(ctx context.Context) error {
	translated, err := s.options.Config.gateway(s.options.Root)
	if err != nil {
		return err
	}
	bootstrap, err := gateway.Bootstrap(translated, gateway.Settings{
		Gateway:     s.ports.Gateway.Number,
		Admin:       s.ports.Admin.Number,
		ModelServer: s.ports.ModelServer.Number,
		RateLimit:   s.ports.RateLimitGRPC.Number,
		Plugin:      s.binary("moodring.wasm"),
		AllMetrics:  true,
		AccessLog:   s.AccessLog,
		Without:     s.options.Config.without(),
	})
	if err != nil {
		return err
	}
	file := s.path("envoy.json")
	if err := writeFile(file, bootstrap); err != nil {
		return err
	}
	return s.startProgram(ctx, gateway.Program(s.envoy, file, s.ports.Admin.url()), s.ports.Gateway, s.ports.Admin)
}

func (s *Stack) startExporter(ctx context.Context) error {
	port := s.ports.Exporter
	return s.startProgram(ctx, process.Program{
		Name:  port.Name,
		Path:  s.binary("exporter"),
		Args:  []string{"--gateway", s.ports.Admin.url(), "--web.listen-address", port.address()},
		Ready: port.url() + "/-/ready",
	}, port)
}

func (s *Stack) startPrometheus(context.Context) error {
	s.options.Progress("starting prometheus")
	server, err := prometheus.Start(prometheus.Options{
		Listener: s.claims.take(s.ports.Prometheus),
		Targets:  []string{s.ports.Exporter.address()},
		Interval: s.options.ScrapeInterval,
		Rules:    s.rules,
		Dir:      s.path("prometheus"),
		Logger:   s.options.Logger,

		Dashboards: s.ports.Preview.url(),
	})
	if err != nil {
		return err
	}
	s.stops = append(s.stops, server.Stop)
	return nil
}

// watch sends the error of the first program that ends to failed.
func (s *Stack) watch() {
	for _, program := range s.programs {
		go func() {
			<-program.Ended()
			select {
			case s.failed <- program.Err():
			default:
			}
		}()
	}
}

// Failed returns a channel that receives an error when a program ends.
func (s *Stack) Failed() <-chan error { return s.failed }

// writeAddresses writes up.json in one step, for scripts that wait for the file.
func (s *Stack) writeAddresses() error {
	s.Addresses = Addresses{
		Gateway:     s.ports.Gateway.url(),
		Admin:       s.ports.Admin.url(),
		ModelServer: s.ports.ModelServer.url(),
		RateLimit:   s.ports.RateLimit.url(),
		Exporter:    s.ports.Exporter.url(),
		Prometheus:  s.ports.Prometheus.url(),
		Preview:     s.ports.Preview.url(),
	}
	text, err := json.MarshalIndent(s.Addresses, "", "  ")
	if err != nil {
		return err
	}
	if err := writeFile(s.path("up.json.new"), append(text, '\n')); err != nil {
		return err
	}
	return os.Rename(s.path("up.json.new"), s.path("up.json"))
}

// Stop ends all programs, starting with the last one, and removes the run
// directory.
func (s *Stack) Stop() error {
	return errors.Join(s.stopAll(), s.dir.remove())
}

func (s *Stack) stopAll() error {
	var err error
	for _, stop := range slices.Backward(s.stops) {
		err = errors.Join(err, stop())
	}
	s.stops = nil
	if s.dir == nil { // the files are another stack's
		return err
	}
	return errors.Join(err, removeIfExists(s.path("up.json")))
}

func removeIfExists(file string) error {
	if err := os.Remove(file); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func writeFile(file string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o644)
}
