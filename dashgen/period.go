package main

import (
	"fmt"
	"time"

	"github.com/prometheus/common/model"
)

// readPeriod reads the flags --from and --to of a command.
func readPeriod(command, from, to string, now time.Time) (start, end time.Time, err error) {
	if start, err = readTime(command+": --from", from, now); err != nil {
		return start, end, err
	}
	if end, err = readTime(command+": --to", to, now); err != nil {
		return start, end, err
	}
	if !start.Before(end) {
		return start, end, fmt.Errorf("%w: %s: --from %s is not before --to %s", errUsage, command, from, to)
	}
	return start, end, nil
}

// readTime reads a time, or the duration since then.
func readTime(flag, text string, now time.Time) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	ago, err := model.ParseDuration(text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: %s must be a time as 2026-01-31T08:00:00Z, or how long ago, as 7d, not %q", errUsage, flag, text)
	}
	return now.Add(-time.Duration(ago)), nil
}
