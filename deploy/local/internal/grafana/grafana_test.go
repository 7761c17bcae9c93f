package grafana_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/moodring/moodring/deploy/local/internal/grafana"
)

// put writes an empty executable file.
func put(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/bin/grafana")
	for _, tc := range []struct{ name, chosen, path, want, err string }{
		{"neither", "", "/nowhere", "", ""},
		{"on the PATH", "", dir + "/bin", dir + "/bin/grafana", ""},
		{"chosen", dir + "/bin/grafana", "/nowhere", dir + "/bin/grafana", ""},
		{"chosen, but missing", "/nowhere/grafana", dir + "/bin", "", "no Grafana at GRAFANA=/nowhere/grafana: "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv("GRAFANA", tc.chosen)
			t.Setenv("PATH", tc.path)
			got, err := grafana.Find()
			if got != tc.want || (err == nil) != (tc.err == "") || err != nil && !strings.HasPrefix(err.Error(), tc.err) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestProgram(t *testing.T) {
	home, dir := t.TempDir(), t.TempDir()
	put(t, home+"/bin/grafana")
	options := grafana.Options{
		Path: home + "/bin/grafana", Dir: dir, Host: "127.0.0.1", Port: "3000",
		Prometheus: "http://127.0.0.1:9090", ScrapeInterval: 2 * time.Second,
	}
	if _, err := options.Program(); err == nil || !strings.HasPrefix(err.Error(), "no conf/defaults.ini in "+home) {
		t.Errorf("a binary without Grafana's other files: %v", err)
	}
	put(t, home+"/conf/defaults.ini")
	program, err := options.Program()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"server", "--homepath", home}, program.Args); diff != "" {
		t.Error(diff)
	}
	if want := "GF_PATHS_PROVISIONING=" + dir + "/provisioning"; !slices.Contains(program.Env, want) {
		t.Errorf("no %s in %q", want, program.Env)
	}
	for file, want := range map[string]string{
		"datasources/prometheus.yaml": `apiVersion: 1
datasources:
  - name: Prometheus
    type: prometheus
    access: proxy
    url: "http://127.0.0.1:9090"
    isDefault: true
    jsonData: {timeInterval: "2s"}
`,
		"dashboards/moodring.yaml": `apiVersion: 1
providers:
  - name: moodring
    type: file
    options: {path: "` + dir + `/boards"}
`,
	} {
		got, err := os.ReadFile(filepath.Join(dir, "provisioning", file))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
	}
}
