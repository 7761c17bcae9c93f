package output

import (
	"bytes"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/config"
)

func TestFilesAreDeterministic(t *testing.T) {
	first := files(t)
	for range 5 {
		for i, again := range files(t) {
			if again.Name != first[i].Name || !bytes.Equal(again.Text, first[i].Text) {
				t.Fatalf("%s: the same boards gave other bytes", again.Name)
			}
		}
	}
	for _, f := range first {
		if !bytes.HasSuffix(f.Text, []byte("\n")) {
			t.Errorf("%s does not end in a newline", f.Name)
		}
	}
}

// TestFilesAreQuick: generate may take a tenth of a second. The test takes the best
// CPU time of several runs, which other programs hardly affect.
func TestFilesAreQuick(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	best := time.Hour
	for range 5 {
		began := busy(t)
		files(t)
		best = min(best, busy(t)-began)
	}
	if best > 100*time.Millisecond {
		t.Errorf("took %s, want 100ms at most", best)
	}
}

// busy returns the thread's CPU time (getrusage(2), RUSAGE_THREAD).
func busy(t *testing.T) time.Duration {
	t.Helper()
	const thread = 1
	var used syscall.Rusage
	if err := syscall.Getrusage(thread, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func TestFilesRefuses(t *testing.T) {
	all := board.All()
	all.Boards[0].Rows[0].Panels[0].Question = ""
	if _, err := Files(all, config.Config{}); err == nil || !strings.Contains(err.Error(), `panel "Predictions per second"`) {
		t.Errorf("got error %v, want one that names the panel", err)
	}
}

func files(t *testing.T) []File {
	t.Helper()
	all, err := Files(board.All(), config.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
