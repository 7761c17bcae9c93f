package conform

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/moodring/moodring/dashgen/internal/board"
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
	for _, fault := range report.Faults {
		t.Error(fault)
	}
	for label, colors := range report.Colors {
		if len(colors) != 1 {
			t.Errorf("the label %s has the colours %v", label, colors)
		}
	}
	const versions = 5
	if want := versions * panels; report.Panels != want || len(report.Colors) != 10 {
		t.Errorf("got %d panels and %d labels, want %d and 10", report.Panels, len(report.Colors), want)
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
