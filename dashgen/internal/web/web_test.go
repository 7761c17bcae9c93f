package web

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestLimit reads a reply that is small on the network, and endless once it is
// decompressed.
func TestLimit(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		zipped := gzip.NewWriter(w)
		for chunk := make([]byte, 1<<20); ; {
			if _, err := zipped.Write(chunk); err != nil {
				return // the client has closed the connection
			}
		}
	}))
	t.Cleanup(server.Close)
	response, err := Client(http.DefaultTransport, time.Minute).Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	n, err := io.Copy(io.Discard, response.Body)
	if n > ReplyBytes || !errors.Is(err, ErrLarge) {
		t.Errorf("got %d bytes and %v, want at most %d and %v", n, err, ReplyBytes, ErrLarge)
	}
}

func TestLimitItself(t *testing.T) {
	for length, want := range map[int]error{ReplyBytes: nil, ReplyBytes + 1: ErrLarge} {
		reply := Limit(io.NopCloser(io.LimitReader(zeros{}, int64(length))), ReplyBytes, ErrLarge)
		if _, err := io.Copy(io.Discard, reply); !errors.Is(err, want) {
			t.Errorf("%d bytes: got %v, want %v", length, err, want)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestRedacted(t *testing.T) {
	for address, want := range map[string]string{
		"http://host:9090":                     "http://host:9090",
		"http://user:secret@host/path":         "http://user:xxxxx@host/path",
		"http://host/metrics?token=secret#top": "http://host/metrics?xxxxx",
	} {
		parsed, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := Redacted(parsed); got != want {
			t.Errorf("%s: got %s, want %s", address, got, want)
		}
	}
}

// TestFailed: an error has no path and no query, which may have a token.
func TestFailed(t *testing.T) {
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(untrusted.Close)
	for name, tc := range map[string]struct{ address, want string }{
		"an untrusted certificate": {untrusted.URL, "; if the certificate is right, name the file of its authority in SSL_CERT_FILE"},
		"a plain server":           {strings.Replace(plain(t), "http:", "https:", 1), "; is it there, and is --prometheus its address?"},
		"no such name":             {"http://nowhere.invalid", "; is it there, and is --prometheus its address?"},
	} {
		_, err := Client(http.DefaultTransport, time.Minute).Get(tc.address + "/path?token=secret")
		if err == nil {
			t.Fatalf("%s: no error", name)
		}
		got := Failed(err, "--prometheus", time.Minute).Error()
		if !strings.HasSuffix(got, tc.want) || strings.Contains(got, "secret") {
			t.Errorf("%s: got %q, want an error without the query that ends with %q", name, got, tc.want)
		}
	}
}

func plain(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	return server.URL
}
