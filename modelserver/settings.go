package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/moodring/moodring/modelserver/internal/model"
)

// settings are the command line.
type settings struct {
	name, dir       string
	models          []model.Source
	host            string
	httpPort        int
	grpcPort        int
	enableGRPC      bool
	truncate        bool
	queueTokens     int
	queueTimeout    time.Duration
	drain           time.Duration
	tlsCert, tlsKey string
	library         string
	ignored         []string // flags of KServe's servers without effect here
}

// kserveValues and kserveSwitches are flags of KServe's own servers that a ServingRuntime may pass: with a value, and
// without.
var (
	kserveValues = []string{
		"access_log_format", "backend", "configure_logging", "dtype", "enable_docs_url", "enable_latency_logging", "event-loop",
		"grpc_max_receive_message_length", "grpc_max_send_message_length", "log_config_file", "max_asyncio_workers", "max_length",
		"max_model_len", "max_threads", "model_class_name", "model_id", "model_revision", "predictor_config", "predictor_host",
		"predictor_protocol", "predictor_request_retries", "predictor_request_timeout_seconds", "predictor_use_ssl", "protocol", "task",
		"tensor_input_names", "timeout-keep-alive", "tokenizer_revision", "workers",
	}
	kserveSwitches = []string{
		"disable_log_requests", "disable_lower_case", "disable_special_tokens", "enable_predictor_health_check", "return_probabilities",
		"return_raw_logits", "return_token_type_ids", "trust_remote_code",
	}
)

// parse reads the flags. The flags with underscores are KServe's. If args ask for
// help, parse prints the help and returns flag.ErrHelp.
func parse(args []string, stdout io.Writer) (settings, error) {
	s := settings{enableGRPC: true, truncate: true}
	flags := s.flags()
	err := flags.Parse(args)
	if err == nil {
		err = s.complete(flags.Args())
	}
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, "modelserver serves text classifiers in ONNX by KServe's inference protocols (V1 and V2, REST and gRPC).\n\n"+
			"Usage: modelserver [flags]\n       modelserver version\n       modelserver completion bash|fish|zsh\n\n")
		printFlags(flags, stdout)
	}
	return s, err
}

func (s *settings) flags() *flag.FlagSet {
	flags := flag.NewFlagSet("modelserver", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Func("model", "`NAME=DIR` serves the model in the folder DIR under NAME; may be repeated", s.addModel)
	flags.StringVar(&s.name, "model_name", "", "`name` of the model in --model_dir (default \"model\")")
	flags.StringVar(&s.dir, "model_dir", "", "`folder` of a model as Hugging Face's optimum exports it (default /mnt/models, if it is there)")
	flags.StringVar(&s.host, "host", "0.0.0.0", "`address` to listen on")
	flags.IntVar(&s.httpPort, "http_port", 8080, "`port` for HTTP; 0 takes any free port, and the log shows the port")
	flags.IntVar(&s.grpcPort, "grpc_port", 8081, "`port` for gRPC")
	flags.Var((*toggle)(&s.enableGRPC), "enable_grpc", "`true or false`: serve gRPC")
	flags.Var((*toggle)(&s.truncate), "truncate", "`true or false`: cut texts that are longer than the model reads, and say so in the reply; else refuse them with 400")
	flags.IntVar(&s.queueTokens, "queue-tokens", 32768, "`tokens` that may wait for one model; further calls get 503")
	flags.DurationVar(&s.queueTimeout, "queue-timeout", 15*time.Second, "longest `time` that a call waits and runs; then it gets 503. A call whose wait is estimated at half of it gets 503 at once")
	flags.DurationVar(&s.drain, "drain-delay", 5*time.Second, "`time` after SIGTERM during which the ports stay open for new calls")
	flags.StringVar(&s.tlsCert, "ssl_certfile", "", "`file` with the TLS certificate; SIGHUP reads it again")
	flags.StringVar(&s.tlsKey, "ssl_keyfile", "", "`file` with the certificate's key")
	flags.StringVar(&s.library, "onnxruntime", os.Getenv("ONNXRUNTIME_LIB"), "`path` of libonnxruntime.so; else $ONNXRUNTIME_LIB, else .tools/lib of the working directory or beside the program's folder")
	for _, name := range kserveValues {
		flags.Var(&ignored{name, false, &s.ignored}, name, "")
	}
	for _, name := range kserveSwitches {
		flags.Var(&ignored{name, true, &s.ignored}, name, "")
	}
	return flags
}

// printFlags lists the flags that have an effect.
func printFlags(all *flag.FlagSet, stdout io.Writer) {
	listed := flag.NewFlagSet("", flag.ContinueOnError)
	listed.SetOutput(stdout)
	all.VisitAll(func(f *flag.Flag) {
		if _, ok := f.Value.(*ignored); !ok {
			listed.Var(f.Value, f.Name, f.Usage)
		}
	})
	listed.PrintDefaults()
	fmt.Fprint(stdout, "\nOther flags of KServe's servers are accepted with a warning.\n")
}

// toggle is a flag that takes its value in the next argument too, as KServe's servers do.
type toggle bool

func (t *toggle) String() string { return strconv.FormatBool(bool(*t)) }

// Set reads true or false.
func (t *toggle) Set(text string) error {
	value, err := strconv.ParseBool(strings.ToLower(text))
	if err != nil {
		return errors.New("want true or false")
	}
	*t = toggle(value)
	return nil
}

// ignored is a flag without effect.
type ignored struct {
	name     string
	isSwitch bool
	seen     *[]string
}

func (*ignored) String() string { return "" }

// IsBoolFlag lets a switch stand alone.
func (i *ignored) IsBoolFlag() bool { return i.isSwitch }

// Set remembers that the flag was given.
func (i *ignored) Set(string) error {
	*i.seen = append(*i.seen, i.name)
	return nil
}

func (s *settings) addModel(text string) error {
	name, dir, ok := strings.Cut(text, "=")
	if !ok || dir == "" {
		return errors.New("want NAME=DIR")
	}
	return s.add(model.Source{Name: name, Dir: dir})
}

func (s *settings) add(source model.Source) error {
	if source.Name == "" || strings.ContainsAny(source.Name, "/:") {
		return fmt.Errorf("%q cannot be a model's name in a path; choose a name without slashes and colons", source.Name)
	}
	for _, other := range s.models {
		if other.Name == source.Name {
			return fmt.Errorf("two models have the name %q", source.Name)
		}
	}
	s.models = append(s.models, source)
	return nil
}

// mounted is the folder into which KServe puts a model.
const mounted = "/mnt/models"

// complete checks the settings together, and finds the model's folder.
func (s *settings) complete(rest []string) error {
	if len(rest) > 0 {
		return fmt.Errorf("unknown argument %q; only flags are taken", rest[0])
	}
	if (s.tlsCert == "") != (s.tlsKey == "") {
		return errors.New("--ssl_certfile and --ssl_keyfile belong together; give both")
	}
	if s.dir == "" && len(s.models) == 0 {
		if _, err := os.Stat(mounted); err != nil {
			return errors.New("no model; name its folder with --model_dir or --model NAME=DIR")
		}
		s.dir = mounted
	}
	if s.dir == "" {
		if s.name != "" {
			return errors.New("--model_name needs --model_dir; --model NAME=DIR has the name itself")
		}
		return nil
	}
	if s.name == "" {
		s.name = "model"
	}
	return s.add(model.Source{Name: s.name, Dir: s.dir})
}
