package server

import (
	"crypto/tls"
	"fmt"
	"sync/atomic"
)

// Certificate is a TLS certificate in files. Load reads the files again, for a certificate that was renewed.
type Certificate struct {
	cert, key string
	current   atomic.Pointer[tls.Certificate]
}

// NewCertificate reads the certificate and its key.
func NewCertificate(cert, key string) (*Certificate, error) {
	c := &Certificate{cert: cert, key: key}
	return c, c.Load()
}

// Load reads the files again. After an error the former certificate stays in use.
func (c *Certificate) Load() error {
	loaded, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return fmt.Errorf("TLS certificate: %w; check --ssl_certfile and --ssl_keyfile", err)
	}
	c.current.Store(&loaded)
	return nil
}

// Config returns settings that always present the current certificate.
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current.Load(), nil },
	}
}
