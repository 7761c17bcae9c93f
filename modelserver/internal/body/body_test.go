package body

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// limits are small, so that a test reaches them.
func limits() Limits {
	return Limits{Max: 64 << 10, Time: 10 * time.Second, Small: 1 << 20, Large: 128 << 10, Classes: 16 << 10}
}

// start serves bodies back. A body that is "hold" stays in memory until the test ends.
func start(t *testing.T, l Limits) (reader *Reader, address string) {
	reader = NewReader(l)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := reader.Read(w, r)
		if err != nil {
			fmt.Fprint(w, err)
			return
		}
		defer b.Release()
		fmt.Fprintf(w, "%d bytes: %.20s", len(b.Bytes), b.Bytes)
	}))
	t.Cleanup(server.Close)
	return reader, server.Listener.Addr().String()
}

func send(t *testing.T, address, encoding string, content []byte) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+address, bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Encoding", encoding)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func packed(t *testing.T, text string, wrap func(io.Writer) io.WriteCloser) []byte {
	t.Helper()
	var out bytes.Buffer
	w := wrap(&out)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func gzipped(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }

func deflated(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }

func TestRead(t *testing.T) {
	reader, address := start(t, limits())
	bomb := strings.Repeat("a", 1<<20)
	for name, test := range map[string]struct {
		encoding string
		content  []byte
		want     string
	}{
		"empty":            {"", nil, "0 bytes: "},
		"short":            {"", []byte("text"), "4 bytes: text"},
		"identity":         {"identity", []byte("text"), "4 bytes: text"},
		"largest":          {"", []byte(strings.Repeat("a", 64<<10)), "65536 bytes: aaaaaaaaaaaaaaaaaaaa"},
		"too large":        {"", []byte(strings.Repeat("a", 64<<10+1)), "the body is larger than 65536 bytes; send fewer texts at once"},
		"gzip":             {"gzip", packed(t, "text", gzipped), "4 bytes: text"},
		"deflate":          {"deflate", packed(t, "text", deflated), "4 bytes: text"},
		"bomb":             {"gzip", packed(t, bomb, gzipped), "the body is larger than 65536 bytes; send fewer texts at once"},
		"no gzip":          {"gzip", []byte("text"), "the body does not match its Content-Encoding"},
		"cut gzip":         {"gzip", packed(t, "some text", gzipped)[:20], "the body does not match its Content-Encoding"},
		"empty gzip":       {"gzip", nil, "0 bytes: "},
		"no deflate":       {"deflate", []byte("text"), "the body does not match its Content-Encoding"},
		"unknown encoding": {"br", []byte("text"), "the body's Content-Encoding is unknown; send gzip, deflate, or no compression"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := send(t, address, test.encoding, test.content); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	if reader.small.left != limits().Small || reader.large.left != limits().Large {
		t.Errorf("%d and %d bytes are left of the budget, want all", reader.small.left, reader.large.left)
	}
}

// stall sends the head and the beginning of a body, and nothing more.
func stall(t *testing.T, address string, announced int, begun string) net.Conn {
	t.Helper()
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	if _, err := fmt.Fprintf(connection, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", announced, begun); err != nil {
		t.Fatal(err)
	}
	return connection
}

func TestSlow(t *testing.T) {
	l := limits()
	l.Time = 50 * time.Millisecond
	_, address := start(t, l)
	text, err := io.ReadAll(stall(t, address, 100, "begun"))
	if err != nil || !strings.Contains(string(text), "the body did not arrive within 50ms; send it faster") || !strings.Contains(string(text), "Connection: close") {
		t.Errorf("%s %v", text, err)
	}
}

func TestCut(t *testing.T) {
	_, address := start(t, limits())
	connection := stall(t, address, 100, "begun")
	if err := connection.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(connection); err != nil || !strings.Contains(string(text), "the body ended too early") {
		t.Errorf("%s %v", text, err)
	}
}

// TestStalled: large bodies that stall use up their own budget alone. A short body is read as before, and a large body is
// refused at once.
func TestStalled(t *testing.T) {
	reader, address := start(t, limits())
	large := strings.Repeat("a", 60<<10)
	for range 80 {
		stall(t, address, 64<<10, large)
	}
	for left := int64(1 << 20); left > 50<<10; { // until the bodies have arrived
		reader.large.mutex.Lock()
		left = reader.large.left
		reader.large.mutex.Unlock()
	}
	if got := send(t, address, "", []byte("text")); got != "4 bytes: text" {
		t.Errorf("a short body got %q", got)
	}
	if got := send(t, address, "", []byte(large)); got != "the server holds too many bodies; try again" {
		t.Errorf("a large body got %q", got)
	}
}
