package conform

import (
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/moodring/moodring/dashgen/internal/baseline"
	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/rules"
)

var leadingComments = regexp.MustCompile(`^(#.*\n)*`)

// parseRules reads a rule file as strictly as Prometheus does, and checks that
// Prometheus's types write the same YAML.
func parseRules(t *testing.T, text []byte) rulefmt.RuleGroups {
	t.Helper()
	parsed, errs := rulefmt.Parse(text, false, model.UTF8Validation, parser.NewParser(parser.Options{}), promslog.NewNopLogger())
	for _, err := range errs {
		t.Error(err)
	}
	if parsed == nil {
		t.Fatalf("no rules in:\n%s", text)
	}
	want, err := rules.Marshal(string(leadingComments.Find(text)), parsed)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(text)); diff != "" {
		t.Errorf("-rulefmt +dashgen:\n%s", diff)
	}
	return *parsed
}

func TestRuleFile(t *testing.T) {
	text, err := rules.File(board.All(), rules.Usual())
	if err != nil {
		t.Fatal(err)
	}
	parsed := parseRules(t, text)
	if groups := parsed.Groups; len(groups) != 2 || len(groups[0].Rules) != len(board.All().Recordings) || len(groups[1].Rules) != len(board.All().Alerts()) {
		t.Errorf("got %+v", groups)
	}
}

func TestBaselineFile(t *testing.T) {
	distribution := baseline.Distribution{Model: baseline.Model{Name: `b"e r.t`}, Counts: map[string]float64{"joy": 150, "true: \"x\"": 50, "no": 1}, Confidence: 0.9}
	text, err := distribution.File()
	if err != nil {
		t.Fatal(err)
	}
	parsed := parseRules(t, text)
	if groups := parsed.Groups; len(groups) != 1 || len(groups[0].Rules) != len(distribution.Counts)+1 {
		t.Errorf("got %+v", groups)
	}
}
