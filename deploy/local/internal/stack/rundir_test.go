package stack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRunDirOfAKilledStack: the next stack removes the files of a killed stack.
func TestRunDirOfAKilledStack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run")
	killed := lockedRunDir(t, path)
	stale := filepath.Join(path, "log", "envoy.log")
	if err := errors.Join(writeFile(stale, nil), killed.locked.Close()); err != nil { // as the kernel closes it
		t.Fatal(err)
	}
	next := lockedRunDir(t, path)
	if err := next.clear(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stale); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the killed stack's log still exists: %v", err)
	}
	if err := next.remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the directory still exists: %v", err)
	}
}

// TestRunDirInUse: a second stack is refused, and changes no file of the first.
func TestRunDirInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run")
	first := lockedRunDir(t, path)
	log := filepath.Join(path, "envoy.log")
	if err := writeFile(log, nil); err != nil {
		t.Fatal(err)
	}
	_, err := lockRunDir(path)
	want := fmt.Sprintf("another local stack (process %d) uses the run directory %s: stop that stack with Ctrl-C, or choose another directory with -run-dir", os.Getpid(), path)
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if _, err := os.Stat(log); err != nil {
		t.Errorf("the first stack's log: %v", err)
	}
	if err := first.remove(); err != nil {
		t.Fatal(err)
	}
	if err := lockedRunDir(t, path).remove(); err != nil {
		t.Error(err)
	}
}

func TestRunDirWithOtherFiles(t *testing.T) {
	path := t.TempDir()
	letter := filepath.Join(path, "letter.txt")
	if err := writeFile(letter, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := lockRunDir(path); err == nil || !strings.Contains(err.Error(), "choose another with -run-dir") {
		t.Errorf("accepted a directory with other files: %v", err)
	}
	if entries, err := os.ReadDir(path); err != nil || len(entries) != 1 {
		t.Errorf("the directory now holds %v, %v", entries, err)
	}
}

// TestAbandonedRunDir: logs stay after a failed start.
func TestAbandonedRunDir(t *testing.T) {
	for name, files := range map[string][]string{"without logs": nil, "with logs": {"envoy.log"}} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "run")
			dir := lockedRunDir(t, path)
			for _, file := range files {
				if err := writeFile(filepath.Join(path, file), nil); err != nil {
					t.Fatal(err)
				}
			}
			if err := dir.abandon(); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) != (files == nil) {
				t.Errorf("the directory: %v", err)
			}
			if err := lockedRunDir(t, path).remove(); err != nil {
				t.Error(err)
			}
		})
	}
}

func lockedRunDir(t *testing.T, path string) *runDir {
	t.Helper()
	dir, err := lockRunDir(path)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
