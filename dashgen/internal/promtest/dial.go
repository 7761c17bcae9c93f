package promtest

import (
	"net/url"
	"testing"

	"github.com/moodring/moodring/dashgen/internal/prom"
)

// Dial returns a client of the Prometheus or page server at address.
func Dial(t testing.TB, address string) prom.Client {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	client, err := prom.Dial(prom.Server{URL: parsed, Flag: "--prometheus"})
	if err != nil {
		t.Fatal(err)
	}
	return client
}
