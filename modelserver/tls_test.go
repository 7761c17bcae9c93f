package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/moodring/moodring/modelserver/internal/modeltest"
	"github.com/moodring/moodring/modelserver/internal/oip"
)

// certificate writes cert.pem and key.pem into a folder, and returns the pool of clients that trust the certificate.
func certificate(t *testing.T, dir, name string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: cert}, "key.pem": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}))
	return pool
}

// TestTLS: both ports speak TLS, and SIGHUP takes a renewed certificate over.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	pool := certificate(t, dir, "first")
	p := start(t, "--model_dir", modeltest.Folder().Write(t), "--ssl_certfile", filepath.Join(dir, "cert.pem"), "--ssl_keyfile", filepath.Join(dir, "key.pem"))
	get := func(pool *x509.CertPool) (*http.Response, error) {
		client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
		response, err := client.Get(p.url + "/readyz")
		if err == nil {
			response.Body.Close()
		}
		return response, err
	}
	if response, err := get(pool); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("HTTPS gave %v, %v", response, err)
	}
	connection, err := grpc.NewClient(p.grpc, grpc.WithTransportCredentials(credentials.NewClientTLSFromCert(pool, "")))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if _, err := oip.NewGRPCInferenceServiceClient(connection).ServerReady(t.Context(), &oip.ServerReadyRequest{}); err != nil {
		t.Errorf("gRPC gave %v", err)
	}
	renewed := certificate(t, dir, "second")
	p.signal(t, syscall.SIGHUP)
	p.wait(t, "msg=reloaded")
	if _, err := get(renewed); err != nil {
		t.Errorf("the renewed certificate gave %v", err)
	}
}
