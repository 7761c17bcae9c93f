package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/promslog"
	promslogflag "github.com/prometheus/common/promslog/flag"
	"github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/discovery"
	"github.com/moodring/moodring/exporter/internal/push"
	"github.com/moodring/moodring/internal/cli"
)

var version string // set by the linker; a plain go build leaves it to the build info

const (
	serveCommand = "serve"
	checkCommand = "check-config"
)

// commandLine describes the exporter for completion and suggestions.
func commandLine() cli.Program {
	return cli.Program{
		Name: "moodring-exporter", Version: version,
		Commands: []string{serveCommand, checkCommand},
		Help: func(command string) string {
			var text strings.Builder
			args := slices.DeleteFunc([]string{command, "--help"}, func(arg string) bool { return arg == "" })
			_, _, _ = parseFlags(args, &text, io.Discard)
			return text.String()
		},
	}
}

type flags struct {
	gateways   *[]string
	isKube     *bool
	namespaces *[]string
	shardText  *string
	configFile *string
	checkFile  *string
	dryRunFile *string
	otlp       push.Options
	isProfiled *bool
	isReloaded *bool // by a request
	web        *web.FlagConfig
	log        promslog.Config
}

// parseFlags returns the command to run. It is "" after args asked for help or
// the version, which are already printed.
func parseFlags(args []string, stdout, stderr io.Writer) (command string, f *flags, err error) {
	f = &flags{log: promslog.Config{Writer: stderr}}
	isAnswered := false
	app := kingpin.New("exporter", "Scrapes the statistics of Envoy gateways and serves to Prometheus what their models predict.")
	app.UsageWriter(stdout).ErrorWriter(stderr).Terminate(func(int) { isAnswered = true })
	app.HelpFlag.Short('h')
	promslogflag.AddFlags(app, &f.log)

	f.gateways = app.Flag("gateway", "Address of a gateway's admin endpoint, as http://HOST:PORT; NAME=http://HOST:PORT sets its gateway label, which is HOST:PORT otherwise. Repeatable.").PlaceHolder("URL").Strings()
	f.isKube = app.Flag("kube", "Find the gateways of Istio, Envoy Gateway and Contour in Kubernetes: from inside a pod by its own account, from outside as kubectl would, through port-forwarding.").Bool()
	f.namespaces = app.Flag("kube.namespace", "Namespace in which --kube looks, instead of the usual ones of each kind of gateway. Repeatable.").PlaceHolder("istio-system").Strings()
	f.shardText = app.Flag("shard", "Scrape a share of the gateways: I/N is share I, from 0, of N; auto/N takes I from the end of the host name, as a StatefulSet gives it.").PlaceHolder("I/N").String()
	f.configFile = app.Flag("config.file", "YAML file with gateways, relabelling rules and scrape settings.").PlaceHolder("FILE").String()
	f.dryRunFile = app.Flag("dry-run", "Show the series made of a saved page, and exit. The page is a gateway's response to GET /stats/prometheus or /stats?format=json; - reads it from standard input.").PlaceHolder("FILE").String()
	app.Flag("otlp.endpoint", "Also push the metrics over OTLP (HTTP, protobuf) to this address. Headers come from OTEL_EXPORTER_OTLP_HEADERS.").PlaceHolder("http://HOST:4318").StringVar(&f.otlp.Endpoint)
	app.Flag("otlp.interval", "How often to push.").Default("15s").DurationVar(&f.otlp.Interval)
	f.isProfiled = app.Flag("web.enable-pprof", "Serve profiles of the exporter itself under /debug/pprof.").Bool()
	f.isReloaded = app.Flag("web.enable-lifecycle", "Reload the configuration on POST /-/reload, as on SIGHUP.").Bool()
	f.web = kingpinflag.AddFlags(app, ":9847")
	serving := app.Command(serveCommand, "Serve /metrics.")
	app.Command("version", "Show the version.")
	app.Command("completion", "Print a script for completion in bash, fish or zsh.").Arg("SHELL", "bash, fish or zsh.").String()
	f.checkFile = app.Command(checkCommand, "Check a configuration file and exit.").Arg("FILE", "YAML file for --config.file.").Required().String()

	args = joinStdinName(args)
	// With a default command, kingpin ignores a flag without its value, so the first
	// parse is without one.
	_, err = app.ParseContext(args)
	if err == nil {
		serving.Default()
		command, err = app.Parse(args)
	}
	switch {
	case isAnswered:
		return "", f, nil
	case err != nil:
		return "", f, fmt.Errorf("%w: %w", cli.ErrUsage, err)
	}
	return command, f, nil
}

// joinStdinName joins a flag and the value - after it, because kingpin takes a
// separate - for a flag without a name.
func joinStdinName(args []string) []string {
	var joined []string
	for i, arg := range args {
		if isValue := arg == stdinName && i > 0 && strings.HasPrefix(args[i-1], "--"); isValue {
			joined[len(joined)-1] += "=" + arg
		} else {
			joined = append(joined, arg)
		}
	}
	return joined
}

// fail prints err on one line and returns the exit code.
func fail(stderr io.Writer, args []string, err error) int {
	line, code := oneLine(err), cli.Failure
	if errors.Is(err, cli.ErrUsage) {
		code = cli.Usage
		line = strings.TrimPrefix(line, cli.ErrUsage.Error()+": ") + commandLine().Suggestion(args) + " (see exporter --help)"
	}
	_, _ = fmt.Fprintln(stderr, "exporter:", line)
	return code
}

// oneLine joins the lines of an error: some libraries' errors have several.
func oneLine(err error) string {
	var line strings.Builder
	for part := range strings.Lines(err.Error()) {
		switch part = strings.TrimSpace(part); {
		case line.Len() == 0:
		case strings.HasSuffix(line.String(), ":"):
			line.WriteByte(' ')
		default:
			line.WriteString("; ")
		}
		line.WriteString(part)
	}
	return line.String()
}

// file returns the configuration of the file, or the default without a file.
func (f *flags) file() (*config.Config, error) {
	if *f.configFile == "" {
		return config.Default(), nil
	}
	return config.Load(*f.configFile)
}

// configuration returns the configuration of the file and the flags together.
func (f *flags) configuration() (*config.Config, error) {
	cfg, err := f.file()
	if err != nil {
		return nil, err
	}
	for _, text := range *f.gateways {
		gateway, err := config.ParseGateway(text)
		if err != nil {
			return nil, fmt.Errorf("%w: --gateway: %w", cli.ErrUsage, err)
		}
		cfg.Gateways = append(cfg.Gateways, gateway)
	}
	if *f.isKube {
		cfg.KubernetesSD = append(cfg.KubernetesSD, config.KnownGateways(*f.namespaces, !discovery.IsInCluster())...)
	} else if len(*f.namespaces) > 0 {
		return nil, fmt.Errorf("%w: --kube.namespace says where --kube looks: give --kube too, or namespaces in kubernetes_sd_configs", cli.ErrUsage)
	}
	if !cfg.HasSources() {
		return nil, fmt.Errorf("%w: no gateway to scrape: give --gateway URL or --kube, or say in --config.file where gateways are", cli.ErrUsage)
	}
	return cfg, nil
}

// shard returns this exporter's share of the gateways.
func (f *flags) shard() (discovery.Shard, error) {
	if *f.shardText == "" {
		return discovery.Shard{}, nil
	}
	host, err := os.Hostname()
	if err != nil {
		return discovery.Shard{}, fmt.Errorf("--shard: %w", err)
	}
	shard, err := discovery.ParseShard(*f.shardText, host)
	if err != nil {
		return discovery.Shard{}, fmt.Errorf("%w: --shard: %w", cli.ErrUsage, err)
	}
	return shard, nil
}
