package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// flags are the flags of one command.
type flags struct {
	*flag.FlagSet
	command, help string
}

// newFlags returns an empty set of flags. The help begins with the arguments of
// the command, and explains the command below.
func newFlags(command, help string) flags {
	set := flag.NewFlagSet("dashgen "+command, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	return flags{set, command, help}
}

// parse reads args. If they ask for help, parse prints the help and returns
// flag.ErrHelp.
func (f flags) parse(args []string, stdout io.Writer) error {
	switch err := f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		f.SetOutput(stdout)
		if writeErr := writeText(stdout, "usage: dashgen "+f.command+" "+f.help+"\n"); writeErr != nil {
			return writeErr
		}
		f.PrintDefaults()
		return err
	case err != nil:
		return fmt.Errorf("%w: %s: %w", errUsage, f.command, err)
	}
	return nil
}

// parseAll reads args, and refuses arguments that are not flags.
func (f flags) parseAll(args []string, stdout io.Writer) error {
	if err := f.parse(args, stdout); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("%w: %s: unexpected %q", errUsage, f.command, f.Arg(0))
	}
	return nil
}

// readAddress reads the address of a server.
func readAddress(flag, text string) (*url.URL, error) {
	if text == "" {
		return nil, fmt.Errorf("%w: %s is missing; give an address as http://HOST:PORT", errUsage, flag)
	}
	address, err := url.Parse(text)
	if err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Host == "" {
		return nil, fmt.Errorf("%w: %s must be an address as http://HOST:PORT, not %q", errUsage, flag, withoutSecrets(text))
	}
	return address, nil
}

// withoutSecrets hides the user, the password and the query of an address that cannot be
// parsed, or that lacks its scheme.
func withoutSecrets(address string) string {
	address, _, _ = strings.Cut(address, "?")
	if at := strings.LastIndex(address, "@"); at >= 0 {
		return scheme.FindString(address) + "xxxxx" + address[at:]
	}
	return address
}

var scheme = regexp.MustCompile(`^[a-z]+:/+`)

// readDuration reads a duration as PromQL has it.
func readDuration(flag, text string) (time.Duration, error) {
	d, err := model.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%w: %s must be a duration as 1m or 30s, not %q", errUsage, flag, text)
	}
	return time.Duration(d), nil
}
