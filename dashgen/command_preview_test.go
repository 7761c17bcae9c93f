package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/moodring/moodring/dashgen/internal/promtest"
)

func TestPreviewEndsWithContext(t *testing.T) {
	prometheus := promtest.Server(t, promtest.Stack(), promtest.Now)
	flags := drawFlags{prometheus: prometheus.URL, scrapeInterval: "15s"}
	options, err := flags.options(program{}, "preview", nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	stdout, writer := io.Pipe()
	over := make(chan error, 1)
	go func() { over <- servePreview(ctx, options, "127.0.0.1:0", writer) }()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	printed, address, _ := strings.Cut(strings.TrimSpace(line), " at ")
	if printed != "preview of "+prometheus.URL {
		t.Errorf("printed %q", line)
	}
	for path, want := range map[string]string{
		"/":                              "<!doctype html>",
		"/boards/" + "moodring-overview": `{`,
		"/api/v1/label/model/values":     `{"data":["bert","bold",`,
	} {
		response, err := http.Get(address + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || !strings.HasPrefix(string(body), want) {
			t.Errorf("%s: %v, %.100s", path, err, body)
		}
	}
	stop()
	if err := <-over; err != nil {
		t.Error(err)
	}
	if _, err := http.Get(address); err == nil {
		t.Error("the preview still serves")
	}
}

// TestPreviewAway checks that the terminal says that Prometheus does not answer.
func TestPreviewAway(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	flags := drawFlags{prometheus: server.URL, scrapeInterval: "15s"}
	options, err := flags.options(program{}, "preview", nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stdout, writer := io.Pipe()
	over := make(chan error, 1)
	go func() { over <- servePreview(ctx, options, "127.0.0.1:0", writer) }()
	lines := bufio.NewScanner(stdout)
	lines.Scan()
	lines.Scan()
	if want := "preview: asking Prometheus at " + server.URL + ": "; !strings.HasPrefix(lines.Text(), want) {
		t.Errorf("got %q, want %q", lines.Text(), want)
	}
	stop()
	if err := <-over; err != nil {
		t.Error(err)
	}
}

func TestPreviewTakenPort(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	flags := drawFlags{prometheus: "http://127.0.0.1:9090", scrapeInterval: "15s"}
	options, err := flags.options(program{}, "preview", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := "preview: listen tcp " + address + ": bind: address already in use; choose another with --web.listen-address"
	if err := servePreview(t.Context(), options, address, io.Discard); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
