package prometheus

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestServerScrapesAndAnswers(t *testing.T) {
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("content-type", "text/plain; version=0.0.4")
		if _, err := fmt.Fprint(w, "# TYPE joy counter\njoy 6\n"); err != nil {
			t.Error(err)
		}
	}))
	defer target.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, err := Start(Options{
		Listener: listener, Target: target.Listener.Addr().String(), Interval: 50 * time.Millisecond,
		Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	query := "http://" + listener.Addr().String() + "/api/v1/query?query=" + url.QueryEscape("sum(joy)")
	body := ""
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(body, `"6"`) && time.Now().Before(deadline); {
		body = get(t, query)
	}
	if !strings.Contains(body, `"6"`) {
		t.Errorf("Prometheus answered %s", body)
	}
	if err := server.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := http.Get(query); err == nil {
		t.Error("still serves after Stop")
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
