// Package command has the parts that the command lines of the local stack's
// programs share.
package command

import (
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/moodring/moodring/internal/cli"
)

// Parse parses args. If args ask for help, Parse prints the help and the flags to
// stdout, and returns flag.ErrHelp.
func Parse(set *flag.FlagSet, args []string, help string, stdout io.Writer) error {
	set.SetOutput(io.Discard)
	switch err := set.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		_, writeErr := io.WriteString(stdout, help)
		set.SetOutput(stdout)
		set.PrintDefaults()
		return errors.Join(err, writeErr)
	case err != nil:
		return fmt.Errorf("%w: %w", cli.ErrUsage, err)
	}
	return nil
}

// ParseAll is Parse for a program that takes only flags.
func ParseAll(set *flag.FlagSet, args []string, help string, stdout io.Writer) error {
	err := Parse(set, args, help, stdout)
	if err == nil && set.NArg() > 0 {
		err = fmt.Errorf("%w: unexpected argument %q", cli.ErrUsage, set.Arg(0))
	}
	return err
}

// Exit prints an error of a program, and returns the exit code. Help is the command
// line that prints the help.
func Exit(err error, program, help string, stderr io.Writer) int {
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return cli.Success
	case errors.Is(err, cli.ErrUsage):
		_, _ = fmt.Fprintf(stderr, "%s: %v; see %s\n", program, err, help)
		return cli.Usage
	}
	_, _ = fmt.Fprintf(stderr, "%s: %v\n", program, err)
	return cli.Failure
}
