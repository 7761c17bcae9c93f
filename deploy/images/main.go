// Images writes Moodring's container images and the filter's OCI artifact,
// without a container engine. The same inputs give the same digests.
//
// It reads the programs and files that `make images` gathers, and writes an OCI
// layout and Docker archives, or pushes to a registry.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const usage = `images writes Moodring's container images: exporter, dashgen, modelserver and plugin.

usage: images [flags] [NAME...]

Without a NAME it writes all images. With --registry it pushes to PREFIX/moodring-NAME:VERSION. Otherwise it writes
into --out: an OCI layout for each image, and an archive for each platform that
docker load, ctr image import and kind load image-archive read. After all images
are pushed, --out has a kustomization of the demo with their digests, and
--out/production one of deploy/production.

`

var errUsage = errors.New("usage")

// options are the flags.
type options struct {
	stage, out, registry, version, revision string
	platforms                               []string
	specs                                   []spec
	created                                 time.Time
	isInsecure                              bool
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the program. It returns the exit status: 1 for a failure, 2 for a wrong
// command line.
func run(args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stdout)
	if err == nil {
		err = o.write(stdout)
	}
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		_, _ = fmt.Fprintf(stderr, "images: %v; bin/image-writer -h lists the flags\n", err)
		return 2
	}
	_, _ = fmt.Fprintf(stderr, "images: %v\n", err)
	return 1
}

func parse(args []string, stdout io.Writer) (options, error) {
	var o options
	var platforms string
	var created int64
	set := flag.NewFlagSet("images", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&o.stage, "stage", "bin/stage", "`folder` with the files of the images, as make images fills it")
	set.StringVar(&o.out, "out", "bin/images", "`folder` to write OCI layouts and archives into")
	set.StringVar(&o.registry, "registry", "", "push to this `prefix`, as HOST/OWNER, instead of writing files")
	set.BoolVar(&o.isInsecure, "insecure", false, "push over plain HTTP")
	set.StringVar(&o.version, "version", "dev", "the images' `tag`, and their version label")
	set.StringVar(&o.revision, "revision", "", "the commit, for the revision label")
	set.StringVar(&platforms, "platforms", "linux/amd64,linux/arm64", "comma-separated `list` of platforms")
	set.Int64Var(&created, "created", 0, "time of creation, in `seconds` since 1970; the commit's, so that digests repeat")
	switch err := set.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		set.SetOutput(stdout)
		_, _ = io.WriteString(stdout, usage)
		set.PrintDefaults()
		return o, err
	case err != nil:
		return o, fmt.Errorf("%w: %w", errUsage, err)
	}
	o.created = time.Unix(created, 0).UTC()
	o.specs = specs()
	if set.NArg() > 0 {
		o.specs = nil
	}
	for _, name := range set.Args() {
		at := slices.IndexFunc(specs(), func(s spec) bool { return s.name == name })
		if at < 0 {
			return o, fmt.Errorf("%w: %q is no image of ours", errUsage, name)
		}
		o.specs = append(o.specs, specs()[at])
	}
	o.platforms = strings.Split(platforms, ",")
	for _, p := range o.platforms {
		if p != "linux/amd64" && p != "linux/arm64" {
			return o, fmt.Errorf("%w: --platforms: %q is neither linux/amd64 nor linux/arm64", errUsage, p)
		}
	}
	return o, nil
}

// write builds all images and stores each, with one line for each on stdout.
func (o options) write(stdout io.Writer) error {
	pushed := map[string]string{}
	for _, s := range o.specs {
		built, err := o.build(s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		line, err := o.store(built)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if _, err := fmt.Fprintln(stdout, line); err != nil {
			return err
		}
		pushed[s.name] = line
	}
	if o.registry == "" || len(pushed) < len(specs()) {
		return nil
	}
	return o.writeKustomizations(pushed)
}

// dir returns the folder of the stage that holds a platform's files.
func (o options) dir(platform string) string {
	return filepath.Join(o.stage, strings.ReplaceAll(platform, "/", "-"))
}
