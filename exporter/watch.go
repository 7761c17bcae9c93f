package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// fileWatch notices changes of the configuration file.
type fileWatch struct {
	path string
	text []byte // as last seen
}

const (
	settleTime = 200 * time.Millisecond // programs often write a file in several steps
	checkTime  = time.Minute            // changes on network file systems bring no event
)

// newFileWatch returns a watch for changes from now on. It is nil for a file that is
// not a regular one, such as a pipe: reading it would take its contents.
func newFileWatch(path string) *fileWatch {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	text, _ := os.ReadFile(path) // if it cannot be read, the next contents are a change
	return &fileWatch{path, text}
}

// run calls changed after each change of the contents, until ctx ends. It watches the
// folder, because editors and Kubernetes replace the file itself.
func (w *fileWatch) run(ctx context.Context, logger *slog.Logger, changed func()) {
	var events <-chan fsnotify.Event
	watcher, err := fsnotify.NewWatcher()
	if err == nil {
		defer func() { _ = watcher.Close() }() // nothing is lost
		events, err = watcher.Events, watcher.Add(filepath.Dir(w.path))
	}
	if err != nil {
		logger.Warn(fmt.Sprintf("Watching the configuration file failed; it is read every %s", checkTime), "err", err)
	}
	check := time.NewTicker(checkTime)
	defer check.Stop()
	settled := time.NewTimer(0)
	defer settled.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-events:
			settled.Reset(settleTime)
			continue
		case <-settled.C:
		case <-check.C:
		}
		if text, err := os.ReadFile(w.path); err == nil && !bytes.Equal(text, w.text) {
			w.text = text
			changed()
		}
	}
}
