package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"

	"github.com/prometheus/common/model"
)

// flags are those of one command.
type flags struct {
	*flag.FlagSet
	command string
}

func newFlags(command string) flags {
	set := flag.NewFlagSet("dashgen "+command, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	return flags{set, command}
}

// parse reads args. Asked for help it prints that, and returns flag.ErrHelp.
func (f flags) parse(args []string, stdout io.Writer) error {
	switch err := f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		f.SetOutput(stdout)
		f.Usage()
		return err
	case err != nil:
		return fmt.Errorf("%w: %s: %w", errUsage, f.command, err)
	}
	return nil
}

// none refuses arguments that are no flags.
func (f flags) none() error {
	if f.NArg() > 0 {
		return fmt.Errorf("%w: %s: unexpected %q", errUsage, f.command, f.Arg(0))
	}
	return nil
}

// checkAddress refuses what is no address of a server.
func checkAddress(flag, text string) error {
	address, err := url.Parse(text)
	if err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Host == "" {
		return fmt.Errorf("%w: %s must be an address as http://127.0.0.1:9090, not %q", errUsage, flag, text)
	}
	return nil
}

// checkDuration refuses what PromQL does not take for a range.
func checkDuration(flag, text string) error {
	if d, err := model.ParseDuration(text); err != nil || d <= 0 {
		return fmt.Errorf("%w: %s must be a duration as 1m or 30s, not %q", errUsage, flag, text)
	}
	return nil
}
