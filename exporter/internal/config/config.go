// Package config reads the exporter's configuration file, strictly: an unknown
// key, a bad address or a relabelling rule that cannot work is an error.
package config

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/relabel"
	"go.yaml.in/yaml/v3"
)

// Format is a form in which Envoy's admin endpoint shows its statistics.
type Format string

// The forms the exporter reads.
const (
	Prometheus Format = "prometheus" // GET /stats/prometheus
	JSON       Format = "json"       // GET /stats?format=json
)

// Config is a checked configuration.
type Config struct {
	Gateways             []Gateway `yaml:"gateways"`
	Discovery            `yaml:",inline"`
	Scrape               Scrape            `yaml:"scrape"`
	RelabelConfigs       []*relabel.Config `yaml:"relabel_configs"`        // on targets
	MetricRelabelConfigs []*relabel.Config `yaml:"metric_relabel_configs"` // on series
	NativeHistograms     bool              `yaml:"native_histograms"`      // beside the classic ones, to scrapers that ask for protobuf
	Rules                []Rule            `yaml:"rules"`                  // for stats of Envoy's that are none of the contract's
}

// Gateway is one Envoy.
type Gateway struct {
	Name string `yaml:"name"` // the gateway label; host and port of URL when empty
	URL  string `yaml:"url"`  // address of the admin endpoint
}

// Scrape says how gateways are asked.
type Scrape struct {
	Timeout      Duration `yaml:"timeout"`        // for one gateway; the scraper's own deadline may shorten it
	MinAge       Duration `yaml:"min_age"`        // a younger answer is given again instead of asking
	Interval     Duration `yaml:"interval"`       // between scrapes, spread over gateways; 0 scrapes when /metrics is asked for
	Keep         Duration `yaml:"keep"`           // how long the last values of a gateway that is gone or fails stay exported
	MaxPageBytes int64    `yaml:"max_page_bytes"` // of one gateway's page, uncompressed
	MaxLineBytes int      `yaml:"max_line_bytes"` // of one line of it; in JSON, of a stat or a histogram
	MaxSeries    int      `yaml:"max_series"`     // of one gateway, a histogram being one, and a kilobyte of the page each on average
	Format       Format   `yaml:"format"`
}

// Duration is written as Prometheus writes it: 10s, 1m30s.
type Duration time.Duration

// UnmarshalYAML tells the line of a mistake, which model.Duration does not.
func (d *Duration) UnmarshalYAML(node *yaml.Node) error {
	duration, err := model.ParseDuration(node.Value)
	if err != nil {
		return fmt.Errorf("line %d: %q is not a duration: want one such as 10s or 1m30s", node.Line, node.Value)
	}
	*d = Duration(duration)
	return nil
}

// Default returns the configuration of an empty file.
func Default() *Config {
	return &Config{Scrape: Scrape{
		Timeout:      Duration(10 * time.Second),
		MinAge:       Duration(time.Second),
		Keep:         Duration(5 * time.Minute),
		MaxPageBytes: 64 << 20,
		MaxLineBytes: 128 << 10,
		MaxSeries:    10000,
		Format:       Prometheus,
	}}
}

// Load reads the YAML file at path, beside which the files that it names are.
// Its errors name the file and fit a line.
func Load(path string) (*Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	cfg, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	cfg.resolve(filepath.Dir(path))
	return cfg, nil
}

// Parse reads YAML over Default and checks it.
func Parse(text []byte) (*Config, error) {
	cfg := Default()
	if err := Decode(text, cfg); err != nil {
		return nil, err
	}
	return cfg, cfg.check()
}

// HasSources reports whether c lists or discovers gateways.
func (c *Config) HasSources() bool {
	return len(c.Gateways)+len(c.Discoveries()) > 0
}

func (c *Config) check() error {
	for i := range c.Gateways {
		if err := c.Gateways[i].check(); err != nil {
			return fmt.Errorf("gateways[%d]: %w", i, err)
		}
	}
	if err := c.Discovery.check(c.Scrape.Format); err != nil {
		return err
	}
	if err := checkRules("relabel_configs", c.RelabelConfigs); err != nil {
		return err
	}
	if err := checkRules("metric_relabel_configs", c.MetricRelabelConfigs); err != nil {
		return err
	}
	if err := c.Scrape.check(); err != nil {
		return err
	}
	return checkMetricRules(c.Rules, c.Scrape.Format)
}

func checkRules(key string, rules []*relabel.Config) error {
	for i, rule := range rules {
		if rule == nil {
			return fmt.Errorf("%s[%d]: the rule is empty", key, i)
		}
		if err := rule.Validate(model.UTF8Validation); err != nil {
			return fmt.Errorf("%s[%d]: %w", key, i, err)
		}
	}
	return nil
}

func (s Scrape) check() error {
	switch {
	case s.Interval != 0 && s.Interval < Duration(time.Second):
		return fmt.Errorf("scrape.interval: %s is less than 1s", time.Duration(s.Interval))
	case s.Timeout <= 0:
		return fmt.Errorf("scrape.timeout: %s is not above 0", time.Duration(s.Timeout))
	case s.MaxPageBytes <= 0:
		return fmt.Errorf("scrape.max_page_bytes: %d is not above 0", s.MaxPageBytes)
	case s.MaxLineBytes <= 0:
		return fmt.Errorf("scrape.max_line_bytes: %d is not above 0", s.MaxLineBytes)
	case s.MaxSeries <= 0:
		return fmt.Errorf("scrape.max_series: %d is not above 0", s.MaxSeries)
	case s.Format != Prometheus && s.Format != JSON:
		return fmt.Errorf("scrape.format: %q is neither %s nor %s", s.Format, Prometheus, JSON)
	}
	return nil
}

// ParseGateway reads the value of a --gateway flag: URL, or NAME=URL.
func ParseGateway(text string) (Gateway, error) {
	gateway := Gateway{URL: text}
	if name, address, ok := strings.Cut(text, "="); ok && !strings.Contains(name, "://") {
		if name == "" {
			return Gateway{}, fmt.Errorf("%q: no name before the =", text)
		}
		gateway = Gateway{Name: name, URL: address}
	}
	return gateway, gateway.check()
}

// check fills in Name.
func (g *Gateway) check() error {
	address, err := url.Parse(g.URL)
	if err != nil {
		return fmt.Errorf("url %q does not parse: want http://HOST:PORT", g.URL[strings.LastIndex(g.URL, "@")+1:]) // no password
	}
	switch {
	case address.Scheme != "http" && address.Scheme != "https", address.Host == "":
		return fmt.Errorf("url %q: want http://HOST:PORT", address.Redacted())
	case address.RawQuery != "" || address.Fragment != "":
		return fmt.Errorf("url %q: leave out what follows the path; the exporter adds its own query", address.Redacted())
	case address.Port() != "" && !isPortText(address.Port()):
		return fmt.Errorf("url %q: %s is not a port", address.Redacted(), address.Port())
	}
	if g.Name == "" {
		g.Name = address.Host
	}
	return nil
}
