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

// Session is a shell for the commands of a page. Variables and background processes
// stay for later commands.
type Session struct {
	shell *exec.Cmd
	input io.WriteCloser
	lines chan string
	mark  string // begins the line after a command's output
	wait  func() error
}

// maxLine is for lines of JSON, in bytes.
const maxLine = 16 << 20

// Start starts a shell by the function start, which may start processes in a node.
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
		scanner := bufio.NewScanner(reader)
		scanner.Buffer(nil, maxLine)
		for scanner.Scan() {
			s.lines <- scanner.Text()
		}
	}()
	return s, nil
}

// stepLimit is for a command of a page.
const stepLimit = 3 * time.Minute

// Run returns the output and the exit status of a command.
func (s *Session) Run(ctx context.Context, command string) ([]string, int, error) {
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	// The command must not read the shell's own input. The mark begins a new line, also
	// after an output without a line end.
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

// shownLines is the number of lines of output in an error. The last lines are shown.
const shownLines = 30

// Check runs a step, and returns an error unless the output is the page's. A step
// without output on the page must succeed.
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

// Close ends the shell and its background processes.
func (s *Session) Close() error {
	err := s.input.Close()
	// After the shell's end the group may be gone, too.
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
