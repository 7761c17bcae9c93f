package output

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/moodring/moodring/dashgen/internal/board"
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

// TestFilesAreQuick: a tenth of a second is what generate may take; it takes
// a few hundredths, and this is the best of some tries on a busy machine.
func TestFilesAreQuick(t *testing.T) {
	best := time.Hour
	for range 5 {
		began := time.Now()
		files(t)
		best = min(best, time.Since(began))
	}
	if best > 100*time.Millisecond {
		t.Errorf("took %s, want 100ms at most", best)
	}
}

func TestFilesRefuses(t *testing.T) {
	all := board.All()
	all.Boards[0].Rows[0].Observables[0].Question = ""
	if _, err := Files(all); err == nil || !strings.Contains(err.Error(), `panel "Answers in total"`) {
		t.Errorf("got error %v, want one that names the panel", err)
	}
}

func files(t *testing.T) []File {
	t.Helper()
	all, err := Files(board.All())
	if err != nil {
		t.Fatal(err)
	}
	return all
}
