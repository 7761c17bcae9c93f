package config

import (
	"errors"
	"fmt"
	"slices"

	promconfig "github.com/prometheus/common/config"
)

// Source holds the settings for the gateways of one source. Those that are not set
// come from the whole configuration.
type Source struct {
	Scrape     SourceScrape `yaml:"scrape,omitempty"`
	HTTPClient *HTTPClient  `yaml:"http_client_config,omitempty"`
}

// SourceScrape has the keys of Scrape that a source can set.
type SourceScrape struct {
	Timeout  Duration `yaml:"timeout,omitempty"`
	Interval Duration `yaml:"interval,omitempty"`
	Format   Format   `yaml:"format,omitempty"`
}

// HTTPClient says how the exporter proves to gateways who it is, and whom it trusts.
// The keys are those of Prometheus. Files are read again for each use, so that a
// certificate or a password can be replaced.
type HTTPClient struct {
	BasicAuth     *promconfig.BasicAuth     `yaml:"basic_auth,omitempty"`
	Authorization *promconfig.Authorization `yaml:"authorization,omitempty"`
	TLS           promconfig.TLSConfig      `yaml:"tls_config,omitempty"`
}

// For returns the settings for the gateways of a source, which may be nil.
func (c *Config) For(source *Source) (Scrape, *HTTPClient) {
	scrape, client := c.Scrape, c.HTTPClient
	if source == nil {
		return scrape, client
	}
	if source.Scrape.Timeout > 0 {
		scrape.Timeout = source.Scrape.Timeout
	}
	if source.Scrape.Interval > 0 {
		scrape.Interval = source.Scrape.Interval
	}
	if source.Scrape.Format != "" {
		scrape.Format = source.Scrape.Format
	}
	if source.HTTPClient != nil {
		client = source.HTTPClient
	}
	return scrape, client
}

// MaxTimeout returns the longest timeout of a scrape.
func (c *Config) MaxTimeout() Duration {
	longest := c.Scrape.Timeout
	for _, source := range c.settings() {
		longest = max(longest, source.Scrape.Timeout)
	}
	return longest
}

// settings returns the settings of all sources.
func (c *Config) settings() []*Source {
	var all []*Source
	for i := range c.Gateways {
		all = append(all, &c.Gateways[i].Source)
	}
	for _, sd := range c.Discoveries() {
		all = append(all, sd.Settings())
	}
	return all
}

// format returns Prometheus if any source has this format. Its rules need more keys.
func (c *Config) format() Format {
	isPrometheus := func(source *Source) bool { return source.Scrape.Format == Prometheus }
	if slices.ContainsFunc(c.settings(), isPrometheus) {
		return Prometheus
	}
	return c.Scrape.Format
}

// Settings returns the source's settings.
func (s *Source) Settings() *Source { return s }

func (s *Source) checkSource() error {
	switch scrape := s.Scrape; {
	case scrape.Interval != 0 && scrape.Interval < minInterval:
		return fmt.Errorf("scrape.interval: %s is less than 1s", scrape.Interval)
	case scrape.Timeout < 0:
		return fmt.Errorf("scrape.timeout: %s is not above 0", scrape.Timeout)
	case scrape.Format != "" && scrape.Format != Prometheus && scrape.Format != JSON:
		return fmt.Errorf("scrape.format: %q is neither %s nor %s", scrape.Format, Prometheus, JSON)
	}
	return s.HTTPClient.check()
}

// check also sets defaults.
func (c *HTTPClient) check() error {
	if c == nil {
		return nil
	}
	all := promconfig.HTTPClientConfig{BasicAuth: c.BasicAuth, Authorization: c.Authorization, TLSConfig: c.TLS}
	if err := all.Validate(); err != nil {
		return fmt.Errorf("http_client_config: %w", err)
	}
	if c.hasReference() {
		return errors.New("http_client_config: keys that end in _ref need a secret manager, and there is none: name a file")
	}
	return nil
}

func (c *HTTPClient) hasReference() bool {
	references := c.TLS.CARef + c.TLS.CertRef + c.TLS.KeyRef
	if c.BasicAuth != nil {
		references += c.BasicAuth.UsernameRef + c.BasicAuth.PasswordRef
	}
	if c.Authorization != nil {
		references += c.Authorization.CredentialsRef
	}
	return references != ""
}

func (c *HTTPClient) resolve(folder string) {
	if c == nil {
		return
	}
	all := promconfig.HTTPClientConfig{BasicAuth: c.BasicAuth, Authorization: c.Authorization, TLSConfig: c.TLS}
	all.SetDirectory(folder)
	c.TLS = all.TLSConfig
}

// Secrets returns the secrets, which other texts of the settings leave out.
func (s *Source) Secrets() string {
	c := s.HTTPClient
	if c == nil {
		return ""
	}
	secrets := string(c.TLS.Key)
	if c.BasicAuth != nil {
		secrets += "\n" + string(c.BasicAuth.Password)
	}
	if c.Authorization != nil {
		secrets += "\n" + string(c.Authorization.Credentials)
	}
	return secrets
}
