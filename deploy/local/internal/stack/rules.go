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
	Baseline string        // file of labelled texts, whose mix it is; "" for none
	Window   time.Duration // over how long answers are compared with it
	For      time.Duration // how long a state must last before its alert fires
}

// writeRules has dashgen write the rule files.
func (s *Stack) writeRules(ctx context.Context) error {
	rules := s.options.Rules
	err := s.writeRuleFile(ctx, "rules", "--window", model.Duration(rules.Window).String(), "--for", rules.For.String())
	if err != nil || rules.Baseline == "" {
		return err
	}
	return s.writeRuleFile(ctx, "baseline", "--model", ModelName, "--corpus", rules.Baseline)
}

func (s *Stack) writeRuleFile(ctx context.Context, command string, flags ...string) error {
	text, err := exec.CommandContext(ctx, s.built("dashgen"), append([]string{command}, flags...)...).Output()
	if said := (*exec.ExitError)(nil); errors.As(err, &said) {
		return fmt.Errorf("rules for Prometheus: %s", bytes.TrimSpace(said.Stderr))
	} else if err != nil {
		return fmt.Errorf("rules for Prometheus: %w", err)
	}
	name := s.run("rules", command+".yaml")
	s.rules = append(s.rules, name)
	return writeFile(name, text)
}
