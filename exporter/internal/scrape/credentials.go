package scrape

import (
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	promconfig "github.com/prometheus/common/config"

	"github.com/moodring/moodring/exporter/internal/config"
)

// authorization returns the Authorization header for a gateway, or "" for none. Files
// are read each time.
func authorization(client *config.HTTPClient, base *url.URL) (string, error) {
	value, err := authorizationText(client, base)
	if err == nil && strings.ContainsAny(value, "\r\n\x00") {
		return "", errors.New("http_client_config: the credentials have a line break: write them on one line")
	}
	return value, err
}

func authorizationText(client *config.HTTPClient, base *url.URL) (string, error) {
	switch user := base.User; {
	case client != nil && client.BasicAuth != nil:
		return basic(client.BasicAuth)
	case client != nil && client.Authorization != nil:
		credentials, err := textOrFile(string(client.Authorization.Credentials), client.Authorization.CredentialsFile)
		return client.Authorization.Type + " " + credentials, err
	case user != nil:
		password, _ := user.Password()
		return basic(&promconfig.BasicAuth{Username: user.Username(), Password: promconfig.Secret(password)})
	}
	return "", nil
}

func basic(auth *promconfig.BasicAuth) (string, error) {
	user, err := textOrFile(auth.Username, auth.UsernameFile)
	if err != nil {
		return "", err
	}
	password, err := textOrFile(string(auth.Password), auth.PasswordFile)
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password)), err
}

func textOrFile(text, file string) (string, error) {
	if file == "" {
		return text, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("http_client_config: %w", err)
	}
	return strings.TrimSpace(string(content)), nil
}

// tlsConfig returns the TLS settings for a gateway. Files are read each time: the
// system's own certificates too if SSL_CERT_FILE names their file, because Go reads
// them only once.
func tlsConfig(client *config.HTTPClient, host string) (*tls.Config, error) {
	var settings promconfig.TLSConfig
	if client != nil {
		settings = client.TLS
	}
	if settings.CA == "" && settings.CAFile == "" {
		settings.CAFile = os.Getenv("SSL_CERT_FILE")
	}
	made, err := promconfig.NewTLSConfig(&settings)
	if err != nil {
		return nil, fmt.Errorf("tls_config: %w", err)
	}
	if made.ServerName == "" {
		made.ServerName = host
	}
	return made, nil
}
