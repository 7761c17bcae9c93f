package pki_test

import (
	"crypto/tls"
	"crypto/x509"
	"testing"

	"github.com/moodring/moodring/deploy/cluster/internal/pki"
)

// TestServer: a client that trusts the authority accepts the server's certificate for
// its names and addresses, and for no other.
func TestServer(t *testing.T) {
	authority, err := pki.NewAuthority("test")
	if err != nil {
		t.Fatal(err)
	}
	server, err := authority.Server("kubernetes.default.svc", "10.96.0.1")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(server.Certificate, server.Key)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority.Certificate) {
		t.Fatal("no certificate of the authority")
	}
	for name, want := range map[string]bool{"kubernetes.default.svc": true, "10.96.0.1": true, "example.com": false} {
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: pool}); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
