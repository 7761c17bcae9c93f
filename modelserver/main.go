// Modelserver serves text classifiers in ONNX by KServe's inference protocols.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"

	"github.com/moodring/moodring/internal/cli"
	"github.com/moodring/moodring/modelserver/internal/body"
	"github.com/moodring/moodring/modelserver/internal/metric"
	"github.com/moodring/moodring/modelserver/internal/model"
	"github.com/moodring/moodring/modelserver/internal/onnx"
	"github.com/moodring/moodring/modelserver/internal/rpc"
	"github.com/moodring/moodring/modelserver/internal/server"
	"github.com/moodring/moodring/modelserver/internal/web"
)

var version string // set by the linker; a plain go build leaves it to the build info

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the program. It returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	if isAnswered, err := commandLine().Answer(args, stdout); isAnswered {
		return code(err, stderr)
	}
	s, err := parse(args, stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return cli.Success
	case err != nil:
		return code(fmt.Errorf("%w: %w%s", cli.ErrUsage, err, commandLine().Suggestion(args)), stderr)
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	for _, name := range s.ignored {
		log.Warn("this flag of KServe's servers has no effect here", "flag", "--"+name)
	}
	return code(serve(s, log), stderr)
}

// code prints an error and returns the exit code.
func code(err error, stderr io.Writer) int {
	switch {
	case err == nil:
		return cli.Success
	case errors.Is(err, cli.ErrUsage):
		text := strings.TrimPrefix(err.Error(), cli.ErrUsage.Error()+": ")
		fmt.Fprintf(stderr, "modelserver: %s (modelserver -h lists the flags)\n", text)
		return cli.Usage
	}
	fmt.Fprintln(stderr, "modelserver:", err)
	return cli.Failure
}

// commandLine describes the model server for completion and suggestions.
func commandLine() cli.Program {
	return cli.Program{
		Name: "moodring-modelserver", Version: version,
		Help: func(string) string {
			var text strings.Builder
			_, _ = parse([]string{"-h"}, &text) // flag.ErrHelp
			return text.String()
		},
	}
}

// serve opens the ports, loads the models, and answers until a signal ends the program.
func serve(s settings, log *slog.Logger) error {
	started := time.Now()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	reloads := make(chan os.Signal, 1)
	signal.Notify(reloads, syscall.SIGHUP)
	defer signal.Stop(signals)
	defer signal.Stop(reloads)

	p, err := newProgram(s, log)
	if err != nil {
		return err
	}
	if err := p.models.Load(); err != nil {
		return errors.Join(err, p.abandon())
	}
	p.server.Ready()
	log.Info("serving", "models", p.models.Names(), "url", p.url(), "grpc", p.grpcAddress(),
		"onnxruntime", p.runtime.Version(), "workers", runtime.GOMAXPROCS(0), "startup", time.Since(started).Round(time.Millisecond))
	return p.wait(signals, reloads)
}

// program is all that runs.
type program struct {
	settings settings
	log      *slog.Logger
	metrics  *metric.Metrics
	runtime  *onnx.Runtime
	models   *model.Repository
	tls      *server.Certificate
	http     net.Listener
	grpc     net.Listener
	server   *server.Server
}

// newProgram opens the ports, where /healthz already answers while the models load.
func newProgram(s settings, log *slog.Logger) (*program, error) {
	p := &program{settings: s, log: log, metrics: metric.New()}
	executable, err := os.Executable()
	if err != nil {
		return nil, err
	}
	library, err := onnx.Library(s.library, executable)
	if err != nil {
		return nil, err
	}
	if s.tlsCert != "" {
		if p.tls, err = server.NewCertificate(s.tlsCert, s.tlsKey); err != nil {
			return nil, err
		}
	}
	if err := p.listen(); err != nil {
		return nil, err
	}
	if p.runtime, err = onnx.Start(library); err != nil {
		return nil, errors.Join(err, p.closePorts())
	}
	p.models = model.NewRepository(s.models, model.Options{
		Runtime: p.runtime, Truncate: s.truncate, Queue: s.queueTokens, Timeout: s.queueTimeout, Metrics: p.metrics, Log: log,
	})
	p.start()
	return p, nil
}

func (p *program) listen() (err error) {
	if p.http, err = listen(p.settings.host, p.settings.httpPort); err != nil {
		return fmt.Errorf("%w; choose another with --host or --http_port", err)
	}
	if !p.settings.enableGRPC {
		return nil
	}
	if p.grpc, err = listen(p.settings.host, p.settings.grpcPort); err != nil {
		return errors.Join(fmt.Errorf("%w; choose another with --grpc_port, or none with --enable_grpc=false", err), p.http.Close())
	}
	return nil
}

func listen(host string, port int) (net.Listener, error) {
	return (&net.ListenConfig{}).Listen(context.Background(), "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
}

func (p *program) closePorts() error {
	err := p.http.Close()
	if p.grpc != nil {
		err = errors.Join(err, p.grpc.Close())
	}
	return err
}

func (p *program) start() {
	limits := body.Default()
	// net/http closes a connection without a request after five seconds.
	grace := p.settings.queueTimeout + 5*time.Second
	p.server = server.Start(server.Options{
		HTTP: p.http, GRPC: p.grpc, TLS: p.tls, Drain: p.settings.drain, Grace: grace, MaxBody: int(limits.Max), Codec: rpc.Codec(), Log: p.log,
		Handler: web.Handler(web.Options{Models: p.models, Bodies: body.NewReader(limits), Metrics: p.metrics, Version: commandLine().Number(), Log: p.log}),
		Register: func(s *grpc.Server) {
			rpc.Register(s, rpc.Options{Models: p.models, Metrics: p.metrics, Version: commandLine().Number()})
		},
	})
}

// abandon ends a program whose models could not be loaded.
func (p *program) abandon() error {
	now := make(chan os.Signal)
	close(now)
	return errors.Join(p.server.Stop(now), p.runtime.Close())
}

// wait answers signals until the program ends.
func (p *program) wait(signals, reloads <-chan os.Signal) error {
	for {
		select {
		case <-reloads:
			p.reload()
		case err := <-p.server.Failed():
			return err
		case got := <-signals:
			p.models.Stop()
			now := signals
			if got == os.Interrupt { // a person at a terminal does not wait for routers
				closed := make(chan os.Signal)
				close(closed)
				now = closed
			}
			if err := p.server.Stop(now); err != nil {
				return err // a request may still use a model, so the models stay open until the process ends
			}
			return errors.Join(p.models.Close(), p.runtime.Close())
		}
	}
}

// reload loads the models and the certificate again. After an error the former ones stay in use.
func (p *program) reload() {
	err := p.models.Load()
	if p.tls != nil {
		err = errors.Join(err, p.tls.Load())
	}
	if err != nil {
		p.metrics.Reloads.WithLabelValues("failure").Inc()
		p.log.Error("the reload failed; the former models stay in use", "error", err)
		return
	}
	p.metrics.Reloads.WithLabelValues("success").Inc()
	p.log.Info("reloaded", "models", p.models.Names())
}

func (p *program) url() string {
	scheme := "http"
	if p.tls != nil {
		scheme = "https"
	}
	return scheme + "://" + p.http.Addr().String()
}

func (p *program) grpcAddress() string {
	if p.grpc == nil {
		return "off"
	}
	return p.grpc.Addr().String()
}
