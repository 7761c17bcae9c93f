package stack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/prometheus/common/model"
)

// Rules say how Prometheus judges what the model answers.
type Rules struct {
	Corpus string        // labelled texts, text;label; their mix is the baseline
	Window time.Duration // over how long answers are compared with it
	For    time.Duration // how long a state must last before its alert fires
}

// writeRules has dashgen write the rule files.
func (s *Stack) writeRules(ctx context.Context) error {
	rules := s.options.Rules
	files := []struct {
		name string
		args []string
	}{
		{"moodring.yaml", []string{"rules", "--window", model.Duration(rules.Window).String(), "--for", rules.For.String()}},
		{"baseline.yaml", []string{"baseline", "--model", ModelName, "--corpus", rules.Corpus}},
	}
	for _, file := range files {
		text, err := exec.CommandContext(ctx, s.built("dashgen"), file.args...).Output()
		if said := (*exec.ExitError)(nil); errors.As(err, &said) {
			return fmt.Errorf("rules for Prometheus: %s", bytes.TrimSpace(said.Stderr))
		} else if err != nil {
			return fmt.Errorf("rules for Prometheus: %w", err)
		}
		name := s.run("rules", file.name)
		if err := writeFile(name, text); err != nil {
			return err
		}
		s.rules = append(s.rules, name)
	}
	return nil
}
