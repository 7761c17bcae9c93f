package discovery

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moodring/moodring/exporter/internal/config"
)

// staticTexts returns the static targets as text: gateway, URL and labels.
func staticTexts(t *testing.T, yaml string) ([]string, error) {
	t.Helper()
	cfg, err := config.Parse([]byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	targets, err := StaticTargets(cfg.Gateways, cfg.RelabelConfigs)
	var texts []string
	for _, target := range targets {
		texts = append(texts, target.Gateway+" "+target.URL.String()+" "+target.Labels.String())
	}
	return texts, err
}

const two = "gateways: [{name: a, url: 'http://a:1'}, {url: 'https://b:2/envoy'}]\nrelabel_configs: "

func TestStatic(t *testing.T) {
	for name, test := range map[string]struct {
		rules string
		want  []string
	}{
		"no rules": {`[]`, []string{`a http://a:1 {gateway="a"}`, `b:2 https://b:2/envoy {gateway="b:2"}`}},
		"drop":     {`[{source_labels: [gateway], regex: a, action: drop}]`, []string{`b:2 https://b:2/envoy {gateway="b:2"}`}},
		"rename":   {`[{source_labels: [__address__], regex: '(.*):.*', target_label: gateway}]`, []string{`a http://a:1 {gateway="a"}`, `b https://b:2/envoy {gateway="b"}`}},
		"label":    {`[{target_label: region, replacement: eu}]`, []string{`a http://a:1 {gateway="a", region="eu"}`, `b:2 https://b:2/envoy {gateway="b:2", region="eu"}`}},
		"clash": {`[{target_label: version, replacement: v1}, {target_label: exported_le, replacement: x}, {target_label: le, replacement: y}]`, []string{
			`a http://a:1 {exported_exported_le="y", exported_le="x", exported_version="v1", gateway="a"}`,
			`b:2 https://b:2/envoy {exported_exported_le="y", exported_le="x", exported_version="v1", gateway="b:2"}`}},
		"address": {`[{source_labels: [__address__], regex: 'a:(.*)', target_label: __address__, replacement: 'c:$1'}, {target_label: __metrics_path__, replacement: /x}]`,
			[]string{`a http://c:1/x {gateway="a"}`, `b:2 https://b:2/x {gateway="b:2"}`}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := staticTexts(t, two+test.rules)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("targets (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStaticRefuses(t *testing.T) {
	for rules, want := range map[string]string{
		`[{target_label: gateway, replacement: one}]`:                        `gateway "one": two gateways have that name: give each its own, as in --gateway NAME=URL`,
		`[{regex: gateway, action: labeldrop}]`:                              `gateway "a": relabel_configs leave its gateway label empty`,
		`[{target_label: __scheme__, replacement: ftp}]`:                     `gateway "a": its __scheme__ is "ftp": want http or https`,
		`[{target_label: __address__, replacement: a/b}]`:                    `gateway "a": its __address__ is "a/b": want HOST:PORT`,
		`[{target_label: __address__, replacement: "a:65536"}]`:              `gateway "a": its __address__ is "a:65536": 65536 is not a port`,
		`[{target_label: __metrics_path__, replacement: /stats/prometheus}]`: `gateway "a": its path (__metrics_path__) is "/stats/prometheus": leave out /stats/prometheus, which the exporter adds`,
	} {
		if _, err := staticTexts(t, two+rules); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", rules, err, want)
		}
	}
}

// Of two gateways at one address, one is scraped.
func TestOneAddressUnderTwoNames(t *testing.T) {
	all, err := staticCandidates([]config.Gateway{
		{Name: "a", URL: "http://Envoy:80/admin"}, {Name: "b", URL: "http://envoy/admin/"}, {Name: "c", URL: "http://envoy:81/admin"},
		{Name: "d", URL: "https://envoy/admin"}, {Name: "e", URL: "http://envoy/"},
	})
	if err != nil {
		t.Fatal(err)
	}
	targets, dropped, bad := newTargetBuilder(nil).build(all, nil)
	const want = `gateway "b": it has the address of gateway "a", and would count everything twice: keep one of the two`
	if len(targets) != 4 || len(dropped) != 1 || dropped[0].Reason != want || len(bad) != 1 || bad[0].Error() != want {
		t.Errorf("got %d targets, dropped %v, errors %v; want %s", len(targets), dropped, bad, want)
	}
	leaving := *all[1]
	leaving.isTerminating = true
	if targets, _, bad := newTargetBuilder(nil).build([]*candidate{all[0], &leaving}, nil); len(targets) != 2 || len(bad) != 0 {
		t.Errorf("a gateway that shuts down is refused: %v", bad)
	}
}

// A changed password makes a new source, although it is in no text of the settings.
func TestChangedPasswordMakesANewSource(t *testing.T) {
	keys := make(map[string]bool)
	for _, password := range []string{"one", "two"} {
		cfg, err := config.Parse([]byte("dns_sd_configs: [{names: [a], http_client_config: {basic_auth: {username: u, password: " + password + "}}}]"))
		if err != nil {
			t.Fatal(err)
		}
		plan, err := NewPlan(cfg)
		if err != nil {
			t.Fatal(err)
		}
		for key := range plan.discoverers {
			keys[key] = true
		}
	}
	if len(keys) != 2 {
		t.Errorf("got the keys %v, want two", keys)
	}
}
