package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/prometheus/common/model"
)

// flags are those of one command, and what its help says before them.
type flags struct {
	*flag.FlagSet
	command, help string
}

// newFlags begins the flags of a command, whose help says how it is called and
// what it does.
func newFlags(command, help string) flags {
	set := flag.NewFlagSet("dashgen "+command, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	return flags{set, command, help}
}

// parse reads args. Asked for help it prints that, and returns flag.ErrHelp.
func (f flags) parse(args []string, stdout io.Writer) error {
	switch err := f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		f.SetOutput(stdout)
		if writeErr := write(stdout, "usage: dashgen "+f.command+" "+f.help+"\n"); writeErr != nil {
			return writeErr
		}
		f.PrintDefaults()
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
	_, err := readAddress(flag, text)
	return err
}

func readAddress(flag, text string) (*url.URL, error) {
	address, err := url.Parse(text)
	if err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Host == "" {
		return nil, fmt.Errorf("%w: %s must be an address as http://HOST:PORT, not %q", errUsage, flag, text)
	}
	return address, nil
}

// checkDuration refuses what PromQL does not take for a range.
func checkDuration(flag, text string) error {
	_, err := readDuration(flag, text)
	return err
}

func readDuration(flag, text string) (time.Duration, error) {
	d, err := model.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%w: %s must be a duration as 1m or 30s, not %q", errUsage, flag, text)
	}
	return time.Duration(d), nil
}
