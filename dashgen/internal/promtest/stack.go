package promtest

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Now is the time at which Stack ends.
const Now = 70 * time.Minute

//go:embed testdata/stack.txt
var stack string

// Stack returns the series of 70 minutes of a stack at work, as Server takes
// them. testdata/stack.txt explains its notation, and the purpose of each series.
func Stack() string {
	var out strings.Builder
	out.WriteString("load 15s\n")
	for _, line := range strings.Split(stack, "\n") {
		series, values, ok := strings.Cut(line, "} ")
		switch {
		case strings.HasPrefix(line, typeComment):
			fmt.Fprintf(&out, "  %s\n", line)
		case line == "" || strings.HasPrefix(line, "#"):
		case !ok:
			panic("promtest: stack.txt: no series with labels: " + line)
		case strings.Contains(values, "x"):
			fmt.Fprintf(&out, "  %s} %s\n", series, values)
		default:
			for pod, times := range []int{1, 4} {
				fmt.Fprintf(&out, "  %s,pod=\"%d\"} %s\n", series, pod, counter(values, times))
			}
		}
	}
	return out.String()
}

// counter returns the values of a counter from its increase in each 15 s, BEFORE
// and NOW, multiplied by times.
func counter(increases string, times int) string {
	var before, now int
	if _, err := fmt.Sscan(increases, &before, &now); err != nil {
		panic("promtest: stack.txt: " + increases + " is not two increases: " + err.Error())
	}
	before, now = before*times, now*times
	minute5 := 20 * 3 * before
	minute65 := minute5 + 239*before
	return "0+" + strconv.Itoa(3*before) + "x20 " +
		strconv.Itoa(minute5+before) + "+" + strconv.Itoa(before) + "x238 " +
		strconv.Itoa(minute65+now) + "+" + strconv.Itoa(now) + "x20"
}

// Baseline is a rule file with the baselines of three of Stack's models.
//
//go:embed testdata/baseline.yaml
var Baseline string
