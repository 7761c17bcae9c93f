package promapi

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

// The earliest and latest time, for requests without start or end.
var (
	minTime = time.UnixMilli(math.MinInt64)
	maxTime = time.UnixMilli(math.MaxInt64)
)

func invalid(name string, err error) error {
	return badData{fmt.Errorf("invalid parameter %q: %w", name, err)}
}

// timeParam reads Unix seconds or RFC 3339. A missing parameter is absent.
func timeParam(r *http.Request, name string, absent time.Time) (time.Time, error) {
	text := r.FormValue(name)
	if text == "" {
		return absent, nil
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		return time.UnixMilli(int64(math.Round(seconds * 1000))), nil
	}
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return at, nil
	}
	return time.Time{}, invalid(name, fmt.Errorf("cannot parse %q to a valid timestamp", text))
}

// requiredTime is timeParam for a parameter that the client must send.
func requiredTime(r *http.Request, name string) (time.Time, error) {
	if r.FormValue(name) == "" {
		return time.Time{}, invalid(name, errors.New(`cannot parse "" to a valid timestamp`))
	}
	return timeParam(r, name, time.Time{})
}

// timeRange reads start and end in Unix milliseconds; both may be missing.
func timeRange(r *http.Request) (start, end int64, err error) {
	from, fromErr := timeParam(r, "start", minTime)
	to, toErr := timeParam(r, "end", maxTime)
	return from.UnixMilli(), to.UnixMilli(), cmp.Or(fromErr, toErr)
}

// stepParam reads seconds or a duration such as 15s.
func stepParam(r *http.Request) (time.Duration, error) {
	text := r.FormValue("step")
	step, err := model.ParseDuration(text)
	if seconds, floatErr := strconv.ParseFloat(text, 64); floatErr == nil {
		step, err = model.Duration(seconds*float64(time.Second)), nil
	}
	if err != nil {
		return 0, invalid("step", fmt.Errorf("cannot parse %q to a valid duration", text))
	}
	if step <= 0 {
		return 0, invalid("step", errors.New("zero or negative query resolution step widths are not accepted. Try a positive integer"))
	}
	return time.Duration(step), nil
}

// limitParam reads the largest number of results; 0 is no limit.
func limitParam(r *http.Request) (int, error) {
	text := r.FormValue("limit")
	if text == "" {
		return 0, nil
	}
	limit, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, invalid("limit", err)
	}
	return int(limit), nil
}

// matcherSets reads the selectors in match[], of which there may be none.
func (o Options) matcherSets(r *http.Request) ([][]*labels.Matcher, error) {
	if err := r.ParseForm(); err != nil {
		return nil, badData{err}
	}
	sets, err := o.Parser.ParseMetricSelectors(r.Form["match[]"])
	if err != nil {
		return nil, invalid("match[]", err)
	}
	for _, set := range sets {
		if matchesEmpty(set) {
			return nil, invalid("match[]", errors.New("match[] must contain at least one non-empty matcher"))
		}
	}
	return sets, nil
}

// matchesEmpty reports whether a series without labels matches the selector.
func matchesEmpty(matchers []*labels.Matcher) bool {
	for _, matcher := range matchers {
		if !matcher.Matches("") {
			return false
		}
	}
	return true
}
