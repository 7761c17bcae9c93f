package load

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLedger(t *testing.T) {
	l := NewLedger()
	l.Read([]string{"joy", "joy"})
	l.Lose([]string{"joy", "fear"})
	if diff := cmp.Diff(Bounds{Tally{"joy": 2}, Tally{"joy": 3, "fear": 1}}, l.Current()); diff != "" {
		t.Errorf("current (-want +got):\n%s", diff)
	}
	l.Retire()
	if diff := cmp.Diff(Bounds{Tally{}, Tally{}}, l.Current()); diff != "" {
		t.Errorf("after retire (-want +got):\n%s", diff)
	}
	l.Read([]string{"fear"})
	l.Die(time.Now().Add(-time.Minute)) // no sample has the last prediction
	if diff := cmp.Diff(Bounds{Tally{"joy": 2}, Tally{"joy": 3, "fear": 2}}, l.Total()); diff != "" {
		t.Errorf("total (-want +got):\n%s", diff)
	}
	if replies, predictions, uncertain := l.Totals(); replies != 2 || predictions != 2 || uncertain != 3 {
		t.Errorf("%d replies, %d predictions, %d uncertain", replies, predictions, uncertain)
	}
}

func TestLedgerAtATime(t *testing.T) {
	start := time.Unix(100, 0)
	l := NewLedger()
	l.history = []moment{{start, Tally{"joy": 1}}, {start.Add(time.Second), Tally{"joy": 5}}}
	for after, want := range map[time.Duration]int{-1: 0, 0: 1, time.Second - 1: 1, time.Second: 5, time.Hour: 5} {
		if got := l.at(start.Add(after))["joy"]; got != want {
			t.Errorf("after %s: %d, want %d", after, got, want)
		}
	}
}
