// Bench measures the model server under load.
//
//	bench compare MODELSERVER MODEL_DIR ONNXRUNTIME PYTHON PIPELINE_PYTHON
//	bench overload MODELSERVER MODEL_DIR ONNXRUNTIME DURATION
//
// Compare runs the model server and two rivals one after another, with the same texts: KServe's Python SDK with ONNX Runtime and the
// same model, and KServe's Python SDK with a Hugging Face pipeline. Overload sends twice the calls that the model server can
// answer, for some time.
package main

import (
	"errors"
	"fmt"
	"os"
	"time"
)

func main() {
	err := run(os.Args[1:])
	if errors.Is(err, errUsage) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("usage: bench compare MODELSERVER MODEL_DIR ONNXRUNTIME PYTHON PIPELINE_PYTHON\n" +
	"       bench overload MODELSERVER MODEL_DIR ONNXRUNTIME DURATION")

func run(args []string) error {
	switch {
	case len(args) == 6 && args[0] == "compare":
		return compare(ours(args[1], args[2], args[3]), args[2], args[4], args[5])
	case len(args) == 5 && args[0] == "overload":
		duration, err := time.ParseDuration(args[4])
		if err != nil {
			return err
		}
		return overload(ours(args[1], args[2], args[3]), duration)
	default:
		return errUsage
	}
}

// ours is the command line of the model server.
func ours(program, dir, library string) []string {
	return []string{program, "--model_dir", dir, "--onnxruntime", library, "--host", "127.0.0.1", "--enable_grpc=false", "--drain-delay=0s"}
}
