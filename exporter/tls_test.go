package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// secureEnvoy is a gateway with TLS. Its certificate can be replaced.
type secureEnvoy struct {
	*httptest.Server
	certificate atomic.Pointer[tls.Certificate]
	hasClient   atomic.Bool  // the last client showed a certificate
	login       atomic.Value // the last Authorization header
}

func newSecureEnvoy(t *testing.T, folder string) *secureEnvoy {
	t.Helper()
	e := new(secureEnvoy)
	e.replaceCertificate(t, folder)
	e.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.hasClient.Store(len(r.TLS.PeerCertificates) > 0)
		e.login.Store(r.Header.Get("Authorization"))
		text(mood)(w, r)
	}))
	e.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return &tls.Config{ClientAuth: tls.RequestClientCert, Certificates: []tls.Certificate{*e.certificate.Load()}}, nil
	}}
	e.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	e.StartTLS()
	t.Cleanup(e.Close)
	return e
}

// replaceCertificate makes a new certificate in folder, also the one that a client
// trusts, and closes the connections with the old one.
func (e *secureEnvoy) replaceCertificate(t *testing.T, folder string) {
	t.Helper()
	certificate(t, folder)
	pair, err := tls.LoadX509KeyPair(filepath.Join(folder, "chain.pem"), filepath.Join(folder, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	e.certificate.Store(&pair)
	if e.Server != nil {
		e.CloseClientConnections()
	}
}

// isUp scrapes the gateways, and reports whether all of them are up.
func isUp(t *testing.T, address string) bool {
	t.Helper()
	up := series(get(t, address+"/metrics"), "moodring_exporter_target_up")
	return len(up) > 0 && !strings.Contains(strings.Join(up, "\n"), "} 0")
}

// A source has its own certificates and credentials, and reads their files again
// when they are replaced.
func TestTLSAndCredentialsBySource(t *testing.T) {
	folder := t.TempDir()
	gateway := newSecureEnvoy(t, folder)
	write(t, filepath.Join(folder, "password"), []byte("first\n"))
	write(t, filepath.Join(folder, "gateways.yml"), fmt.Appendf(nil, "- targets: [%q]\n", gateway.Listener.Addr()))
	file := filepath.Join(folder, "exporter.yml")
	write(t, file, []byte(`
scrape: {min_age: 0s}
relabel_configs: [{target_label: __scheme__, replacement: https}]
file_sd_configs:
- files: [gateways.yml]
  http_client_config:
    basic_auth: {username: moodring, password_file: password}
    tls_config: {ca_file: chain.pem, cert_file: chain.pem, key_file: key.pem}
`))
	address := start(t, "--config.file", file)
	for _, step := range []struct {
		name, password string
		change         func()
	}{
		{"at first", "first", func() {}},
		{"with another password", "second", func() { write(t, filepath.Join(folder, "password"), []byte("second")) }},
		{"with another certificate", "second", func() { gateway.replaceCertificate(t, folder) }},
	} {
		step.change()
		if !isUp(t, address) || !gateway.hasClient.Load() {
			t.Errorf("%s: the gateway is down (%v), or saw no certificate", step.name, statesOf(t, address))
		}
		request := http.Request{Header: http.Header{"Authorization": {gateway.login.Load().(string)}}}
		if user, password, _ := request.BasicAuth(); user != "moodring" || password != step.password {
			t.Errorf("%s: got the login %s %s, want moodring %s", step.name, user, password, step.password)
		}
	}
}

// The whole configuration's credentials are those of all other sources. A missing
// file is an error of the gateway, and no secret is in it.
func TestCredentialsOfAllSources(t *testing.T) {
	folder := t.TempDir()
	gateway := newSecureEnvoy(t, folder)
	token := filepath.Join(folder, "token")
	write(t, token, []byte("secret"))
	file := filepath.Join(folder, "exporter.yml")
	write(t, file, fmt.Appendf(nil, `
scrape: {min_age: 0s}
gateways: [{name: a, url: %q}]
http_client_config:
  authorization: {credentials_file: token}
  tls_config: {insecure_skip_verify: true}
`, gateway.URL))
	address := start(t, "--config.file", file)
	if !isUp(t, address) || gateway.login.Load() != "Bearer secret" {
		t.Errorf("the gateway got %q, %v", gateway.login.Load(), statesOf(t, address))
	}
	if err := os.Remove(token); err != nil {
		t.Fatal(err)
	}
	if isUp(t, address) || !strings.Contains(statesOf(t, address)["a"].Error, "http_client_config: open "+token) {
		t.Errorf("without the file: %v", statesOf(t, address))
	}
}

// SSL_CERT_FILE is read again, too. Go reads it only once.
func TestReplacedSystemCertificates(t *testing.T) {
	folder := t.TempDir()
	gateway := newSecureEnvoy(t, folder)
	t.Setenv("SSL_CERT_FILE", filepath.Join(folder, "chain.pem"))
	address := start(t, "--gateway", gateway.URL, "--config.file", writeConfig(t, "scrape: {min_age: 0s}\n"))
	for range 2 {
		if !isUp(t, address) {
			t.Errorf("the gateway is down: %v", statesOf(t, address))
		}
		gateway.replaceCertificate(t, folder)
	}
}

// A source has its own format, timeout and interval.
func TestScrapeSettingsBySource(t *testing.T) {
	var scrapes atomic.Int32
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer hanging.Close()
	gateway := envoy(t, &scrapes)
	address := start(t, "--config.file", writeConfig(t, fmt.Sprintf(`
gateways:
- {name: json, url: %q, scrape: {format: json, interval: 1h}}
- {name: hangs, url: %q, scrape: {timeout: 100ms}}
`, gateway.URL, hanging.URL)))
	for range 2 {
		page := get(t, address+"/metrics")
		if got := strings.Join(series(page, "moodring_exporter_target_up"), ", "); got != `moodring_exporter_target_up{gateway="hangs"} 0, moodring_exporter_target_up{gateway="json"} 1` {
			t.Errorf("got %s", got)
		}
		if len(series(page, `moodring_predictions_total{gateway="json",`)) == 0 {
			t.Error("the page has no predictions")
		}
	}
	if scrapes.Load() != 1 {
		t.Errorf("%d scrapes of a gateway with an interval of an hour", scrapes.Load())
	}
	if took := statesOf(t, address)["hangs"].Duration; took > 5 {
		t.Errorf("a gateway with a timeout of 100 ms was given up after %v s", took)
	}
}
