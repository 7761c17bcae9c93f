package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
)

// Calls that wait at the same time share one call, which begins after all of them.
func TestMergedCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMerged()
		calls := 0
		errLater := errors.New("of a later call")
		release := make(chan bool)
		go func() {
			_ = m.do(func() error {
				<-release
				return nil
			})
		}()
		synctest.Wait() // the first call runs
		for range 7 {
			go func() {
				err := m.do(func() error {
					calls++
					return errLater
				})
				if !errors.Is(err, errLater) {
					t.Errorf("got %v, want the error of a call that began later", err)
				}
			}()
		}
		synctest.Wait() // all wait
		close(release)
		synctest.Wait()
		if calls != 1 {
			t.Errorf("%d calls for all waiting callers, want 1", calls)
		}
	})
}

// A SIGHUP before the first configuration is loaded does not end the exporter. The
// configuration is read from a pipe, so the exporter waits for it.
func TestHangupAtTheStart(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "exporter.yml")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	program := exec.Command("exporter", "--config.file", pipe, "--web.listen-address", "127.0.0.1:0")
	logged, err := program.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = program.Process.Kill()
		_ = program.Wait()
	})
	first, err := os.OpenFile(pipe, os.O_WRONLY, 0) // waits for the exporter to open it
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	const file = "gateways: [{url: 'http://127.0.0.1:1'}]\n"
	if _, err := first.WriteString(file); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(logged); lines.Scan(); {
		switch {
		case strings.Contains(lines.Text(), "Listening on"):
			if err := os.WriteFile(pipe, []byte(file), 0o600); err != nil { // for the reload
				t.Error(err)
			}
		case strings.Contains(lines.Text(), "Loaded the configuration"):
			return
		}
	}
	t.Error("the exporter ended")
}

// A change of the configuration file is loaded, also if the file is replaced, as
// Kubernetes does with a ConfigMap: file -> ..data/file, ..data -> a folder.
func TestChangedConfigurationIsLoaded(t *testing.T) {
	folder := t.TempDir()
	version := func(name, gateway string) {
		if err := os.Mkdir(filepath.Join(folder, name), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(folder, name, "exporter.yml"), []byte("gateways: [{name: "+gateway+", url: 'http://127.0.0.1:1'}]\n"))
		if err := os.Symlink(name, filepath.Join(folder, "..new")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(folder, "..new"), filepath.Join(folder, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	version("..1", "a")
	file := filepath.Join(folder, "exporter.yml")
	if err := os.Symlink("..data/exporter.yml", file); err != nil {
		t.Fatal(err)
	}
	address := start(t, "--config.file", file)
	version("..2", "b")
	for len(series(get(t, address+"/metrics"), `moodring_exporter_target_up{gateway="b"}`)) == 0 {
		continue // until the event arrives, or the test's timeout
	}
}
