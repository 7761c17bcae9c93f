package prometheus

import (
	"context"
	"flag"
	"io"
	"log/slog"
	"net"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/moodring/moodring/deploy/local/internal/command"
	"github.com/moodring/moodring/deploy/local/internal/process"
)

// Program is a Prometheus in a process of its own, so that it can be killed. A
// program that calls Main for the argument "prometheus" can be this process.
type Program struct {
	Self     string // such a program
	Listen   string // HOST:PORT
	Targets  []string
	Path     string // of the targets' pages; empty for /metrics
	Interval time.Duration
	Dir      string
}

// Process returns the process to start. Log is its log file.
func (p Program) Process(log string) process.Program {
	return process.Program{
		Name: "prometheus",
		Path: p.Self,
		Args: []string{
			"prometheus", "-listen", p.Listen, "-targets", strings.Join(p.Targets, ","), "-path", p.Path,
			"-interval", p.Interval.String(), "-dir", p.Dir,
		},
		Ready: "http://" + p.Listen + "/api/v1/status/buildinfo",
		Log:   log,
	}
}

const usage = "usage: prometheus [flags]\n\nRuns a Prometheus until SIGTERM.\n\n"

// Main runs a Prometheus until ctx ends. Args are the arguments after "prometheus".
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("prometheus", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:9090", "address to serve the API on")
	targets := flags.String("targets", "", "addresses to scrape, separated by commas")
	path := flags.String("path", "", "path of the targets' pages; empty for /metrics")
	interval := flags.Duration("interval", time.Second, "time between scrapes")
	dir := flags.String("dir", "", "directory of the database")
	if err := command.ParseAll(flags, args, usage, stdout); err != nil {
		return err
	}
	signal.Ignore(syscall.SIGXFSZ) // a write past the limit of a file's size is an error, and does not end the process
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	server, err := Start(Options{
		Listener: listener, Targets: strings.Split(*targets, ","), Path: *path, Interval: *interval, Dir: *dir,
		Logger: slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return err
	}
	<-ctx.Done()
	return server.Stop()
}
