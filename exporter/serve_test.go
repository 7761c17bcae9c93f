package main

import (
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/moodring/moodring/exporter/internal/expose"
)

// pipeListener accepts the connections that it is sent. A pipe, unlike a socket,
// works with synctest's clock.
type pipeListener chan net.Conn

func (l pipeListener) Accept() (net.Conn, error) {
	conn, ok := <-l
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (l pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (l pipeListener) Close() error {
	close(l)
	return nil
}

// request sends a request to a server, and reads nothing of its response.
func request(t *testing.T, handler http.Handler, path string) net.Conn {
	t.Helper()
	listener := make(pipeListener)
	server := newServer(handler, func() time.Duration { return 10 * time.Second })
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	conn, serverConn := net.Pipe()
	listener <- serverConn
	if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: exporter\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	return conn
}

// The connection of a scraper that stops reading is closed.
func TestServerClosesAConnectionThatStopsReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, ended := time.Now(), make(chan error, 1)
		conn := request(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			page := make([]byte, 1<<20)
			for {
				if _, err := w.Write(page); err != nil {
					ended <- err
					return
				}
			}
		}), "/metrics")
		if _, err := io.ReadFull(conn, make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		err := <-ended
		if took := time.Since(start); took != 40*time.Second {
			t.Errorf("given up after %s with %v, want 40s", took, err)
		}
	})
}

// A scrape that takes all of its time is served, and so is a longer profile.
func TestServerWaitsForLongResponses(t *testing.T) {
	metrics := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		<-time.After(39 * time.Second)
		_, _ = io.WriteString(w, "up 1\n")
	})
	profiled, err := expose.NewHandler(expose.Options{IsProfiled: true})
	if err != nil {
		t.Fatal(err)
	}
	for path, handler := range map[string]http.Handler{"/metrics": metrics, "/debug/pprof/heap?seconds=600": profiled} {
		synctest.Test(t, func(t *testing.T) {
			conn := request(t, handler, path)
			head := make([]byte, len("HTTP/1.1 200 OK"))
			if _, err := io.ReadFull(conn, head); err != nil || string(head) != "HTTP/1.1 200 OK" {
				t.Errorf("%s: got %q, %v", path, head, err)
			}
			_ = conn.Close()
		})
	}
}
