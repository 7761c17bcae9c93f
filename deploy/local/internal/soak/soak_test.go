package soak

import (
	"bytes"
	"io"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/moodring/moodring/deploy/local/internal/load"
)

func TestGrown(t *testing.T) {
	matrix := model.Matrix{
		series("gw-1", "exporter-1", "joy", 3, 5, 2, 4), // restarted: 5 + 4
		series("gw-1", "exporter-2", "joy", 5, 5),       // the same gateway again
		series("gw-2", "exporter-1", "joy", 1),
		series("gw-2", "exporter-1", "fear", 0, 2),
	}
	if diff := cmp.Diff(load.Tally{"joy": 10, "fear": 2}, grown(matrix)); diff != "" {
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
	got := load.Tally{"exact": 1, "within": 4, "below": 1, "above": 9, "unknown": 1}
	b := load.Bounds{Low: load.Tally{"exact": 1, "within": 3, "below": 2, "missing": 7}, High: load.Tally{"exact": 1, "within": 5, "below": 3, "above": 8, "missing": 7}}
	want := []string{
		`Envoy: "above" 9, want 0 to 8`, `Envoy: "below" 1, want 2 to 3`, `Envoy: "missing" 0, want 7`, `Envoy: "unknown" 1, want 0`,
	}
	if diff := cmp.Diff(want, outside("Envoy", got, b)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestChosen(t *testing.T) {
	for fault, want := range map[string]int{"": len(allFaults()), "redis killed": 1} {
		faults, err := Soak{Fault: fault}.chosen()
		if err != nil || len(faults) != want {
			t.Errorf("%q: %d faults, want %d; error %v", fault, len(faults), want, err)
		}
	}
	if _, err := (Soak{Fault: "earthquake"}).chosen(); err == nil {
		t.Error("an unknown fault is no error")
	}
}

// The promise names every fault, and no other.
func TestPromiseNamesEachFault(t *testing.T) {
	text, err := os.ReadFile("../../../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, promise, isPromised := strings.Cut(string(text), "\n## The promise\n")
	if !isPromised {
		t.Fatal("docs/operations.md has no promise")
	}
	promise, _, _ = strings.Cut(promise, "\n## ")
	var named []string
	for _, match := range regexp.MustCompile(`"([^"]+)"`).FindAllStringSubmatch(promise, -1) {
		named = append(named, match[1])
	}
	var faults []string
	for _, f := range allFaults() {
		faults = append(faults, f.name)
	}
	slices.Sort(named)
	slices.Sort(faults)
	if diff := cmp.Diff(faults, slices.Compact(named)); diff != "" {
		t.Errorf("faults (-soak +docs/operations.md):\n%s", diff)
	}
}

// The panel's query is the one of the generated dashboard.
func TestPredictionsPanel(t *testing.T) {
	p, err := predictionsPanel("../../../..")
	if err != nil {
		t.Fatal(err)
	}
	for name, query := range map[string]string{"growth": p.growth(time.Minute), "counters": p.counters()} {
		if _, err := parser.NewParser(parser.Options{}).ParseExpr(query); err != nil || strings.Contains(query, "$") {
			t.Errorf("%s: %s: %v", name, query, err)
		}
	}
	if !strings.Contains(p.growth(time.Minute), "[1m]") || strings.Contains(p.counters(), "increase") {
		t.Errorf("growth %s, counters %s", p.growth(time.Minute), p.counters())
	}
	if _, err := predictionsPanel(t.TempDir()); err == nil {
		t.Error("a folder without dashboards is no error")
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
