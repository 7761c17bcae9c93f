package stack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// runDir is the directory with a stack's logs, configuration and data. Only one
// stack at a time uses a directory.
type runDir struct {
	path string
	// locked is the open directory. The kernel releases its lock when the process
	// ends, however it ends.
	locked *os.File
}

// runMark is a file in every run directory, with the number of the stack's process.
// Stop removes the whole directory, so a directory with other files must have the mark.
const runMark = ".moodring"

// lockRunDir creates the directory, or takes the directory that a killed stack has
// left. It refuses a directory of a running stack, and a directory with other files.
func lockRunDir(path string) (*runDir, error) {
	dir := &runDir{path: path}
	if err := dir.lock(); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(path)
	if err == nil && len(entries) > 0 {
		if _, err = os.Stat(dir.mark()); err != nil {
			err = fmt.Errorf("run directory %s holds other files, and would be removed at the end: choose another with -run-dir", path)
		}
	}
	if err == nil {
		err = writeFile(dir.mark(), []byte(strconv.Itoa(os.Getpid())+"\n"))
	}
	if err != nil {
		return nil, errors.Join(err, dir.locked.Close())
	}
	return dir, nil
}

// lock opens and locks the directory. The stack that ran before may remove the
// directory in between, so lock checks that it has locked the directory at the path.
func (d *runDir) lock() error {
	for {
		if err := os.MkdirAll(d.path, 0o755); err != nil {
			return err
		}
		opened, err := os.Open(d.path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		} else if err != nil {
			return err
		}
		switch err := syscall.Flock(int(opened.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
		case errors.Is(err, syscall.EWOULDBLOCK):
			return errors.Join(d.errInUse(), opened.Close())
		case err != nil:
			return errors.Join(fmt.Errorf("locking %s: %w", d.path, err), opened.Close())
		}
		if isAt(d.path, opened) {
			d.locked = opened
			return nil
		}
		if err := opened.Close(); err != nil {
			return err
		}
	}
}

// isAt reports whether an open file is still the file at the path.
func isAt(path string, opened *os.File) bool {
	atPath, pathErr := os.Stat(path)
	held, heldErr := opened.Stat()
	return pathErr == nil && heldErr == nil && os.SameFile(atPath, held)
}

func (d *runDir) errInUse() error {
	owner := "another local stack"
	if text, err := os.ReadFile(d.mark()); err == nil {
		owner += " (process " + strings.TrimSpace(string(text)) + ")"
	}
	return fmt.Errorf("%s uses the run directory %s: stop that stack with Ctrl-C, or choose another directory with -run-dir", owner, d.path)
}

func (d *runDir) mark() string { return filepath.Join(d.path, runMark) }

// clear removes the files that an earlier stack has left.
func (d *runDir) clear() error {
	entries, err := os.ReadDir(d.path)
	for _, entry := range entries {
		if entry.Name() != runMark {
			err = errors.Join(err, os.RemoveAll(filepath.Join(d.path, entry.Name())))
		}
	}
	return err
}

// abandon releases the directory after a failed start. The logs stay; a directory
// without any is removed.
func (d *runDir) abandon() error {
	if d == nil {
		return nil
	}
	if entries, err := os.ReadDir(d.path); err == nil && len(entries) == 1 {
		return d.remove()
	}
	return d.locked.Close()
}

// remove removes and releases the directory.
func (d *runDir) remove() error {
	if d == nil {
		return nil
	}
	return errors.Join(os.RemoveAll(d.path), d.locked.Close())
}
