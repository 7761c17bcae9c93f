package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/moodring/moodring/contract"
)

func TestRuleDefaults(t *testing.T) {
	cfg, err := Load("testdata/json.good.yml")
	if err != nil {
		t.Fatal(err)
	}
	r := cfg.Rules[0]
	if want := `^(?s:cluster\.(.*)\.upstream_cx_active)$`; r.Filter != want || r.Scale != 1 || r.Type != contract.Gauge {
		t.Errorf("got filter %s, scale %v and type %s; want %s, 1 and gauge", r.Filter, r.Scale, r.Type, want)
	}
}

func TestRuleWithAllKeys(t *testing.T) {
	cfg, err := Load("testdata/full.good.yml")
	if err != nil {
		t.Fatal(err)
	}
	if !cfg.NativeHistograms {
		t.Error("native_histograms is not set")
	}
	got := cfg.Rules[0]
	want := Rule{
		Filter: `^listener\..*\.downstream_cx_length_ms$`, Name: "envoy_connection_length_seconds", Type: contract.Histogram,
		Help: "How long connections last.", Unit: "seconds", Scale: 0.001, Labels: map[string]string{"listener": "${envoy_listener_address}"},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Rule{}, "Match")); diff != "" {
		t.Errorf("rule (-want +got):\n%s", diff)
	}
}

func TestRulesRefused(t *testing.T) {
	for rules, want := range map[string]string{
		`{name: a, type: gauge}`:                                                                           "rules[0]: no match: want a regular expression for the stat's name",
		`{match: a, name: a, type: gauge}`:                                                                 `rules[0]: no filter: want a regular expression for Envoy's raw name, such as ^cluster\..*\.upstream_cx_active$, because scrape.format prometheus shows other names`,
		`{match: a, filter: (, name: a, type: gauge}`:                                                      "rules[0]: filter: error parsing regexp: missing closing ): `(`",
		`{match: (, filter: a, name: a, type: gauge}`:                                                      "line 1: rules[0]: error parsing regexp: missing closing ): `^(?s:()$`",
		`{match: a, filter: a, name: a-b, type: gauge}`:                                                    `rules[0]: name: "a-b" is not a metric name`,
		`{match: a, filter: a, name: moodring_exporter_target_up, type: gauge}`:                            "rules[0]: name: moodring_exporter_target_up is built in: choose another name",
		`{match: a, filter: a, name: a, type: sum}`:                                                        `rules[0]: type: "sum" is not counter, gauge or histogram`,
		`{match: a, filter: a, name: a, type: counter}`:                                                    "rules[0]: name: a: a counter's name ends in _total, and only a counter's",
		`{match: a, filter: a, name: a_total, type: gauge}`:                                                "rules[0]: name: a_total: a counter's name ends in _total, and only a counter's",
		`{match: a, filter: a, name: a, type: gauge, unit: seconds}`:                                       "rules[0]: name: a does not end in the unit, _seconds",
		`{match: a, filter: a, name: a, type: gauge, scale: -1}`:                                           "rules[0]: scale: -1 is not above 0",
		`{match: a, filter: a, name: a, type: gauge, scale: .inf}`:                                         "rules[0]: scale: +Inf is not a finite number",
		`{match: a, filter: a, name: go_goroutines, type: gauge}`:                                          "rules[0]: name: go_goroutines: such names are of the exporter's own process: choose another name",
		`{match: a, filter: a, name: a, type: gauge, labels: {gateway: x}}`:                                `rules[0]: labels: "gateway" is not a label name, or is reserved: choose another`,
		`{match: (a), filter: a, name: a, type: gauge, labels: {x: "$10"}}`:                                `rules[0]: labels: x: $10: the last group of match is $1; for a dollar sign, write $$`,
		`{match: (a), filter: a, name: a, type: gauge, labels: {x: "$1_a"}}`:                               `rules[0]: labels: x: $1_a is neither a group nor a label: for the group $1, write ${1}_a`,
		`{match: (a), filter: a, name: a, type: gauge, labels: {x: "${1}${99999999999999999999}"}}`:        `rules[0]: labels: x: $99999999999999999999: the last group of match is $1; for a dollar sign, write $$`,
		`{match: a, filter: a, name: a, type: gauge, colour: red}`:                                         "line 1: field colour is unknown; docs/exporter.md has all keys",
		`{match: a, filter: a, name: a, type: gauge}, {match: b, filter: b, name: a_total, type: counter}`: "rules[1]: name: a_total and a both take the name a on the page: choose another name",
		`{match: a, filter: a, name: moodring_prediction_confidence_count, type: gauge}`:                   "rules[0]: name: moodring_prediction_confidence_count and moodring_prediction_confidence both take the name moodring_prediction_confidence_count on the page: choose another name",
		`{match: a, filter: a, name: moodring_predictions, type: gauge}`:                                   "rules[0]: name: moodring_predictions and moodring_predictions_total both take the name moodring_predictions on the page: choose another name",
		`{match: a, filter: a, name: a, type: gauge}, {match: b, filter: b, name: a, type: histogram}`:     "rules[1]: an earlier rule gives a another type, help or unit",
	} {
		if _, err := Parse([]byte("rules: [" + rules + "]")); err == nil || err.Error() != want {
			t.Errorf("%s:\ngot  %v\nwant %s", rules, err, want)
		}
	}
}
