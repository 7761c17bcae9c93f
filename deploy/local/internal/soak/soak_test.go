package soak

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
)

func TestLedger(t *testing.T) {
	l := newLedger()
	l.read([]string{"joy", "joy"})
	l.lose([]string{"joy", "fear"})
	if diff := cmp.Diff(bounds{tally{"joy": 2}, tally{"joy": 3, "fear": 1}}, l.current(), cmp.AllowUnexported(bounds{})); diff != "" {
		t.Errorf("current (-want +got):\n%s", diff)
	}
	l.retire()
	if diff := cmp.Diff(bounds{tally{}, tally{}}, l.current(), cmp.AllowUnexported(bounds{})); diff != "" {
		t.Errorf("after retire (-want +got):\n%s", diff)
	}
	l.read([]string{"fear"})
	l.die(time.Now().Add(-time.Minute)) // no sample has the last prediction
	if diff := cmp.Diff(bounds{tally{"joy": 2}, tally{"joy": 3, "fear": 2}}, l.total(), cmp.AllowUnexported(bounds{})); diff != "" {
		t.Errorf("total (-want +got):\n%s", diff)
	}
	if replies, predictions, uncertain := l.totals(); replies != 2 || predictions != 2 || uncertain != 3 {
		t.Errorf("%d replies, %d predictions, %d uncertain", replies, predictions, uncertain)
	}
}

func TestLedgerAtATime(t *testing.T) {
	start := time.Unix(100, 0)
	l := newLedger()
	l.history = []moment{{start, tally{"joy": 1}}, {start.Add(time.Second), tally{"joy": 5}}}
	for after, want := range map[time.Duration]int{-1: 0, 0: 1, time.Second - 1: 1, time.Second: 5, time.Hour: 5} {
		if got := l.at(start.Add(after))["joy"]; got != want {
			t.Errorf("after %s: %d, want %d", after, got, want)
		}
	}
}

func TestGrown(t *testing.T) {
	matrix := model.Matrix{
		series("gw-1", "exporter-1", "joy", 3, 5, 2, 4), // restarted: 5 + 4
		series("gw-1", "exporter-2", "joy", 5, 5),       // the same gateway again
		series("gw-2", "exporter-1", "joy", 1),
		series("gw-2", "exporter-1", "fear", 0, 2),
	}
	if diff := cmp.Diff(tally{"joy": 10, "fear": 2}, grown(matrix)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, want := lastSample(matrix, "gw-1"), time.Unix(3, 0); !got.Equal(want) {
		t.Errorf("last sample %v, want %v", got, want)
	}
}

// series returns samples at 0, 1, 2 ... seconds.
func series(gateway, instance, label model.LabelValue, values ...model.SampleValue) *model.SampleStream {
	s := &model.SampleStream{Metric: model.Metric{"gateway": gateway, "instance": instance, "label": label}}
	for i, value := range values {
		s.Values = append(s.Values, model.SamplePair{Timestamp: model.TimeFromUnix(int64(i)), Value: value})
	}
	return s
}

func TestOutside(t *testing.T) {
	got := tally{"exact": 1, "within": 4, "below": 1, "above": 9, "unknown": 1}
	b := bounds{tally{"exact": 1, "within": 3, "below": 2, "missing": 7}, tally{"exact": 1, "within": 5, "below": 3, "above": 8, "missing": 7}}
	want := []string{
		`Envoy: "above" 9, want 0 to 8`, `Envoy: "below" 1, want 2 to 3`, `Envoy: "missing" 0, want 7`, `Envoy: "unknown" 1, want 0`,
	}
	if diff := cmp.Diff(want, outside("Envoy", got, b)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestChosen(t *testing.T) {
	for _, test := range []struct {
		fault    string
		duration time.Duration
		want     int
	}{
		{"", time.Minute, len(allFaults()) - 1}, // without the one that lasts minutes
		{"", time.Hour, len(allFaults())},
		{"redis killed", time.Minute, 1},
	} {
		faults, err := Soak{Fault: test.fault, Duration: test.duration}.chosen()
		if err != nil || len(faults) != test.want {
			t.Errorf("%q for %s: %d faults, want %d; error %v", test.fault, test.duration, len(faults), test.want, err)
		}
	}
	if _, err := (Soak{Fault: "earthquake"}).chosen(); err == nil {
		t.Error("an unknown fault is no error")
	}
}

// TestProxy checks each mode with a server that returns every byte.
func TestProxy(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	go func() {
		for {
			connection, err := server.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(connection, connection) }()
		}
	}()
	p, err := startProxy(server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := p.stop(); err != nil {
			t.Error(err)
		}
	}()
	open := dial(t, p)
	echo(t, open)
	p.set(slow)
	echo(t, open)
	p.set(hung)
	if _, err := open.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := open.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := open.Read(make([]byte, 1)); err == nil {
		t.Error("a hung proxy forwards")
	}
	p.set(cut)
	if err := open.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(open); len(rest) > 1 {
		t.Errorf("a cut connection gave %d bytes (%v)", len(rest), err)
	}
	p.set(pass)
	echo(t, dial(t, p))
}

func dial(t *testing.T, p *proxy) net.Conn {
	t.Helper()
	connection, err := net.Dial("tcp", p.address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return connection
}

func echo(t *testing.T, connection net.Conn) {
	t.Helper()
	sent := bytes.Repeat([]byte("a"), 3*chunkBytes)
	if _, err := connection.Write(sent); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(connection, got); err != nil || !bytes.Equal(got, sent) {
		t.Fatalf("echo: %v", err)
	}
}
