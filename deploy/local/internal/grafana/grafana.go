// Package grafana provisions a real Grafana with Moodring's dashboards and the
// local stack's Prometheus.
package grafana

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/deploy/local/internal/process"
)

// Find returns Grafana's binary, from the variable GRAFANA or else from the PATH.
// Without GRAFANA a missing binary is no error, and path is "".
func Find() (path string, err error) {
	chosen := os.Getenv("GRAFANA")
	if chosen == "" {
		path, err = exec.LookPath("grafana")
		if err != nil {
			return "", nil
		}
		return path, nil
	}
	if path, err = exec.LookPath(chosen); err != nil {
		return "", fmt.Errorf("no Grafana at GRAFANA=%s: %w; set it to bin/grafana of an unpacked Grafana, or unset it", chosen, err)
	}
	return path, nil
}

// Options configure a Grafana.
type Options struct {
	Path           string // Grafana's binary
	Dir            string // for configuration, dashboards, data and logs
	Host, Port     string // listen address
	Prometheus     string // URL of the data source
	ScrapeInterval time.Duration
}

// Dashboards returns the directory from which Grafana reads the dashboards.
func (o Options) Dashboards() string { return filepath.Join(o.Dir, "boards") }

// Program writes the provisioning files and returns the program to start. Grafana
// listens on the loopback interface only, so it needs no login.
func (o Options) Program() (process.Program, error) {
	home, err := o.home()
	if err != nil {
		return process.Program{}, err
	}
	for name, text := range o.files() {
		file := filepath.Join(o.Dir, "provisioning", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return process.Program{}, err
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return process.Program{}, err
		}
	}
	return process.Program{
		Path:  o.Path,
		Args:  []string{"server", "--homepath", home},
		Env:   o.settings(),
		Ready: "http://" + net.JoinHostPort(o.Host, o.Port) + "/api/health",
	}, nil
}

// home returns the directory of Grafana's own files: two levels above the binary
// of an unpacked Grafana, or /usr/share/grafana of a distribution's package.
func (o Options) home() (string, error) {
	binary, err := filepath.EvalSymlinks(o.Path)
	if err != nil {
		return "", err
	}
	above := filepath.Dir(filepath.Dir(binary))
	for _, dir := range []string{above, "/usr/share/grafana"} {
		if _, err := os.Stat(filepath.Join(dir, "conf", "defaults.ini")); err == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("no conf/defaults.ini in %s or /usr/share/grafana: set GRAFANA to bin/grafana of an unpacked Grafana", above)
}

func (o Options) files() map[string]string {
	return map[string]string{
		"datasources/prometheus.yaml": fmt.Sprintf(`apiVersion: 1
datasources:
  - name: Prometheus
    type: prometheus
    access: proxy
    url: %q
    isDefault: true
    jsonData: {timeInterval: %q}
`, o.Prometheus, model.Duration(o.ScrapeInterval).String()),
		"dashboards/moodring.yaml": fmt.Sprintf(`apiVersion: 1
providers:
  - name: moodring
    type: file
    options: {path: %q}
`, o.Dashboards()),
	}
}

// settings returns environment variables that replace configuration options, named
// as in "Override configuration with environment variables" of Grafana's
// documentation.
func (o Options) settings() []string {
	return []string{
		"GF_SERVER_HTTP_ADDR=" + o.Host, "GF_SERVER_HTTP_PORT=" + o.Port,
		"GF_PATHS_DATA=" + filepath.Join(o.Dir, "data"),
		"GF_PATHS_LOGS=" + filepath.Join(o.Dir, "logs"),
		"GF_PATHS_PLUGINS=" + filepath.Join(o.Dir, "plugins"),
		"GF_PATHS_PROVISIONING=" + filepath.Join(o.Dir, "provisioning"),
		"GF_AUTH_ANONYMOUS_ENABLED=true", "GF_AUTH_ANONYMOUS_ORG_ROLE=Editor",
		"GF_ANALYTICS_REPORTING_ENABLED=false", "GF_ANALYTICS_CHECK_FOR_UPDATES=false", "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES=false",
		"GF_PLUGINS_PREINSTALL_DISABLED=true",
	}
}
