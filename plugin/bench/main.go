// Bench measures the cost of Wasm filters in a real Envoy, side by side in one
// run: no filter, a no-op filter, a filter that decodes replies with
// encoding/json, Moodring, and a filter with only the calls of Moodring. See
// `make bench`.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

const usage = `usage: bench DIRECTORY [cost|batch|memory|soak]...

DIRECTORY holds moodring.wasm, noop.wasm, straightforward.wasm and calls.wasm.
Without names, all but soak are measured.
`

type report func(out io.Writer, binary string, filters []filter) error

func run(args []string, stdout, stderr io.Writer) int {
	reports := map[string]report{"cost": reportCost, "batch": reportBatch, "memory": reportMemory, "soak": reportSoak}
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return 2
	}
	if args[0] == "-h" || args[0] == "--help" {
		fmt.Fprint(stdout, usage)
		return 0
	}
	directory, names := args[0], args[1:]
	if len(names) == 0 {
		names = []string{"cost", "batch", "memory"}
	}
	for _, name := range names {
		measure, ok := reports[name]
		if !ok {
			fmt.Fprintf(stderr, "bench: unknown measurement %q\n%s", name, usage)
			return 2
		}
		if err := runReport(stdout, directory, measure); err != nil {
			fmt.Fprintf(stderr, "bench: %s: %v\n", name, err)
			return 1
		}
	}
	return 0
}

func runReport(out io.Writer, directory string, measure report) error {
	binary, err := findEnvoy()
	if err != nil {
		return err
	}
	filters := []filter{
		noFilter:  {Name: "no filter"},
		noop:      {Name: "no-op", Wasm: filepath.Join(directory, "noop.wasm")},
		decodeAll: {Name: "encoding/json", Wasm: filepath.Join(directory, "straightforward.wasm"), counter: "joy"},
		moodring: {
			Name: "moodring", Wasm: filepath.Join(directory, "moodring.wasm"),
			counter: "model_service=.=model;.;model=.=0xbert_2demotion_2dmodel;.;model_version=.=model;.;label=.=joy;.;moodring_predictions_total",
		},
		callsOnly: {Name: "calls only", Wasm: filepath.Join(directory, "calls.wasm")},
	}
	return measure(out, binary, filters)
}

// findEnvoy looks for Envoy in the variable ENVOY, on the PATH, and in the
// folder of `make tools`, in this order.
func findEnvoy() (string, error) {
	for _, candidate := range []string{os.Getenv("ENVOY"), "envoy", ".tools/bin/envoy"} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no Envoy: set ENVOY to its binary, put it on the PATH, or run `make tools`")
}
