package rules

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/moodring/moodring/dashgen/internal/board"
)

// TestFileIsStable: the same boards give the same bytes. Prometheus's own reader
// checks the file in dashgen/conform.
func TestFileIsStable(t *testing.T) {
	text := file(t, Usual())
	for range 10 {
		if !bytes.Equal(text, file(t, Usual())) {
			t.Fatal("the same boards gave other bytes")
		}
	}
}

func TestWindows(t *testing.T) {
	text := string(file(t, Windows{Drift: "2m", For: time.Minute}))
	for want, n := range map[string]int{"[2m]": 1, "[30m]": 0, "for: 1m\n": 14, "for: 10m\n": 0} {
		if got := strings.Count(text, want); (got > 0) != (n > 0) {
			t.Errorf("%q stands there %d times", want, got)
		}
	}
}

func file(t *testing.T, w Windows) []byte {
	t.Helper()
	text, err := File(board.All(), w)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
