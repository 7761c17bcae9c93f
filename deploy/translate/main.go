package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the program. It returns the exit code: 1 for an error, 2 for wrong usage.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("translate", flag.ContinueOnError)
	flags.SetOutput(stderr)
	manifests := flags.String("manifests", "..", "`folder` with the kustomization.yaml to translate")
	cluster := flags.String("cluster", "cluster", "`folder` with the objects that Istio, Knative and KServe add to the manifests")
	output := flags.String("o", "", "`file` to write instead of standard output")
	hasBothPasses := flags.Bool("both-passes", false, "keep the second pass of a request, through knative-local-gateway")
	version := flags.Bool("version", false, "print the version and exit")
	if slices.ContainsFunc(args, func(arg string) bool { return slices.Contains([]string{"-h", "-help", "--help"}, arg) }) {
		flags.SetOutput(stdout)
	}
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "translate: unexpected argument %q: use -manifests FOLDER\n", flags.Arg(0))
		return 2
	}
	if *version {
		fmt.Fprintln(stdout, "translate", buildVersion())
		return 0
	}
	if err := write(*manifests, *cluster, *output, *hasBothPasses, stdout); err != nil {
		fmt.Fprintln(stderr, "translate:", err)
		return 1
	}
	return 0
}

// write makes the configuration and replaces the file by a rename, so that the old file survives an error.
func write(manifests, cluster, output string, hasBothPasses bool, stdout io.Writer) error {
	text, err := gatewayJSON(manifests, cluster, hasBothPasses)
	if err != nil {
		return err
	}
	if output == "" {
		_, err := stdout.Write(text)
		return err
	}
	part := filepath.Join(filepath.Dir(output), "."+filepath.Base(output)+".part")
	if err := os.WriteFile(part, text, 0o644); err != nil {
		return err
	}
	return os.Rename(part, output)
}

// gatewayJSON returns the gateway for one machine, of the kustomization in manifests, as JSON with a final newline.
func gatewayJSON(manifests, cluster string, hasBothPasses bool) ([]byte, error) {
	in, err := load(manifests, cluster)
	if err != nil {
		return nil, err
	}
	full, err := translate(in)
	if err != nil {
		return nil, err
	}
	plain, err := onOneMachine(full, hasBothPasses)
	if err != nil {
		return nil, fmt.Errorf("reducing the gateway of %s to one machine: %w", manifests, err)
	}
	return marshal(plain)
}

func buildVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}
