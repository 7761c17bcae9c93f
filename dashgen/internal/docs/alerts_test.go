package docs

import (
	"strings"
	"testing"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/rules"
)

// TestRunbooks: each alert's runbook_url leads to a section with steps.
func TestRunbooks(t *testing.T) {
	text := Alerts(board.All())
	for _, rule := range rules.Groups(board.All(), rules.Usual())[1].Rules {
		_, anchor, _ := strings.Cut(rule.Annotations["runbook_url"], "#")
		_, section, found := strings.Cut(text, "\n## "+rule.Alert+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		if anchor != strings.ToLower(rule.Alert) || !found || !strings.Contains(section, "\n1. ") || !strings.Contains(section, rule.Expr) {
			t.Errorf("%s: no section at #%s with its expression and steps:\n%s", rule.Alert, anchor, section)
		}
	}
	if strings.Contains(text, "{{") || strings.Contains(text, "$labels") {
		t.Error("the text contains a Prometheus template")
	}
}
