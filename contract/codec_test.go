package contract

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStatNames(t *testing.T) {
	tests := []struct {
		name       string
		stat       Stat
		raw        string
		prometheus string
	}{
		{
			"plain values stand as they are",
			Stat{Predictions, []Field{{LabelModel, "bert_emotion"}, {LabelLabel, "joy"}}},
			"wasmcustom.model=.=bert_emotion;.;label=.=joy;.;moodring_predictions_total",
			"model___bert_emotion___label___joy___moodring_predictions_total",
		},
		{
			"version has a key of its own",
			Stat{Replies, []Field{{LabelModel, "m"}, {LabelVersion, "2"}, {LabelOutcome, OutcomeNoPredictions}}},
			"wasmcustom.model=.=m;.;model_version=.=2;.;outcome=.=no_predictions;.;moodring_replies_total",
			"model___m___model_version___2___outcome___no_predictions___moodring_replies_total",
		},
		{
			"namespace and service have keys of their own",
			Stat{Predictions, []Field{{LabelNamespace, "team_a"}, {LabelService, "iris"}, {LabelModel, "m"}, {LabelLabel, "joy"}}},
			"wasmcustom.model_namespace=.=team_a;.;model_service=.=iris;.;model=.=m;.;label=.=joy;.;moodring_predictions_total",
			"model_namespace___team_a___model_service___iris___model___m___label___joy___moodring_predictions_total",
		},
		{
			"a character that Prometheus does not allow is escaped",
			Stat{Predictions, []Field{{LabelModel, "bert-emotion-model"}, {LabelLabel, `so "happy"/very-much.v2`}}},
			"wasmcustom.model=.=0xbert_2demotion_2dmodel;.;label=.=0xso_20_22happy_22_2fvery_2dmuch_2ev2;.;moodring_predictions_total",
			"model___0xbert_2demotion_2dmodel___label___0xso_20_22happy_22_2fvery_2dmuch_2ev2___moodring_predictions_total",
		},
		{
			"a bucket's bound keeps its dot",
			Stat{Confidence + SuffixBucket, []Field{{LabelLabel, "joy"}, {LabelBucket, "0.95"}}},
			"wasmcustom.label=.=joy;.;le=.=0.95;.;moodring_prediction_confidence_bucket",
			"label___joy___le___0_95___moodring_prediction_confidence_bucket",
		},
		{
			"a bound of the configuration",
			Stat{PredictionValue + SuffixBucket, []Field{{LabelModel, "m"}, {LabelBucket, "250000"}}},
			"wasmcustom.model=.=m;.;le=.=250000;.;moodring_prediction_value_bucket",
			"model___m___le___250000___moodring_prediction_value_bucket",
		},
		{
			"a bound with a sign is escaped",
			Stat{PredictionValue + SuffixBucket, []Field{{LabelModel, "m"}, {LabelBucket, "-0.5"}}},
			"wasmcustom.model=.=m;.;le=.=0x_2d0_2e5;.;moodring_prediction_value_bucket",
			"model___m___le___0x_2d0_2e5___moodring_prediction_value_bucket",
		},
		{
			"no fields",
			Stat{Name: Overflow},
			"wasmcustom.moodring_overflow_total",
			"moodring_overflow_total",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			raw := StatPrefix + string(AppendStat(nil, test.stat.Name, test.stat.Fields...))
			if diff := cmp.Diff(test.raw, raw); diff != "" {
				t.Errorf("AppendStat (-want +got):\n%s", diff)
			}
			checkParse(t, ParseStat, test.raw, test.stat)
			checkParse(t, ParsePrometheus, test.prometheus, test.stat)
			if diff := cmp.Diff(test.prometheus, sanitize(test.raw)); diff != "" {
				t.Errorf("as Envoy sanitizes it (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNotOurs(t *testing.T) {
	for _, name := range []string{
		"",
		"cluster.model.upstream_rq_time",
		"wasmcustom.joy",
		"wasmcustom.label=.=joy;.;somebody_elses_total",
		"wasmcustom.label=.=joy",
		"wasmcustom.label=.=a b;.;moodring_predictions_total",
		"wasmcustom.label=.=a__b;.;moodring_predictions_total",
		"wasmcustom.label=.=;.;moodring_predictions_total",
		"wasmcustom.label=.=0xjoy;.;moodring_predictions_total",
		"wasmcustom.label=.=0xa_2;.;moodring_predictions_total",
		"wasmcustom.label=.=0xa_2D;.;moodring_predictions_total",
		"wasmcustom.label=.=0xa_61;.;moodring_predictions_total",
		"wasmcustom.version=.=1;.;moodring_predictions_total",
		"wasmcustom.namespace=.=1;.;moodring_predictions_total",
		"wasmcustom.service=.=1;.;moodring_predictions_total",
		"wasmcustom.model_model=.=1;.;moodring_predictions_total",
		"wasmcustom.gateway=.=1;.;moodring_predictions_total",
		"wasmcustom.model=.=a;.;model=.=b;.;moodring_predictions_total",
		"wasmcustom.le=.=0_95;.;moodring_prediction_confidence_bucket",
		"wasmcustom.le=.=0.33;.;moodring_prediction_confidence_bucket",
		"wasmcustom.le=.=0.95;.;moodring_prediction_margin_bucket",
		"wasmcustom.le=.=0.95;.;moodring_predictions_total",
		"wasmcustom.le=.=x;.;moodring_prediction_value_bucket",
		"wasmcustom.le=.=0xx;.;moodring_prediction_value_bucket",
		"wasmcustom.le=.=0x0_2e5;.;moodring_prediction_value_bucket",
		"wasmcustom.le=.=-1;.;moodring_prediction_value_bucket",
		"wasmcustom.le=.=1.2.3;.;moodring_prediction_value_bucket",
	} {
		if stat, err := ParseStat(name); !errors.Is(err, ErrNotOurs) {
			t.Errorf("ParseStat(%q) = %v, %v; want ErrNotOurs", name, stat, err)
		}
	}
}

func TestPlainCountersNeverTakeAContractName(t *testing.T) {
	tests := []struct{ label, want string }{
		{"joy", "joy"},
		{"", "0x"},
		{"not safe", "0xnot_20safe"},
		{Overflow, "0xmoodring_5foverflow_5ftotal"},
	}
	for _, test := range tests {
		if got := string(AppendPlain(nil, test.label)); got != test.want {
			t.Errorf("AppendPlain(%q) = %q, want %q", test.label, got, test.want)
		}
	}
}

// FuzzValue checks that any value parses back from both forms, with fields before
// and after it.
func FuzzValue(f *testing.F) {
	for _, seed := range []string{
		"joy", "", "_", "a_b", "a__b", "a_", "0x", "0x41", "U__a_20_", `so "happy"/very-much.v2`,
		"a;.;b", "a=.=b", "line\nbreak", "é😀", "\xff\xfe", "trailing.", "other", "___label___",
	} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, model, label string) {
		want := Stat{Predictions, []Field{{LabelModel, model}, {LabelLabel, label}}}
		raw := StatPrefix + string(AppendStat(nil, want.Name, want.Fields...))
		checkParse(t, ParseStat, raw, want)
		checkParse(t, ParsePrometheus, sanitize(raw), want)
	})
}

// FuzzParseStat checks the opposite direction: AppendStat writes each name that
// ParseStat accepts, so no two names mean the same series.
func FuzzParseStat(f *testing.F) {
	for _, seed := range []string{
		"wasmcustom.model=.=m;.;label=.=joy;.;moodring_predictions_total",
		"wasmcustom.label=.=0x_2e;.;le=.=0.95;.;moodring_prediction_confidence_bucket",
		"wasmcustom.moodring_overflow_total",
		"wasmcustom.model=.=m;.;le=.=0x_2d0_2e5;.;moodring_prediction_value_bucket",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		stat, err := ParseStat(name)
		if err != nil {
			return
		}
		if got := StatPrefix + string(AppendStat(nil, stat.Name, stat.Fields...)); got != name {
			t.Errorf("%q reads as %v, which is written %q", name, stat, got)
		}
	})
}

func checkParse(t *testing.T, parse func(string) (Stat, error), name string, want Stat) {
	t.Helper()
	got, err := parse(name)
	if err != nil {
		t.Fatalf("%q: %v", name, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%q (-want +got):\n%s", name, diff)
	}
}

// sanitize changes a custom stat's name as Envoy does in /stats/prometheus
// (source/server/admin/prometheus_stats.cc, metricName). The plugin's tests check
// this against a real Envoy.
func sanitize(raw string) string {
	return regexp.MustCompile(`[^a-zA-Z0-9_]`).ReplaceAllString(strings.TrimPrefix(raw, StatPrefix), "_")
}
