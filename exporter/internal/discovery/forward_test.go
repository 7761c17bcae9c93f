package discovery

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

// forwardTo forwards a port over a pipe. At the other end serve acts as the
// kubelet, with its data and error streams.
func forwardTo(t *testing.T, serve func(data, errorStream httpstream.Stream)) *forwardedConn {
	t.Helper()
	client, kubelet := net.Pipe()
	streams := make(chan httpstream.Stream, 2)
	go func() {
		_, err := spdy.NewServerConnection(kubelet, func(stream httpstream.Stream, _ <-chan struct{}) error {
			streams <- stream
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}()
	connection, err := spdy.NewClientConnection(client)
	if err != nil {
		t.Fatal(err)
	}
	f, err := forward(connection, "15000")
	if err != nil {
		t.Fatal(err)
	}
	byType := make(map[string]httpstream.Stream)
	for range 2 {
		stream := <-streams
		if port := stream.Headers().Get(corev1.PortHeader); port != "15000" {
			t.Errorf("stream for port %s, want 15000", port)
		}
		byType[stream.Headers().Get(corev1.StreamType)] = stream
	}
	go serve(byType[corev1.StreamTypeData], byType[corev1.StreamTypeError])
	return f
}

func TestForwardedData(t *testing.T) {
	f := forwardTo(t, func(data, errorStream httpstream.Stream) {
		if _, err := io.CopyN(data, data, 5); err != nil {
			t.Error(err)
		}
		_, _ = errorStream.Close(), data.Close() // the other end may be gone
	})
	if err := f.SetDeadline(time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(f)
	if err != nil || string(text) != "hello" {
		t.Errorf("got %q, %v", text, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestForwardedError(t *testing.T) {
	f := forwardTo(t, func(data, errorStream httpstream.Stream) {
		if _, err := errorStream.Write([]byte("connection refused\n")); err != nil {
			t.Error(err)
		}
		_, _ = errorStream.Close(), data.Close() // the other end may be gone
	})
	const want = "the kubelet cannot reach port 15000: connection refused"
	if _, err := io.ReadAll(f); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// A pod that does not answer delays a scrape until the deadline only.
func TestForwardedDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := forwardTo(t, func(_, _ httpstream.Stream) {})
		for _, deadline := range []time.Time{time.Now().Add(time.Second), {}, time.Now().Add(3 * time.Second)} {
			if err := f.SetDeadline(deadline); err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		if _, err := f.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != 3*time.Second {
			t.Errorf("got %v after %s, want the deadline after 3s", err, time.Since(start))
		}
		if _, err := f.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("writing after the deadline: %v", err)
		}
	})
}
