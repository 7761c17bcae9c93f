package conform

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/discover"
	"github.com/moodring/moodring/dashgen/internal/grafana"
)

// TestGrafanaData gives every panel to Grafana's own library of panel data, from
// Grafana 9.5 to 13: with values, without values, and without any data. A label has
// one colour on all dashboards, in all versions.
func TestGrafanaData(t *testing.T) {
	folder, err := filepath.Abs("data")
	if err != nil {
		t.Fatal(err)
	}
	install(t, folder)
	arguments := []string{filepath.Join(folder, "check.cjs")}
	panels := 0
	for _, b := range board.All().Boards {
		path, err := filepath.Abs(filepath.Join("..", "..", "dashboards", b.File+".json"))
		if err != nil {
			t.Fatal(err)
		}
		arguments = append(arguments, path)
		panels += len(b.Panels())
	}
	report := checkData(t, arguments)
	const versions = 5
	checkReport(t, report, versions*panels)
	for label, colors := range report.Colors {
		if len(colors) != 1 {
			t.Errorf("the label %s has the colours %v", label, colors)
		}
	}
	if len(report.Colors) != 10 {
		t.Errorf("got %d labels, want 10", len(report.Colors))
	}
}

// TestGrafanaDataDiscovered gives every panel of the dashboards to the library that
// dashgen discover proposes for the pages of well-known exporters.
func TestGrafanaDataDiscovered(t *testing.T) {
	folder, err := filepath.Abs("data")
	if err != nil {
		t.Fatal(err)
	}
	install(t, folder)
	pages, err := filepath.Glob("../internal/discover/testdata/*.prom")
	if err != nil || len(pages) < 10 {
		t.Fatalf("got the pages %v, %v", pages, err)
	}
	arguments := []string{filepath.Join(folder, "check.cjs")}
	panels := 0
	for _, page := range pages {
		path, count := discovered(t, page)
		arguments = append(arguments, path)
		panels += count
	}
	const versions = 5
	checkReport(t, checkData(t, arguments), versions*panels)
}

// discovered writes the dashboard for a page. It returns the file, and the number of
// panels.
func discovered(t *testing.T, page string) (path string, panels int) {
	t.Helper()
	opened, err := os.Open(page)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	families, err := discover.Read(opened, regexp.MustCompile(""))
	if err != nil {
		t.Fatal(err)
	}
	b := discover.Board(filepath.Base(page), "discovered", families)
	text, err := grafana.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), filepath.Base(page)+".json")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return path, len(b.Panels())
}

// checkReport checks that the library took all panels without a fault.
func checkReport(t *testing.T, report dataReport, panels int) {
	t.Helper()
	for _, fault := range report.Faults {
		t.Error(fault)
	}
	if report.Panels != panels {
		t.Errorf("got %d panels, want %d", report.Panels, panels)
	}
}

// dataReport is the output of data/check.cjs.
type dataReport struct {
	Faults []string
	// Colors has the colours of each label, and the panels with each colour.
	Colors map[string]map[string][]string
	Panels int
}

func checkData(t *testing.T, arguments []string) dataReport {
	t.Helper()
	node := exec.Command("node", arguments...)
	var failure bytes.Buffer
	node.Stderr = &failure
	out, err := node.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, failure.String())
	}
	var report dataReport
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatal(err)
	}
	return report
}
