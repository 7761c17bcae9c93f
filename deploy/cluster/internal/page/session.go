package page

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Session is a shell that runs the commands of a page one after the other, so that
// variables and background processes stay.
type Session struct {
	shell *exec.Cmd
	input io.WriteCloser
	lines chan string
	mark  string // a line that says that a command has ended
	wait  func() error
}

// Start starts a shell. The function start starts a process, such as in a node.
func Start(shell *exec.Cmd, start func(*exec.Cmd) (wait func() error, err error)) (*Session, error) {
	input, err := shell.StdinPipe()
	if err != nil {
		return nil, err
	}
	reader, writer := io.Pipe()
	shell.Stdout, shell.Stderr = writer, writer
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // for Close
	wait, err := start(shell)
	if err != nil {
		return nil, err
	}
	s := &Session{shell: shell, input: input, lines: make(chan string), mark: rand.Text(), wait: wait}
	go func() {
		defer close(s.lines)
		for scanner := bufio.NewScanner(reader); scanner.Scan(); {
			s.lines <- scanner.Text()
		}
	}()
	return s, nil
}

// stepLimit is for a command of a page.
const stepLimit = 3 * time.Minute

// Run runs a command, and returns the lines that it prints and its exit status.
func (s *Session) Run(ctx context.Context, command string) ([]string, int, error) {
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	// The command reads nothing from the script that the shell itself reads. The mark
	// begins a line even if the command's output has no end of line.
	if _, err := fmt.Fprintf(s.input, "{ %s\n} </dev/null\nprintf '\\n%%s %%d\\n' %s $?\n", command, s.mark); err != nil {
		return nil, 0, fmt.Errorf("the shell has ended: %w", err)
	}
	var printed []string
	for {
		select {
		case line, ok := <-s.lines:
			if !ok {
				return printed, 0, errors.New("the shell has ended")
			}
			if status, ok := strings.CutPrefix(line, s.mark+" "); ok {
				number, err := strconv.Atoi(status)
				return printed, number, err
			}
			printed = append(printed, line)
		case <-ctx.Done():
			return printed, 0, fmt.Errorf("no end of the command: %w", context.Cause(ctx))
		}
	}
}

// shownLines are the last lines of a failed command that an error shows.
const shownLines = 30

// Check runs a step and returns an error unless it prints what the page shows. A
// step without output must succeed.
func (s *Session) Check(ctx context.Context, step Step) error {
	printed, status, err := s.Run(ctx, step.Command)
	switch {
	case err != nil:
	case len(step.Output) > 0 && !Matches(step.Output, printed):
		err = errors.New("the page shows other output")
	case len(step.Output) == 0 && status != 0:
		err = fmt.Errorf("exit status %d", status)
	default:
		return nil
	}
	text := fmt.Sprintf("line %d: %v\n$ %s\n%s", step.Line, err, step.Command, strings.Join(printed[max(0, len(printed)-shownLines):], "\n"))
	if len(step.Output) > 0 {
		text += "\nThe page shows:\n" + strings.Join(step.Output, "\n")
	}
	return errors.New(text)
}

// Close ends the shell and all that it has started.
func (s *Session) Close() error {
	err := s.input.Close()
	// The group is gone if the shell has ended and started nothing.
	if kill := syscall.Kill(-s.shell.Process.Pid, syscall.SIGKILL); kill != nil && !errors.Is(kill, syscall.ESRCH) {
		err = errors.Join(err, kill)
	}
	go func() {
		for range s.lines { // the last output
		}
	}()
	_ = s.wait() // the shell was killed
	return err
}
