package config

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	promconfig "github.com/prometheus/common/config"

	"github.com/moodring/moodring/contract"
)

func TestLoadGood(t *testing.T) {
	cfg, err := Load("testdata/full.good.yml")
	if err != nil {
		t.Fatal(err)
	}
	gateways := []Gateway{
		{Name: "ingress", URL: "http://127.0.0.1:15000"},
		{Name: "gateway.example:15090", URL: "https://gateway.example:15090/envoy", Source: Source{
			Scrape:     SourceScrape{Timeout: Duration(5 * time.Second), Interval: Duration(time.Minute), Format: Prometheus},
			HTTPClient: &HTTPClient{BasicAuth: &promconfig.BasicAuth{Username: "moodring", PasswordFile: "testdata/password"}, TLS: promconfig.TLSConfig{CAFile: "testdata/ca.pem", ServerName: "envoy"}},
		}},
	}
	if diff := cmp.Diff(gateways, cfg.Gateways); diff != "" {
		t.Errorf("gateways (-want +got):\n%s", diff)
	}
	files := []FileSD{{Files: []string{"testdata/gateways/*.yml", "testdata/one.json"}, RefreshInterval: Duration(time.Minute)}}
	if diff := cmp.Diff(files, cfg.FileSD); diff != "" {
		t.Errorf("file_sd_configs (-want +got):\n%s", diff)
	}
	dns := []DNSSD{
		{Names: []string{"_envoy-prom._tcp.gateways.example"}, Type: "SRV", RefreshInterval: Duration(10 * time.Second)},
		{Names: []string{"gateway.example"}, Type: "A", Port: 15090, RefreshInterval: Duration(30 * time.Second)},
	}
	if diff := cmp.Diff(dns, cfg.DNSSD); diff != "" {
		t.Errorf("dns_sd_configs (-want +got):\n%s", diff)
	}
	kubernetes := []KubernetesSD{
		{Role: "pod", Label: "app=istio-ingressgateway", Port: 15090},
		{Role: "pod", Label: "serving.kserve.io/inferenceservice", Port: 15020, Namespaces: Namespaces{[]string{"models"}}},
		{
			Role: "endpointslice", Label: "kubernetes.io/service-name=istio-ingressgateway", Port: 15000, PortForward: true,
			KubeconfigFile: "/etc/exporter/kubeconfig",
		},
	}
	if diff := cmp.Diff(kubernetes, cfg.KubernetesSD); diff != "" {
		t.Errorf("kubernetes_sd_configs (-want +got):\n%s", diff)
	}
	scrape := Scrape{
		Timeout: Duration(5 * time.Second), Interval: Duration(15 * time.Second), Keep: Duration(time.Minute), ConnectionAge: Duration(30 * time.Second),
		MaxPageBytes: 1000000, MaxLineBytes: 10000, MaxSeries: 500, Format: Prometheus,
	}
	if diff := cmp.Diff(scrape, cfg.Scrape); diff != "" {
		t.Errorf("scrape (-want +got):\n%s", diff)
	}
	if len(cfg.RelabelConfigs) != 1 || len(cfg.MetricRelabelConfigs) != 1 {
		t.Errorf("%d and %d rules, want one each", len(cfg.RelabelConfigs), len(cfg.MetricRelabelConfigs))
	}
}

// The fields of Discovery, the list of Discoveries and contract.Sources have the
// same kinds.
func TestDiscoveriesHasEveryKind(t *testing.T) {
	d := new(Discovery)
	lists := reflect.ValueOf(d).Elem()
	var keys []string
	for i := range lists.NumField() {
		list := lists.Field(i)
		list.Set(reflect.MakeSlice(list.Type(), 1, 1))
		keys = append(keys, lists.Type().Field(i).Tag.Get("yaml"))
	}
	var kinds, kindKeys []string
	for _, sd := range d.Discoveries() {
		kinds = append(kinds, sd.Kind())
		kindKeys = append(kindKeys, sd.Kind()+"_sd_configs")
	}
	if diff := cmp.Diff(keys, kindKeys); diff != "" {
		t.Errorf("keys (-fields +Discoveries):\n%s", diff)
	}
	if diff := cmp.Diff(contract.Sources(), kinds); diff != "" {
		t.Errorf("kinds (-contract +Discoveries):\n%s", diff)
	}
}

func TestLoadEveryGood(t *testing.T) {
	files, err := filepath.Glob("testdata/*.good.yml")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d good files (%v)", len(files), err)
	}
	for _, file := range files {
		if _, err := Load(file); err != nil {
			t.Error(err)
		}
	}
}

func TestLoadEmptyIsDefault(t *testing.T) {
	cfg, err := Load("testdata/empty.good.yml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Default(), cfg); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

func TestLoadBad(t *testing.T) {
	wants := map[string]string{
		"unknown-key":     "line 1: field gateway is unknown; docs/exporter.md has all keys",
		"two-mistakes":    "line 3: field nam is unknown; docs/exporter.md has all keys; line 4: field scrapes is unknown; docs/exporter.md has all keys",
		"duration":        `line 4: "soon" is not a duration: want one such as 10s or 1m30s`,
		"syntax":          "yaml: line 1: did not find expected node content",
		"no-url":          `gateways[0]: url "": want http://HOST:PORT`,
		"scheme":          `gateways[0]: url "ftp://a": want http://HOST:PORT`,
		"query":           `gateways[0]: url "http://a/": leave out the query and the fragment; the exporter adds its own query`,
		"timeout":         "scrape.timeout: 0s is not above 0",
		"connection-age":  "scrape.connection_age: 0s is not above 0",
		"page":            "scrape.max_page_bytes: -1 is not above 0",
		"line":            "scrape.max_line_bytes: 0 is not above 0",
		"series":          "scrape.max_series: 0 is not above 0",
		"format":          `scrape.format: "xml" is neither prometheus nor json`,
		"action":          `line 1: relabel_configs[0]: unknown relabel action "explode"`,
		"regex":           "line 1: relabel_configs[0]: error parsing regexp: missing closing ): `^(?s:()$`",
		"no-target":       "metric_relabel_configs[0]: relabel configuration for replace action requires 'target_label' value",
		"empty-rule":      "metric_relabel_configs[0]: the rule is empty",
		"file-none":       `file_sd_configs[0]: files: none given`,
		"file-name":       `file_sd_configs[0]: files: "*/gateways.yml": want a name that ends in .json, .yml or .yaml, with at most one *, in its last part`,
		"file-refresh":    `file_sd_configs[0]: refresh_interval: 10ms is less than 1s`,
		"dns-names":       `dns_sd_configs[0]: names: none given, or an empty one`,
		"dns-type":        `dns_sd_configs[0]: type: "MX" is not SRV, A or AAAA`,
		"dns-port":        `dns_sd_configs[0]: port: 0 is not a port, and a record of type A has none`,
		"kube-role":       `kubernetes_sd_configs[0]: role: "node" is neither pod nor endpointslice`,
		"kube-preset":     `kubernetes_sd_configs[0]: preset: "nginx" is not one of contour, envoy-gateway, istio, istio-gateway-api, istio-helm`,
		"kube-label":      `kubernetes_sd_configs[1]: label: "=a" is not a label selector: found '=', expected: !, identifier, or 'end of string'`,
		"kube-port":       `kubernetes_sd_configs[0]: port: 70000 is not a port`,
		"json-port":       `kubernetes_sd_configs[0]: port: 15020 does not serve scrape.format json, only the admin endpoint does: leave out the format, or set port_forward and leave out the port`,
		"kube-namespace":  `kubernetes_sd_configs[0]: namespaces.names: a name is empty; leave out namespaces to look in all namespaces`,
		"kube-key":        `line 1: field namespace is unknown; docs/exporter.md has all keys`,
		"interval":        `scrape.interval: 10ms is less than 1s`,
		"client-key":      "line 1: field oauth2 is unknown; docs/exporter.md has all keys",
		"client-ref":      "gateways[0]: http_client_config: keys that end in _ref need a secret manager, and there is none: name a file",
		"client-two":      "gateways[0]: http_client_config: at most one of basic_auth password, password_file & password_ref must be configured",
		"source-format":   `kubernetes_sd_configs[0]: scrape.format: "xml" is neither prometheus nor json`,
		"source-interval": "dns_sd_configs[0]: scrape.interval: 1ms is less than 1s",
		"two-documents":   "more than one YAML document: keep one",
	}
	files, err := filepath.Glob("testdata/*.bad.yml")
	if err != nil || len(files) != len(wants) {
		t.Fatalf("%d bad files and %d wants (%v)", len(files), len(wants), err)
	}
	for _, file := range files {
		want := file + ": " + wants[strings.TrimSuffix(filepath.Base(file), ".bad.yml")]
		if _, err := Load(file); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

func TestWrongTypes(t *testing.T) {
	for text, want := range map[string]string{
		"hello":                                                "line 1: `hello` where keys with values should be",
		"[]":                                                   "line 1: a list where keys with values should be",
		"gateways: {url: a}":                                   "line 1: keys with values where a list should be",
		"gateways: [http://a]":                                 "line 1: `http://a` where keys with values should be",
		"gateways:\n- {name: [a]}":                             "line 2: a list where text should be",
		"scrape: {max_series: many}":                           "line 1: `many` where a whole number should be",
		"scrape: {format: [json]}":                             "line 1: a list where text should be",
		"native_histograms: 2":                                 "line 1: `2` where true or false should be",
		"relabel_configs: [{source_labels: a}]":                "line 1: `a` where a list should be",
		"rules: [{scale: big}]":                                "line 1: `big` where a number should be",
		"rules: [{type: [a]}]":                                 "line 1: a list where text should be",
		"rules: [{labels: a}]":                                 "line 1: `a` where keys with values should be",
		"http_client_config: hunter2":                          "line 1: a single value where keys with values should be",
		"http_client_config: {basic_auth: hunter2}":            "line 1: a single value where keys with values should be",
		"http_client_config: {authorization: hunter2}":         "line 1: a single value where keys with values should be",
		"gateways: [{http_client_config: {tls_config: 1234}}]": "line 1: a single value where keys with values should be",
		"relabel_configs: [{}, {action: x}, {}]":               `line 1: relabel_configs[1]: unknown relabel action "x"`,
	} {
		if _, err := Parse([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%s:\ngot  %v\nwant %s", text, err, want)
		}
	}
}

// A rule that always writes le is refused.
func TestBucketLabel(t *testing.T) {
	const want = "metric_relabel_configs[1]: the label le belongs to the buckets of histograms: choose another label"
	for rule, isBad := range map[string]bool{
		"{source_labels: [model], target_label: le}":                          true,
		"{target_label: le, replacement: x}":                                  true,
		"{source_labels: [model], target_label: le, action: lowercase}":       true,
		"{source_labels: [model], target_label: le, action: uppercase}":       true,
		"{source_labels: [a], target_label: le, modulus: 8, action: hashmod}": true,
		"{regex: model, replacement: le, action: labelmap}":                   true,
		"{target_label: le, replacement: ''}":                                 false,
		"{source_labels: [model], target_label: le, action: keepequal}":       false,
		"{source_labels: [model], target_label: le, action: dropequal}":       false,
		"{source_labels: [le], target_label: bound}":                          false,
		"{regex: le, action: labeldrop}":                                      false,
		"{regex: m(.*), replacement: $1, action: labelmap}":                   false,
	} {
		_, err := Parse([]byte("metric_relabel_configs: [{regex: a, action: labeldrop}, " + rule + "]"))
		if isBad && (err == nil || err.Error() != want) || !isBad && err != nil {
			t.Errorf("%s: got %v", rule, err)
		}
	}
}

func TestLoadMissing(t *testing.T) {
	if _, err := Load("testdata/none.yml"); err == nil || !strings.HasPrefix(err.Error(), "reading the configuration: open testdata/none.yml") {
		t.Errorf("got %v", err)
	}
}

func TestParseGateway(t *testing.T) {
	for text, want := range map[string]Gateway{
		"http://127.0.0.1:15000":         {Name: "127.0.0.1:15000", URL: "http://127.0.0.1:15000"},
		"ingress=http://127.0.0.1:15000": {Name: "ingress", URL: "http://127.0.0.1:15000"},
		"a/b=https://host/path=x":        {Name: "a/b", URL: "https://host/path=x"},
		"http://[::1]:15000":             {Name: "[::1]:15000", URL: "http://[::1]:15000"},
		"http://host/path=x":             {Name: "host", URL: "http://host/path=x"},
	} {
		if got, err := ParseGateway(text); err != nil || got != want {
			t.Errorf("%s: got %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestParseGatewayRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                    `url "": want http://HOST:PORT`,
		"127.0.0.1:15000":     `url "127.0.0.1:15000" does not parse: want http://HOST:PORT`,
		"localhost:15000":     `url "localhost:15000": want http://HOST:PORT`,
		"=http://a":           `"=http://a": no name before the =`,
		"a=":                  `url "": want http://HOST:PORT`,
		"http://a:":           `url "http://a:": want http://HOST:PORT`,
		"http://:15000":       `url "http://:15000": want http://HOST:PORT`,
		"http://:":            `url "http://:": want http://HOST:PORT`,
		"http://[::1]:":       `url "http://[::1]:": want http://HOST:PORT`,
		"http://a:65536":      `url "http://a:65536": 65536 is not a port`,
		"ftp://u:secret@a":    `url "a": want http://HOST:PORT`,
		"u:secret@a:1":        `url "a:1": want http://HOST:PORT`,
		"=http://u:secret@a":  `"=a": no name before the =`,
		"http://u:secret@a b": `url "a b" does not parse: want http://HOST:PORT`,
		"http://u:secret@a?b": `url "http://u:xxxxx@a": leave out the query and the fragment; the exporter adds its own query`,
	} {
		if _, err := ParseGateway(text); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}
