package discover

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/dashboard"
	"github.com/moodring/moodring/dashgen/internal/grafana"
	"github.com/moodring/moodring/dashgen/internal/lint"
	"github.com/moodring/moodring/dashgen/internal/promql"
	"github.com/moodring/moodring/dashgen/internal/promtest"
	"github.com/moodring/moodring/dashgen/internal/verify"
)

var (
	update = flag.Bool("update", false, "rewrite testdata/*.board; read the difference before committing it")
	all    = regexp.MustCompile("")
)

// TestBoard compares the dashboard for the page of each exporter in testdata, with a
// line for each query.
func TestBoard(t *testing.T) {
	pages, err := filepath.Glob("testdata/*.prom")
	if err != nil || len(pages) < 11 {
		t.Fatalf("got the pages %v, %v", pages, err)
	}
	for _, file := range pages {
		t.Run(filepath.Base(file), func(t *testing.T) {
			page, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			b := proposed(t, string(page))
			golden := strings.TrimSuffix(file, ".prom") + ".board"
			if *update {
				if err := os.WriteFile(golden, []byte(lines(b)), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), lines(b)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			checkSound(t, b, string(page))
		})
	}
}

func lines(b board.Board) string {
	var out strings.Builder
	for _, row := range b.Rows {
		fmt.Fprintf(&out, "%s\n", row.Title)
		for _, o := range row.Panels {
			for _, s := range o.Series {
				fmt.Fprintf(&out, "\t%s, %s, %s, %s: %s\n", o.Title, o.Kind, o.Unit, s.Legend, s.Query.Text(promql.RuleValues("5m", "5m")))
			}
		}
	}
	return out.String()
}

func proposed(t *testing.T, page string) board.Board {
	t.Helper()
	families, err := Read(strings.NewReader(page), all)
	if err != nil {
		t.Fatal(err)
	}
	return Board("Discovered", "discovered", families)
}

// checkSound checks that a dashboard is valid, that lint finds no problems in it,
// and that each query has a result on a Prometheus that scraped the page.
func checkSound(t *testing.T, b board.Board, page string) {
	t.Helper()
	families, err := Read(strings.NewReader(page), all)
	if err != nil {
		t.Fatal(err)
	}
	checkLint(t, b, lint.Context{Types: Types(families)})
	checkLint(t, b, lint.Context{})
	prometheus := promtest.Dial(t, promtest.Server(t, scraped(page), 10*time.Minute).URL)
	report, err := verify.Run(t.Context(), prometheus, board.Set{Boards: []board.Board{b}}, verify.Limits{RateInterval: "5m", Slow: time.Minute, Series: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range report.Queries {
		if !q.State.Sound() {
			t.Errorf("%+v", q)
		}
	}
}

// checkLint checks that lint finds no problems in a dashboard.
func checkLint(t *testing.T, b board.Board, known lint.Context) {
	t.Helper()
	text, err := grafana.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	read, err := dashboard.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	d, err := lint.Parse(read)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range lint.Check(d, known, nil) {
		t.Errorf("%+v", p)
	}
}

// TestPages reads pages that are not strictly of the text format.
func TestPages(t *testing.T) {
	for _, tc := range []struct{ name, page, want string }{
		{"OpenMetrics", "# TYPE a_seconds counter\n# UNIT a_seconds seconds\n# HELP a_seconds A.\na_seconds_total{x=\"1\"} 5 1700000000.5 # {trace=\"t\"} 1\na_seconds_created{x=\"1\"} 1.7e9\n# TYPE b info\nb_info{v=\"1\"} 1\n# TYPE c unknown\nc 1\n# EOF\n",
			"a_seconds_created untyped, a_seconds_total counter, b_info gauge, c untyped"},
		{"without types", "a_total 1\nb_bucket{le=\"1\"} 1\nb_bucket{le=\"+Inf\"} 1\nb_sum 1\nb_count 1\nc_sum 1\nc_count 1\nd_count 1\n",
			"a_total counter, b histogram, c summary, d_count untyped"},
		{"what looks like an exemplar", "# TYPE a counter\na_total{x=\"a # {b} c\"} 1 # {t=\"1\"} 1\n# EOF\n", "a_total counter"},
		{"a metric described twice", "# HELP a_total A.\n# TYPE a_total counter\na_total 1\n# HELP a_total A again.\n# TYPE a_total counter\na_total{x=\"1\"} 1\n", "a_total counter"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			families, err := Read(strings.NewReader(tc.page), all)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range Largest(families) {
				got = append(got, f.Name+" "+string(f.Type))
			}
			if diff := cmp.Diff(tc.want, strings.Join(got, ", ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestGauges: what is no amount has a mean, a moment has an age, and a board of gauges
// with the names of counters has no problems, without any source of types.
func TestGauges(t *testing.T) {
	page := "# TYPE x_ratio gauge\nx_ratio 1\n# TYPE y_created gauge\ny_created 1\n# TYPE z_boot_time_seconds gauge\nz_boot_time_seconds 1\n" +
		"# TYPE asterisk_calls_count gauge\nasterisk_calls_count 1\n# TYPE a_things_total gauge\na_things_total 1\n# TYPE load_percent gauge\nload_percent 1\n# TYPE t_ms gauge\nt_ms 1\n"
	b := proposed(t, page)
	want := `a things
	a_things_total, bar gauge, number, a_things_total: sum (a_things_total)
asterisk calls
	asterisk_calls_count, time series, number, asterisk_calls_count: sum (asterisk_calls_count)
load percent
	load_percent, time series, percent, load_percent: avg (load_percent)
t ms
	t_ms, time series, milliseconds, t_ms: sum (t_ms)
x ratio
	x_ratio, time series, share, x_ratio: avg (x_ratio)
y created
	y_created (age), time series, seconds, y_created: time() - max (y_created)
z boot
	z_boot_time_seconds (age), time series, seconds, z_boot_time_seconds: time() - max (z_boot_time_seconds)
`
	if diff := cmp.Diff(want, lines(b)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	checkLint(t, b, lint.Context{})
}

// TestOddPages: the boards of pages without types, of names in UTF-8, of histograms of
// gauges and of gauges with the names of buckets are sound.
func TestOddPages(t *testing.T) {
	for name, page := range map[string]string{
		"without types": "a_total 1\nb_bucket{le=\"1\"} 1\nb_bucket{le=\"+Inf\"} 1\nb_sum 1\nb_count 1\nc_sum 1\nc_count 1\nd_count 1\n",
		"UTF-8": "# TYPE \"my.metric\" counter\n{\"my.metric\"} 1\n# TYPE \"a.seconds\" histogram\n{\"a.seconds_bucket\",le=\"+Inf\"} 1\n{\"a.seconds_sum\"} 1\n{\"a.seconds_count\"} 1\n" +
			"# TYPE g gauge\ng{\"my.label\"=\"x\"} 1\ng{\"my.label\"=\"y\"} 1\n",
		"gaugehistogram": "# TYPE h gaugehistogram\nh_bucket{le=\"+Inf\"} 1\nh_gsum 1\nh_gcount 1\n# EOF\n",
		"leaky bucket":   "# TYPE leaky_bucket gauge\nleaky_bucket 1\n",
	} {
		t.Run(name, func(t *testing.T) { checkLint(t, proposed(t, page), lint.Context{}) })
	}
}

// TestManyMetrics: a board has a bounded number of panels, and opens with few of them.
func TestManyMetrics(t *testing.T) {
	var page strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&page, "# TYPE m%d_x gauge\nm%d_x 1\n", i, i)
	}
	families, err := Read(strings.NewReader(page.String()), all)
	if err != nil {
		t.Fatal(err)
	}
	b := Board("Many", "many-metrics", Largest(families))
	if n := len(b.Panels()); n != MostPanels || b.Rows[0].Collapsed || !b.Rows[1].Collapsed {
		t.Errorf("got %d panels", n)
	}
	if text, err := grafana.Marshal(b); err != nil || len(text) > 262144 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

var sample = regexp.MustCompile(`^([\w:]+)(?:\{(.*)\})? \S+$`)

// scraped returns a page as series of ten minutes.
func scraped(page string) string {
	var out strings.Builder
	out.WriteString("load 15s\n  up{job=\"j\",instance=\"i\"} 1x40\n")
	for _, line := range strings.Split(page, "\n") {
		if groups := sample.FindStringSubmatch(line); groups != nil {
			fmt.Fprintf(&out, "  %s{%s} 0+1x40\n", groups[1], strings.Join(append(nonempty(groups[2]), `job="j"`, `instance="i"`), ","))
		}
	}
	return out.String()
}

func nonempty(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// TestClientGolang checks that the dashboard shows each metric of client_golang.
func TestClientGolang(t *testing.T) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewBuildInfoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	sizes := prometheus.NewSummaryVec(prometheus.SummaryOpts{Name: "message_bytes", Help: "Sizes."}, []string{"queue"})
	sizes.WithLabelValues("a").Observe(3)
	sizes.WithLabelValues("b").Observe(4)
	registry.MustRegister(sizes)
	server := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	t.Cleanup(server.Close)
	families, err := Page(t.Context(), promtest.Dial(t, server.URL), all)
	if err != nil {
		t.Fatal(err)
	}
	b := Board("Go", "discovered", families)
	if _, err := grafana.Marshal(b); err != nil {
		t.Fatal(err)
	}
	shown := lines(b)
	for _, f := range families {
		if !strings.Contains(shown, f.Name) {
			t.Errorf("%s is not shown", f.Name)
		}
	}
	for _, want := range []string{
		"message_bytes (mean), time series, bytes, {{queue}}: sum by (queue) (rate(message_bytes_sum[5m])) / sum by (queue) (rate(message_bytes_count[5m]))\n",
		"go_memstats_alloc_bytes_total, time series, bytes per second, go_memstats_alloc_bytes_total: sum (rate(go_memstats_alloc_bytes_total[5m]))\n",
		"process_start_time_seconds (age), time series, seconds, process_start_time_seconds: time() - max (process_start_time_seconds)\n",
		"go_memstats_last_gc_time_seconds (age), time series, seconds, go_memstats_last_gc_time_seconds: time() - max (go_memstats_last_gc_time_seconds)\n",
		"go_goroutines, time series, number, go_goroutines: sum (go_goroutines)\n",
	} {
		if !strings.Contains(shown, "\t"+want) {
			t.Errorf("no line %q in:\n%s", want, shown)
		}
	}
}

// TestPrometheus reads families from a Prometheus's metadata and series.
func TestPrometheus(t *testing.T) {
	t.Run("scraped as text", func(t *testing.T) { testPrometheus(t, promtest.Stack()) })
	// In OpenMetrics, a counter has no _total in the metadata.
	t.Run("scraped as OpenMetrics", func(t *testing.T) {
		testPrometheus(t, strings.ReplaceAll(promtest.Stack(), "_total counter", " counter"))
	})
}

func testPrometheus(t *testing.T, stack string) {
	t.Helper()
	prometheus := promtest.Dial(t, promtest.Server(t, stack, promtest.Now).URL)
	families, err := Prometheus(t.Context(), prometheus, regexp.MustCompile("^moodring_(replies|prediction_margin|exporter_build)"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]Family{}
	for _, f := range families {
		got[f.Name] = f
	}
	want := map[string]Family{ // promtest.Stack has no _count of the margin
		"moodring_replies_total":       {Name: "moodring_replies_total", Type: contract.Counter, Labels: map[string]int{"gateway": 2, "namespace": 3, "service": 4, "model": 13, "version": 8, "outcome": 3, "pod": 2}},
		"moodring_exporter_build_info": {Name: "moodring_exporter_build_info", Type: contract.Gauge, Labels: map[string]int{"version": 2, "goversion": 2, "instance": 5}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if _, err := Prometheus(t.Context(), prometheus, regexp.MustCompile("^nothing$")); err == nil || !strings.Contains(err.Error(), "it has no metric of such a name") {
		t.Errorf("got error %v", err)
	}
}

func TestPageRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		code       int
		body, want string
	}{
		"no page":         {http.StatusNotFound, "", "404 Not Found"},
		"another page":    {http.StatusOK, "<html>", "is it a page of metrics?"},
		"nothing matches": {http.StatusOK, "a 1\n", "no metric of such a name"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tc.code)
				_, _ = fmt.Fprint(w, tc.body)
			}))
			t.Cleanup(server.Close)
			if _, err := Page(t.Context(), promtest.Dial(t, server.URL), regexp.MustCompile("^b$")); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want one with %q", err, tc.want)
			}
		})
	}
}

// TestPrometheusOfOpenMetrics: the metadata of OpenMetrics have types and names that the
// text format does not have.
func TestPrometheusOfOpenMetrics(t *testing.T) {
	prometheus := promtest.Dial(t, promtest.Server(t, `
# TYPE target info
# TYPE mode stateset
# TYPE size gaugehistogram
# TYPE odd unknown
load 15s
  target_info{version="1"} 1x40
  mode{mode="on"} 1x40
  size_bucket{le="+Inf"} 1x40
  size_gsum 1x40
  size_gcount 1x40
  odd 1x40
`, 10*time.Minute).URL)
	families, err := Prometheus(t.Context(), prometheus, all)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range Largest(families) {
		got = append(got, f.Name+" "+string(f.Type))
	}
	if diff := cmp.Diff("mode gauge, odd untyped, size_bucket untyped, size_gcount untyped, size_gsum untyped, target_info gauge", strings.Join(got, ", ")); diff != "" {
		t.Error(diff)
	}
	checkLint(t, Board("D", "discovered", families), lint.Context{})
}
