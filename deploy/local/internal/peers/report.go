package peers

import (
	"bufio"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"text/template"
	"time"
)

//go:embed report.md.tmpl
var report string

// Report is the page that describes a result.
type Report struct {
	Result
	Command     string // that has made the result
	Environment Environment
}

// Environment is the machine and the versions.
type Environment struct {
	Processor, Kernel, Envoy, Go, Prometheus, Moodring string
	Cores                                              int
}

// Environment describes this machine. Moodring is its version.
func (b Bench) Environment(envoy, moodring string) (e Environment, err error) {
	e = Environment{Cores: runtime.NumCPU(), Go: runtime.Version(), Moodring: moodring, Prometheus: libraryVersion("github.com/prometheus/prometheus")}
	if e.Processor, err = field("/proc/cpuinfo", "model name"); err != nil {
		return e, err
	}
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return e, err
	}
	e.Kernel = strings.TrimSpace(string(kernel))
	version, err := exec.Command(envoy, "--version").Output()
	if err != nil {
		return e, fmt.Errorf("%s --version: %w", envoy, err)
	}
	e.Envoy = envoyVersion(string(version))
	return e, nil
}

// envoyVersion returns the version in the output of envoy --version, which is
// "PATH/envoy  version: COMMIT/1.40.0/Clean/RELEASE/BoringSSL".
func envoyVersion(output string) string {
	_, build, _ := strings.Cut(output, "version: ")
	if parts := strings.Split(build, "/"); len(parts) > 1 {
		return parts[1]
	}
	return "unknown"
}

// libraryVersion returns the version of a module in this program.
func libraryVersion(module string) string {
	info, _ := debug.ReadBuildInfo()
	for _, dependency := range info.Deps {
		if dependency.Path == module {
			return dependency.Version
		}
	}
	return "unknown"
}

// field returns the value of the first line "NAME : VALUE" of a file.
func field(file, name string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value), nil
		}
	}
	return "unknown", nil
}

// Write writes the page in Markdown.
func (r Report) Write(w io.Writer) error {
	page, err := template.New("report").Parse(report)
	if err != nil {
		return err
	}
	return page.Execute(w, r)
}

// Gateway returns the processor time of the gateway for a request.
func (f Figures) Gateway() string {
	return f.perRound(func(_ int, c cost) float64 { return microseconds(c.Gateway) }, "µs")
}

// Others returns the processor time of the peer's own programs for a request.
func (f Figures) Others() string {
	if f.Rounds[0].Others == 0 {
		return "none"
	}
	return f.perRound(func(_ int, c cost) float64 { return microseconds(c.Others) }, "µs")
}

// Added returns the processor time that a peer adds to the gateway for a request.
// The gateway of payload logging has no filter.
func (r Result) Added(f Figures) string {
	if f.Name == r[logging].Name {
		return "0, by definition"
	}
	return f.perRound(func(round int, c cost) float64 { return microseconds(c.Gateway - r[logging].Rounds[round].Gateway) }, "µs")
}

// Counting returns the processor time that counting costs in all programs.
func (r Result) Counting(f Figures) string {
	return f.perRound(func(round int, c cost) float64 { return microseconds(c.all() - r[logging].Rounds[round].Gateway) }, "µs")
}

// Ratio returns the processor time of all programs as a multiple of Moodring's in the
// same round. A ratio of the time for counting alone would have no meaning: Moodring's is
// a small difference of two large numbers.
func (r Result) Ratio(f Figures) string {
	return f.perRound(func(round int, c cost) float64 { return float64(c.all()) / float64(r[moodring].Rounds[round].all()) }, "times")
}

// perRound formats a value of all rounds.
func (f Figures) perRound(value func(round int, c cost) float64, unit string) string {
	values := make([]float64, len(f.Rounds))
	for round, c := range f.Rounds {
		values[round] = value(round, c)
	}
	return medianAndRange(values, unit)
}

// Delay returns the time until a panel shows a reply.
func (f Figures) Delay() string {
	values := make([]float64, len(f.Delays))
	for i, delay := range f.Delays {
		values[i] = delay.Seconds()
	}
	return medianAndRange(values, "s")
}

// Stored returns the bytes of a day.
func (f Figures) Stored() string { return size(f.BytesADay) }

// InEvents returns the part of Stored that is events.
func (f Figures) InEvents() string { return size(f.Events) }

// Rate returns the number of requests that the figures are for.
func (Report) Rate() int { return requestsPerSecond }

// Interval returns the time between scrapes that the figures are for.
func (Report) Interval() time.Duration { return scrapeEvery }

// Faults returns the names of the faults.
func (r Report) Faults() (names []string) {
	for _, measured := range r.Result[moodring].Losses {
		names = append(names, measured.Fault)
	}
	return names
}

// Outcome describes the loss.
func (l loss) Outcome() string {
	switch {
	case l.IsMissing:
		return "has neither"
	case l.isExact():
		return fmt.Sprintf("exact: %d", l.Sent)
	case l.Doubled == 0:
		return fmt.Sprintf("%d of %d lost", l.Lost, l.Sent)
	}
	return fmt.Sprintf("%d lost and %d too many, of %d", l.Lost, l.Doubled, l.Sent)
}

// Text returns how many bytes of a reply's text reach programs other than the gateway, for each reply.
func (p personal) Text() string {
	if p.BytesPerReply == 0 {
		return "0"
	}
	return fmt.Sprintf("%.0f bytes", p.BytesPerReply)
}

// Label says whether a label that is a caller's text is shown.
func (p personal) Label() string {
	if p.IsLabelShown {
		return "shown"
	}
	return "counted as `other`"
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// medianAndRange formats the median, the least and the greatest value.
func medianAndRange(values []float64, unit string) string {
	sorted := slices.Sorted(slices.Values(values))
	return fmt.Sprintf("%.3g %s (%.3g to %.3g)", median(values), unit, sorted[0], sorted[len(sorted)-1])
}

func size(bytes float64) string {
	for _, unit := range []string{"bytes", "kB", "MB"} {
		if bytes < 1000 {
			return fmt.Sprintf("%.3g %s", bytes, unit)
		}
		bytes /= 1000
	}
	return fmt.Sprintf("%.3g GB", bytes)
}
