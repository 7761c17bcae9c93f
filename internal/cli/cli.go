// Package cli holds the common parts of all command lines: exit codes, the
// version, completion in a shell, and suggestions for misspelt words.
package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
)

// Exit codes of all programs. docs/command-line.md describes them.
const (
	Success = 0
	Failure = 1 // the work failed, or a check found a problem
	Usage   = 2 // a wrong command line; nothing was done
)

// ErrUsage marks an error in the command line.
var ErrUsage = errors.New("usage")

// Program is a command line.
type Program struct {
	Name     string   // as installed, such as moodring-exporter
	Version  string   // set by the linker; "" leaves it to the build information
	Commands []string // besides version and completion; nil if the program has only flags
	// Help returns the help of a command, or of the program for "". Its lines that
	// begin with a flag are the flags.
	Help func(command string) string
}

// Answer answers the commands that every program has: version and completion. It
// reports whether args were such a command.
func (p Program) Answer(args []string, stdout io.Writer) (isAnswered bool, err error) {
	if len(args) == 0 {
		return false, nil
	}
	switch args[0] {
	case "version", "--version", "-version":
		_, err = io.WriteString(stdout, p.versionLine())
	case "completion":
		err = p.complete(args[1:], stdout)
	default:
		return false, nil
	}
	return true, err
}

// versionLine names the program, its version, and the version of Go.
func (p Program) versionLine() string {
	return fmt.Sprintf("%s %s, %s\n", p.Name, p.Number(), runtime.Version())
}

// Number returns the version.
func (p Program) Number() string {
	number := p.Version
	if info, ok := debug.ReadBuildInfo(); ok && number == "" && info.Main.Version != "(devel)" {
		number = info.Main.Version // of go install
	}
	return cmp.Or(number, "unknown")
}

// complete prints a shell's script, or the candidates for the words that the script
// passes on.
func (p Program) complete(args []string, stdout io.Writer) error {
	var text string
	switch {
	case len(args) > 1 && args[0] == "candidates":
		text = lines(p.candidates(args[1:]))
	case len(args) == 1 && scripts[args[0]] != "":
		text = strings.ReplaceAll(scripts[args[0]], "PROGRAM", filepath.Base(os.Args[0]))
	case len(args) == 1 && (args[0] == "-h" || args[0] == "--help" || args[0] == "-help"):
		text = completionHelp
	default:
		return fmt.Errorf("%w: completion takes one of %s", ErrUsage, strings.Join(shells(), ", "))
	}
	_, err := io.WriteString(stdout, text)
	return err
}

func shells() []string { return slices.Sorted(maps.Keys(scripts)) }

func lines(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return strings.Join(words, "\n") + "\n"
}

// candidates returns the words that can stand in place of the last word, which may
// be empty. Without candidates the shell offers files.
func (p Program) candidates(words []string) []string {
	before, current := words[:len(words)-1], words[len(words)-1]
	command := p.command(before)
	var known []string
	switch {
	case strings.HasPrefix(current, "-"):
		known = p.flags(command)
	case command == "completion":
		known = shells()
	case len(before) == 0:
		known = p.commands()
	}
	return slices.DeleteFunc(known, func(word string) bool { return !strings.HasPrefix(word, current) })
}

// command returns the first of words if it is a command, else "".
func (p Program) command(words []string) string {
	if len(words) > 0 && slices.Contains(p.commands(), words[0]) {
		return words[0]
	}
	return ""
}

func (p Program) commands() []string {
	all := append([]string{"completion", "version"}, p.Commands...)
	slices.Sort(all)
	return all
}

// flagLine matches a line of help that begins with a flag, as package flag and
// kingpin write it: "  -json", "  -h, --[no-]help", "      --gateway=URL".
var flagLine = regexp.MustCompile(`(?m)^ {2,6}(?:-\w, )?--?(?:\[no-\])?([a-zA-Z][\w.-]*)`)

// flags returns the flags in the help of a command, with two dashes.
func (p Program) flags(command string) []string {
	if command == "completion" || command == "version" {
		return nil
	}
	var names []string
	for _, match := range flagLine.FindAllStringSubmatch(p.Help(command), -1) {
		names = append(names, "--"+match[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Suggestion returns ` (did you mean "WORD"?)` for the first misspelt command or
// flag in args, or "".
func (p Program) Suggestion(args []string) string {
	if len(args) == 0 {
		return ""
	}
	command := p.command(args)
	if command == "" && !strings.HasPrefix(args[0], "-") {
		return suggest(args[0], p.commands())
	}
	known := append(p.flags(command), "--help", "--version")
	for _, arg := range args {
		name, _, _ := strings.Cut(arg, "=")
		if name = "--" + strings.TrimLeft(name, "-"); strings.HasPrefix(arg, "-") && len(name) > 3 && !slices.Contains(known, name) {
			return suggest(name, known)
		}
	}
	return ""
}

// suggest returns the known word that is closest to word, if few letters differ.
func suggest(word string, known []string) string {
	best, least := "", 1+len(word)/3
	for _, candidate := range known {
		if d := distance(word, candidate); d < least {
			best, least = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", best)
}

// distance returns the number of bytes to insert, delete, replace or swap with their
// neighbour to make b from a.
func distance(a, b string) int {
	before, previous, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, previous, row = previous, row, before
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(previous[j+1]+1, row[j]+1, previous[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
