package lint

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
	_ "time/tzdata" // a bare container has no time zones

	"github.com/prometheus/common/model"
)

func timeRange() rule {
	return rule{
		name: "time-range",
		rule: "The time range of a dashboard begins before it ends, and its time zone and refresh interval exist.",
		why:  "Grafana opens the dashboard with another range or zone, or with an error. A range is written as `now-6h` to `now`, a zone as `utc`, `browser` or `Europe/Paris`, a refresh as `30s`.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			if problem := checkRange(d.Time.From, d.Time.To); problem != "" {
				report("dashboard", problem)
			}
			if !isZone(d.Timezone) {
				report("dashboard", fmt.Sprintf("has the time zone %q, which does not exist: use utc, browser, or a name such as Europe/Paris", d.Timezone))
			}
			if _, err := model.ParseDuration(d.Refresh); d.Refresh != "" && d.Refresh != "auto" && err != nil {
				report("dashboard", fmt.Sprintf("has the refresh interval %q: use a duration such as 30s", d.Refresh))
			}
		},
	}
}

// isZone reports whether Grafana knows a time zone.
func isZone(name string) bool {
	switch name {
	case "", "browser", "utc", "default":
		return true
	}
	_, err := time.LoadLocation(name)
	return err == nil && name != "Local"
}

// checkRange returns the problem of a time range, or "".
func checkRange(from, to string) string {
	now := time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC) // any moment in the middle of a day, a week and a year
	times := map[string]time.Time{}
	for _, text := range []string{from, to} {
		if text == "" {
			return "" // Grafana's default range
		}
		at, ok := readTime(text, now)
		if !ok {
			return fmt.Sprintf("has the time %q, which Grafana cannot read: use now-6h, or a date", text)
		}
		times[text] = at
	}
	if rounded := rounding.MatchString(from) || rounding.MatchString(to); !rounded && !times[from].Before(times[to]) || times[from].After(times[to]) && from != to {
		return fmt.Sprintf("has a time range that ends before it begins: from %s to %s", from, to)
	}
	return ""
}

var (
	relative = regexp.MustCompile(`^now((?:[-+]\d+[smhdwMyQ]|/f?[smhdwMyQ])*)$`)
	step     = regexp.MustCompile(`([-+])(\d+)([smhdwMyQ])`)
	rounding = regexp.MustCompile(`/f?[smhdwMyQ]`)
)

// unitDays are the lengths of units of time, in days. Months and years differ in
// length, but only the order of two times matters.
var unitDays = map[string]float64{"s": 1.0 / 86400, "m": 1.0 / 1440, "h": 1.0 / 24, "d": 1, "w": 7, "M": 30, "Q": 91, "y": 365}

// readTime reads a time as Grafana writes it, without the rounding of now/d.
func readTime(text string, now time.Time) (time.Time, bool) {
	if groups := relative.FindStringSubmatch(text); groups != nil {
		for _, move := range step.FindAllStringSubmatch(groups[1], -1) {
			count, err := strconv.Atoi(move[1] + move[2])
			if err != nil {
				return time.Time{}, false
			}
			now = now.Add(time.Duration(float64(count) * unitDays[move[3]] * float64(24*time.Hour)))
		}
		return now, true
	}
	if milliseconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.UnixMilli(milliseconds), true
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}
