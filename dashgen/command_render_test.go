package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moodring/moodring/dashgen/internal/chromium"
	"github.com/moodring/moodring/dashgen/internal/promtest"
)

func TestRender(t *testing.T) {
	useChromium(t)
	prometheus := promtest.Server(t, promtest.Stack(), promtest.Now).URL
	for _, tc := range []struct {
		name, file, begins string
		args               []string
	}{
		{"a panel as PNG", "panel.png", "\x89PNG\r\n", []string{"--panel", "3"}},
		{"a board as SVG", "board.svg", `<svg xmlns="http://www.w3.org/2000/svg" width="900" height="300" `, []string{"--board", "moodring-overview", "--width", "900", "--height", "300", "--dark", "--var", "model=bert"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), tc.file)
			args := append([]string{"render", "--prometheus", prometheus, "--from", "0", "--to", "600000", "-o", file}, tc.args...)
			var printed bytes.Buffer
			if status := run(args, &printed, &printed); status != 0 || printed.Len() > 0 {
				t.Fatalf("status %d: %s", status, printed.String())
			}
			drawn, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.HasPrefix(drawn, []byte(tc.begins)) {
				t.Errorf("the file begins with %.60q", drawn)
			}
		})
	}
}

// TestRenderUnknownVariable checks that a wrong --var is an error, and no picture.
func TestRenderUnknownVariable(t *testing.T) {
	useChromium(t)
	prometheus := promtest.Server(t, promtest.Stack(), promtest.Now).URL
	for variable, want := range map[string]string{
		"model=nobody": "dashgen: render: Model has no value nobody: the dashboard shows bert.",
		"mode=bert":    "dashgen: render: no variable \"mode\" on the dashboard moodring-model; there are datasource, gateway_namespace, gateway, ",
	} {
		file := filepath.Join(t.TempDir(), "model.png")
		var printed bytes.Buffer
		status := run([]string{"render", "--prometheus", prometheus, "--board", "moodring-model", "--from", "0", "--to", "4200000", "--var", variable, "-o", file}, &printed, &printed)
		if status != 1 || !strings.HasPrefix(printed.String(), want) {
			t.Errorf("status %d: %s", status, printed.String())
		}
		if _, err := os.Stat(file); err == nil {
			t.Errorf("%s: there is a picture", variable)
		}
	}
}

// TestRenderOtherSource checks that a panel of another data source leaves a picture of
// the rest.
func TestRenderOtherSource(t *testing.T) {
	useChromium(t)
	prometheus := promtest.Server(t, promtest.Stack(), promtest.Now).URL
	folder := t.TempDir()
	board := filepath.Join(folder, "mixed.json")
	const text = `{"uid": "mixed", "title": "Mixed", "__inputs": [{"name": "DS_LOKI", "type": "datasource", "pluginId": "loki"}], "panels": [
		{"id": 1, "type": "timeseries", "title": "Log", "datasource": "${DS_LOKI}", "gridPos": {"x": 0, "y": 0, "w": 24, "h": 8}, "targets": [{"refId": "A", "expr": "rate({app=\"x\"}[5m])"}]}]}`
	if err := os.WriteFile(board, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	var printed bytes.Buffer
	file := filepath.Join(folder, "mixed.svg")
	if status := run([]string{"render", "--prometheus", prometheus, "-o", file, board}, &printed, &printed); status != 0 {
		t.Fatalf("status %d: %s", status, printed.String())
	}
	drawn, err := os.ReadFile(file)
	if err != nil || !bytes.Contains(drawn, []byte("has the type loki")) {
		t.Errorf("got %v, %.300s", err, drawn)
	}
}

// TestRenderSilentPrometheus checks that render ends if Prometheus accepts
// connections and never replies.
func TestRenderSilentPrometheus(t *testing.T) {
	useChromium(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0") // the kernel accepts
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	var printed bytes.Buffer
	args := []string{"render", "--prometheus", "http://" + listener.Addr().String(), "-o", filepath.Join(t.TempDir(), "board.png")}
	status := program{&printed, 50 * time.Millisecond}.run(args, &printed)
	const want = "no reply within 50ms; is it overloaded, or is --prometheus not its address?"
	if status != 1 || !strings.Contains(printed.String(), want) {
		t.Errorf("status %d, %s", status, printed.String())
	}
}

// useChromium sets CHROMIUM to an installed browser, because the commands look for
// the browser of the checkout in another directory than the tests run in.
func useChromium(t *testing.T) {
	t.Helper()
	browser, err := chromium.Find("../" + installedChromium)
	if err != nil {
		t.Fatal(err)
	}
	if browser, err = filepath.Abs(browser); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CHROMIUM", browser)
}

func TestRenderWithout(t *testing.T) {
	for _, tc := range []struct {
		name, chromium, path, want string
		status                     int
		args                       []string
	}{
		{"a file", "", "", "dashgen: usage: render: -o must name a .png or a .svg file, not \"\"; see dashgen render -h\n", 2, nil},
		{"a known extension", "", "", "dashgen: usage: render: -o must name a .png or a .svg file, not \"a.pdf\"; see dashgen render -h\n", 2, []string{"-o", "a.pdf"}},
		{"a Prometheus", "", "", "dashgen: usage: render: --prometheus is missing; give an address as http://HOST:PORT; see dashgen render -h\n", 2, []string{"-o", "a.png"}},
		{"a valid width", "", "", "dashgen: usage: render: --width must be 200 to 8000, not 10; see dashgen render -h\n", 2, []string{"-o", "a.png", "--width", "10"}},
		{"a valid height", "", "", "dashgen: usage: render: --height must be 200 to 8000, not -1; see dashgen render -h\n", 2, []string{"-o", "a.png", "--height", "-1"}},
		{"a valid variable", "", "", "dashgen: usage: render: invalid value \"model\" for flag -var: write NAME=VALUE; see dashgen render -h\n", 2, []string{"-o", "a.png", "--var", "model"}},
		{"the chosen Chromium", "/nowhere", "", "dashgen: no Chromium at CHROMIUM=/nowhere: exec: \"/nowhere\": stat /nowhere: no such file or directory; set it to a Chromium's binary, or unset it\n", 1, []string{"-o", "a.png", "--prometheus", "http://127.0.0.1:9090"}},
		{"any Chromium", "", "/nowhere", "dashgen: no Chromium: set CHROMIUM to its binary, put chromium or google-chrome on the PATH, or run `make browser` in a checkout\n", 1, []string{"-o", "a.png", "--prometheus", "http://127.0.0.1:9090"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv("CHROMIUM", tc.chromium)
			if tc.path != "" {
				t.Setenv("PATH", tc.path)
			}
			var stdout, stderr bytes.Buffer
			if status := run(append([]string{"render"}, tc.args...), &stdout, &stderr); status != tc.status || stderr.String() != tc.want || stdout.Len() > 0 {
				t.Errorf("status %d, %q; want %d, %q", status, stderr.String(), tc.status, tc.want)
			}
		})
	}
}
