package expose

import (
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
)

// status returns the status of a request to a server on the loopback interface.
func status(t *testing.T, url, method, host string, header ...string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = host
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Error(err)
	}
	for key, want := range map[string]string{
		"X-Content-Type-Options":  "nosniff",
		"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
	} {
		if got := response.Header.Get(key); got != want {
			t.Errorf("%s: %s is %q, want %q", url, key, got, want)
		}
	}
	return response.StatusCode
}

func TestGuard(t *testing.T) {
	server := httptest.NewServer(handlerOf(t, Options{Reload: func() error { return nil }}))
	t.Cleanup(server.Close)
	own, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]int{
		"127.0.0.1:9847": http.StatusOK, "[::1]:9847": http.StatusOK, "localhost:9847": http.StatusOK, "exporter.localhost": http.StatusOK, own + ":9847": http.StatusOK,
		"evil.example": http.StatusMisdirectedRequest, "evil.example:9847": http.StatusMisdirectedRequest, "localhost.evil.example": http.StatusMisdirectedRequest,
	} {
		if got := status(t, server.URL+"/-/healthy", http.MethodGet, host); got != want {
			t.Errorf("Host %s: got %d, want %d", host, got, want)
		}
	}
	for site, want := range map[string]int{"": http.StatusOK, "same-origin": http.StatusOK, "cross-site": http.StatusForbidden} {
		if got := status(t, server.URL+"/-/reload", http.MethodPost, "localhost", "Sec-Fetch-Site", site); got != want {
			t.Errorf("a reload by a page that is %s: got %d, want %d", site, got, want)
		}
	}
}
