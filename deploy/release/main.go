// Release writes the files of a release: archives of the programs, the filter, the
// dashboards, the manifests as one file, the Helm chart, and checksums. The same
// inputs give the same bytes.
//
// It reads the programs and images that `make release` builds, and with --push
// pushes the chart.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

const usage = `release writes the files of a release into a folder.

usage: release --version VERSION --registry HOST/OWNER [flags] [PART...]

Without a PART it writes all parts: manifests, chart and archives.

`

var errUsage = errors.New("usage")

// options are the flags.
type options struct {
	root, stage, images, out, registry, version string
	parts                                       []string
	created                                     time.Time
	isPush, isInsecure                          bool
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
		_, _ = fmt.Fprintf(stderr, "release: %v; bin/release-writer -h lists the flags\n", err)
		return 2
	}
	_, _ = fmt.Fprintf(stderr, "release: %v\n", err)
	return 1
}

// versions are those of Helm charts: https://semver.org, without build metadata,
// which image tags cannot have.
var versions = regexp.MustCompile(`^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`)

func parse(args []string, stdout io.Writer) (options, error) {
	var o options
	var created int64
	set := flag.NewFlagSet("release", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&o.root, "root", ".", "`folder` of the checkout")
	set.StringVar(&o.stage, "stage", "bin/stage", "`folder` with the programs of each platform")
	set.StringVar(&o.images, "images", "bin/images", "`folder` with the images' OCI layouts")
	set.StringVar(&o.out, "out", "bin/release", "`folder` to write into")
	set.StringVar(&o.registry, "registry", "", "the images' `prefix`, as HOST/OWNER")
	set.StringVar(&o.version, "version", "", "the release's `version`, such as 0.1.0")
	set.Int64Var(&created, "created", 0, "time of the files, in `seconds` since 1970; the commit's, so that the bytes repeat")
	set.BoolVar(&o.isPush, "push", false, "push the chart to the registry")
	set.BoolVar(&o.isInsecure, "insecure", false, "push over plain HTTP")
	switch err := set.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		set.SetOutput(stdout)
		_, _ = io.WriteString(stdout, usage)
		set.PrintDefaults()
		return o, err
	case err != nil:
		return o, fmt.Errorf("%w: %w", errUsage, err)
	case !versions.MatchString(o.version):
		return o, fmt.Errorf("%w: --version: %q is no version such as 0.1.0 or 0.1.0-rc.1", errUsage, o.version)
	case o.registry == "":
		return o, fmt.Errorf("%w: --registry names the images, as HOST/OWNER", errUsage)
	}
	o.created = time.Unix(created, 0).UTC()
	o.parts = set.Args()
	for _, part := range o.parts {
		if !slices.Contains(allParts(), part) {
			return o, fmt.Errorf("%w: %q is none of the parts %s", errUsage, part, strings.Join(allParts(), ", "))
		}
	}
	if len(o.parts) == 0 {
		o.parts = allParts()
	}
	return o, nil
}

func allParts() []string { return []string{"manifests", "chart", "archives"} }

// write writes the parts' files, and prints their names.
func (o options) write(stdout io.Writer) error {
	if err := errors.Join(os.RemoveAll(o.out), os.MkdirAll(o.out, 0o755)); err != nil {
		return err
	}
	files, err := o.files()
	if err != nil {
		return err
	}
	for _, name := range sortedNames(files) {
		if err := os.WriteFile(filepath.Join(o.out, name), files[name], 0o644); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(stdout, filepath.Join(o.out, name)); err != nil {
			return err
		}
	}
	chart, hasChart := files["moodring-"+o.version+".tgz"]
	if !o.isPush || !hasChart {
		return nil
	}
	pushed, err := o.push(chart)
	if err != nil {
		return fmt.Errorf("pushing the chart: %w", err)
	}
	_, err = fmt.Fprintln(stdout, pushed)
	return err
}

// files returns the parts' files by name, and their checksums.
func (o options) files() (map[string][]byte, error) {
	names, err := o.names()
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, part := range o.parts {
		switch part {
		case "manifests":
			files["moodring-"+o.version+".yaml"], err = o.manifests(names)
		case "chart":
			files["moodring-"+o.version+".tgz"], err = o.chart(names)
		case "archives":
			err = o.addArchives(files)
		}
		if err != nil {
			return nil, err
		}
	}
	files["SHA256SUMS"] = checksums(files)
	return files, nil
}
