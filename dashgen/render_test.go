package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/moodring/moodring/dashgen/internal/chromium"
	"github.com/moodring/moodring/dashgen/internal/promtest"
)

func TestRender(t *testing.T) {
	browser, err := chromium.Find("../" + installedChromium)
	if err != nil {
		t.Fatal(err)
	}
	if browser, err = filepath.Abs(browser); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CHROMIUM", browser)
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
			var said bytes.Buffer
			if status := run(args, &said, &said); status != 0 || said.Len() > 0 {
				t.Fatalf("status %d: %s", status, said.String())
			}
			drawn, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.HasPrefix(drawn, []byte(tc.begins)) {
				t.Errorf("it begins with %.60q", drawn)
			}
		})
	}
}

func TestRenderWithout(t *testing.T) {
	for _, tc := range []struct {
		name, chromium, path, want string
		status                     int
		args                       []string
	}{
		{"a file", "", "", "dashgen: usage: render: -o must name a .png or a .svg file, not \"\"; see dashgen render -h\n", 2, nil},
		{"a file of a kind that is known", "", "", "dashgen: usage: render: -o must name a .png or a .svg file, not \"a.pdf\"; see dashgen render -h\n", 2, []string{"-o", "a.pdf"}},
		{"a Prometheus", "", "", "dashgen: usage: render: --prometheus must be an address as http://HOST:PORT, not \"\"; see dashgen render -h\n", 2, []string{"-o", "a.png"}},
		{"a width that is one", "", "", "dashgen: usage: render: --width must be 200 to 8000, not 10; see dashgen render -h\n", 2, []string{"-o", "a.png", "--width", "10"}},
		{"a height that is one", "", "", "dashgen: usage: render: --height must be 200 to 8000, not -1; see dashgen render -h\n", 2, []string{"-o", "a.png", "--height", "-1"}},
		{"a variable that is one", "", "", "dashgen: usage: render: invalid value \"model\" for flag -var: write NAME=VALUE; see dashgen render -h\n", 2, []string{"-o", "a.png", "--var", "model"}},
		{"the Chromium that was chosen", "/nowhere", "", "dashgen: no Chromium at CHROMIUM=/nowhere: exec: \"/nowhere\": stat /nowhere: no such file or directory; set it to a Chromium's binary, or unset it\n", 1, []string{"-o", "a.png", "--prometheus", "http://127.0.0.1:9090"}},
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
