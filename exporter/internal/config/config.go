// Package config reads and checks the exporter's configuration file. Unknown keys,
// bad addresses and invalid relabelling rules are errors.
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

	"github.com/moodring/moodring/contract"
)

// Format is a format of the statistics page of Envoy's admin endpoint.
type Format string

// The supported formats.
const (
	Prometheus Format = "prometheus" // GET /stats/prometheus
	JSON       Format = "json"       // GET /stats?format=json
)

// Config is a checked configuration.
type Config struct {
	Gateways             []Gateway `yaml:"gateways"`
	Discovery            `yaml:",inline"`
	Scrape               Scrape            `yaml:"scrape"`
	HTTPClient           *HTTPClient       `yaml:"http_client_config"`
	RelabelConfigs       []*relabel.Config `yaml:"relabel_configs"`        // on targets
	MetricRelabelConfigs []*relabel.Config `yaml:"metric_relabel_configs"` // on series
	NativeHistograms     bool              `yaml:"native_histograms"`      // in addition to classic histograms, for scrapers that accept protobuf
	Rules                []Rule            `yaml:"rules"`                  // for other stats of Envoy
}

// Gateway is an Envoy to scrape.
type Gateway struct {
	Name string `yaml:"name"` // the gateway label; by default host and port of URL
	URL  string `yaml:"url"`  // address of the admin endpoint

	Source `yaml:",inline"`
}

// Scrape configures the scraping of gateways.
type Scrape struct {
	Timeout       Duration `yaml:"timeout"`        // for a gateway; shortened by the deadline of the exporter's own scraper
	MinAge        Duration `yaml:"min_age"`        // a younger result is served again without a new scrape
	Interval      Duration `yaml:"interval"`       // between scrapes, spread over the gateways; 0 scrapes on each request for /metrics
	Keep          Duration `yaml:"keep"`           // the time to export the last values of a removed or failing gateway
	ConnectionAge Duration `yaml:"connection_age"` // after which a connection to a gateway is replaced
	MaxPageBytes  int64    `yaml:"max_page_bytes"` // of a gateway's page, uncompressed
	MaxLineBytes  int      `yaml:"max_line_bytes"` // of a line of the page; in JSON, of a stat or a histogram
	MaxSeries     int      `yaml:"max_series"`     // of a gateway; a histogram counts as one, and the average size is limited to a kilobyte of /metrics
	Format        Format   `yaml:"format"`
}

// Duration has the syntax of Prometheus: 10s, 1m30s.
type Duration time.Duration

func (d Duration) String() string { return time.Duration(d).String() }

// UnmarshalYAML gives errors a line number, unlike model.Duration.
func (d *Duration) UnmarshalYAML(node *yaml.Node) error {
	duration, err := model.ParseDuration(node.Value)
	if err != nil {
		return fmt.Errorf("line %d: %q is not a duration: want one such as 10s or 1m30s", node.Line, node.Value)
	}
	*d = Duration(duration)
	return nil
}

// Default returns the configuration for an empty file.
func Default() *Config {
	return &Config{Scrape: Scrape{
		Timeout:       Duration(10 * time.Second),
		MinAge:        Duration(time.Second),
		Keep:          Duration(5 * time.Minute),
		ConnectionAge: Duration(3 * time.Minute),
		MaxPageBytes:  64 << 20,
		MaxLineBytes:  128 << 10,
		MaxSeries:     10000,
		Format:        Prometheus,
	}}
}

// Load reads the YAML file at path. File names in the configuration are relative
// to the folder of path. Errors name the file and fit on a line.
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

// Parse parses YAML on top of Default and checks the result.
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
	if err := c.HTTPClient.check(); err != nil {
		return err
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
	if err := checkBucketLabel(c.MetricRelabelConfigs); err != nil {
		return err
	}
	if err := c.Scrape.check(); err != nil {
		return err
	}
	return checkMetricRules(c.Rules, c.format())
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

// checkBucketLabel refuses rules that always write the label le: a histogram's
// buckets would have two. If a rule's target is not known here, the transformer drops
// the histogram.
func checkBucketLabel(rules []*relabel.Config) error {
	for i, rule := range rules {
		target := rule.TargetLabel
		switch rule.Action {
		case relabel.LabelMap:
			target = rule.Replacement
		case relabel.Replace:
			if rule.Replacement == "" { // removes the label
				continue
			}
		}
		if target == contract.LabelBucket && rule.Action != relabel.KeepEqual && rule.Action != relabel.DropEqual {
			return fmt.Errorf("metric_relabel_configs[%d]: the label %s belongs to the buckets of histograms: choose another label", i, target)
		}
	}
	return nil
}

// minInterval is the shortest interval of scrapes.
const minInterval = Duration(time.Second)

func (s Scrape) check() error {
	switch {
	case s.Interval != 0 && s.Interval < minInterval:
		return fmt.Errorf("scrape.interval: %s is less than 1s", time.Duration(s.Interval))
	case s.Timeout <= 0:
		return fmt.Errorf("scrape.timeout: %s is not above 0", time.Duration(s.Timeout))
	case s.ConnectionAge <= 0:
		return fmt.Errorf("scrape.connection_age: %s is not above 0", time.Duration(s.ConnectionAge))
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

// ParseGateway parses the value of a --gateway flag: URL, or NAME=URL.
func ParseGateway(text string) (Gateway, error) {
	gateway := Gateway{URL: text}
	if name, address, ok := strings.Cut(text, "="); ok && !strings.Contains(name, "://") {
		if name == "" {
			return Gateway{}, fmt.Errorf("%q: no name before the =", "="+WithoutUser(address))
		}
		gateway = Gateway{Name: name, URL: address}
	}
	return gateway, gateway.check()
}

// check also sets the default Name.
func (g *Gateway) check() error {
	address, err := url.Parse(g.URL)
	if err != nil {
		return fmt.Errorf("url %q does not parse: want http://HOST:PORT", WithoutUser(g.URL))
	}
	switch {
	case address.Scheme != "http" && address.Scheme != "https", address.Hostname() == "", strings.HasSuffix(address.Host, ":"):
		return fmt.Errorf("url %q: want http://HOST:PORT", WithoutUser(g.URL))
	case address.RawQuery != "" || address.Fragment != "":
		address.RawQuery, address.Fragment = "", "" // they can hold a token
		return fmt.Errorf("url %q: leave out the query and the fragment; the exporter adds its own query", address.Redacted())
	case address.Port() != "" && !IsPortText(address.Port()):
		return fmt.Errorf("url %q: %s is not a port", address.Redacted(), address.Port())
	}
	if g.Name == "" {
		g.Name = address.Host
	}
	return g.checkSource()
}

// resolve makes relative file names relative to folder.
func (c *Config) resolve(folder string) {
	c.HTTPClient.resolve(folder)
	for i := range c.Gateways {
		c.Gateways[i].HTTPClient.resolve(folder)
	}
	for _, sd := range c.Discoveries() {
		sd.Settings().HTTPClient.resolve(folder)
		sd.resolve(folder)
	}
}

// WithoutUser cuts everything up to a user and a password off an address, also if the
// address is not well-formed: an error must not show them.
func WithoutUser(address string) string { return address[strings.LastIndex(address, "@")+1:] }
