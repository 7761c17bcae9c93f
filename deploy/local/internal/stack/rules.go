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

// Rules configure the rule files that Prometheus evaluates.
type Rules struct {
	Baseline string        // corpus whose labels are the baseline; "" for no baseline
	Window   time.Duration // over which predictions are compared with the baseline
	For      time.Duration // duration of a condition before its alert fires
}

// writeRules writes the rule files with dashgen.
func (s *Stack) writeRules(ctx context.Context) error {
	rules := s.options.Rules
	err := s.writeRuleFile(ctx, "rules", "--window", model.Duration(rules.Window).String(), "--for", rules.For.String())
	if err != nil || rules.Baseline == "" {
		return err
	}
	return s.writeRuleFile(ctx, "baseline", "--model", ModelName, "--corpus", rules.Baseline)
}

func (s *Stack) writeRuleFile(ctx context.Context, command string, flags ...string) error {
	text, err := exec.CommandContext(ctx, s.binary("dashgen"), append([]string{command}, flags...)...).Output()
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		return fmt.Errorf("rules for Prometheus: %s", bytes.TrimSpace(failed.Stderr))
	} else if err != nil {
		return fmt.Errorf("rules for Prometheus: %w", err)
	}
	name := s.path("rules", command+".yaml")
	s.rules = append(s.rules, name)
	return writeFile(name, text)
}
