package payloadlog

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

const reply = `{"predictions":[[{"label":"joy","score":0.9},{"label":"fear","score":0.1}],[{"label":"fear","score":0.2},{"label":"joy","score":0.1}],[]],"input":"x"}`

// TestLogging sends a request through the logger and reads the collector's pages.
func TestLogging(t *testing.T) {
	model := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/missing" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, reply)
	}))
	defer model.Close()
	collector := httptest.NewServer(new(Collector).Handler())
	defer collector.Close()
	address, err := url.Parse(model.URL)
	if err != nil {
		t.Fatal(err)
	}
	logger := httptest.NewServer(NewLogger(address, collector.URL, func(err error) { t.Error(err) }))
	defer logger.Close()
	if got := post(t, logger.URL+"/v1/models/m:predict"); got != reply {
		t.Errorf("reply %s", got)
	}
	post(t, logger.URL+"/missing") // is not logged
	received := await(t, collector.URL)
	if received.Events != 1 || received.ReplyBytes != int64(len(reply)) || received.EventBytes < received.ReplyBytes+300 {
		t.Errorf("received %+v", received)
	}
	page := get(t, collector.URL+"/metrics")
	for _, line := range []string{`payload_predictions_total{label="joy"} 1`, `payload_predictions_total{label="fear"} 1`} {
		if !strings.Contains(page, line) {
			t.Errorf("no %s in\n%s", line, page)
		}
	}
}

// await returns the sums once the collector has counted an event.
func await(t *testing.T, collector string) (received Received) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); received.Events == 0 && time.Now().Before(deadline); {
		if err := json.Unmarshal([]byte(get(t, collector+"/received")), &received); err != nil {
			t.Fatal(err)
		}
	}
	return received
}

func get(t *testing.T, address string) string {
	t.Helper()
	response, err := http.Get(address)
	return read(t, response, err)
}

func post(t *testing.T, address string) string {
	t.Helper()
	response, err := http.Post(address, "application/json", strings.NewReader(`{"input":"x"}`))
	return read(t, response, err)
}

func read(t *testing.T, response *http.Response, err error) string {
	t.Helper()
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
