package prometheus

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
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
	rules := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(rules, []byte(`
groups:
- name: moods
  rules:
  - {record: joy:twice, expr: joy * 2}
  - {alert: TooMuchJoy, expr: joy:twice > 10, labels: {severity: warning}}
  - {alert: NoJoy, expr: joy:twice < 10}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, err := Start(Options{
		Listener: listener, Targets: []string{target.Listener.Addr().String()}, Interval: 50 * time.Millisecond, Rules: []string{rules},
		Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	root := "http://" + listener.Addr().String()
	at := root + "/api/v1/"
	query := at + "query?query=" + url.QueryEscape("sum(joy)")
	awaitAnswer(t, query, `"6"`)
	awaitAnswer(t, at+"query?query="+url.QueryEscape("sum(joy:twice)"), `"12"`)
	awaitAnswer(t, at+"alerts", `"state":"firing"`)
	if body := get(t, at+"alerts"); !strings.Contains(body, "TooMuchJoy") || strings.Contains(body, "NoJoy") {
		t.Errorf("alerts: %s", body)
	}
	awaitAnswer(t, at+"rules", `"name":"NoJoy"`)
	for page, want := range map[string]string{
		"":        `<label for="query">`,
		"targets": `<span class="state up">up</span>`,
		"rules":   `<code>joy * 2</code>`,
		"alerts":  `<h2><span class="state firing">firing</span> TooMuchJoy</h2>`,
	} {
		if body := get(t, root+"/"+page); !strings.Contains(body, want) {
			t.Errorf("no %s on the page /%s: %s", want, page, body)
		}
	}
	if err := server.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := http.Get(query); err == nil {
		t.Error("still serves after Stop")
	}
}

func awaitAnswer(t *testing.T, url, want string) {
	t.Helper()
	body := ""
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(body, want); body = get(t, url) {
		if time.Now().After(deadline) {
			t.Fatalf("%s never answered %s: %s", url, want, body)
		}
	}
}

// TestStartRefuses: an error names the rule files.
func TestStartRefuses(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, err = Start(Options{
		Listener: listener, Targets: []string{"127.0.0.1:1"}, Interval: time.Second, Rules: []string{"/nowhere/rules.yaml"},
		Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler),
	})
	if err == nil || !strings.Contains(err.Error(), "rule files /nowhere/rules.yaml") {
		t.Errorf("error %v", err)
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
