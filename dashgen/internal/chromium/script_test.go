package chromium

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestSandbox runs the script around a program that prints its arguments. Only root
// has no sandbox, and is told so.
func TestSandbox(t *testing.T) {
	const note = "chromium: without its sandbox, because this user is root; another user has the sandbox\n"
	tests := []struct{ name, user, args, want, errors string }{
		{"a user", "1000", "--headless", "--headless\n", ""},
		{"root", "0", "--headless", "--no-sandbox --headless\n", note},
		{"root, and dashgen has said so", "0", "--no-sandbox --headless", "--no-sandbox --headless\n", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			script, err := os.ReadFile("chromium.sh")
			if err != nil {
				t.Fatal(err)
			}
			for name, text := range map[string]string{
				"chromium.sh": string(script),
				"chromium":    "#!/bin/sh\necho \"$@\"\n",
				"id":          "#!/bin/sh\necho " + test.user + "\n",
			} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			link := filepath.Join(dir, "link") // as .tools/bin/chromium
			if err := os.Symlink("chromium.sh", link); err != nil {
				t.Fatal(err)
			}
			command := exec.Command(link, strings.Fields(test.args)...)
			command.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
			var stderr strings.Builder
			command.Stderr = &stderr
			if got, err := command.Output(); err != nil || string(got) != test.want || stderr.String() != test.errors {
				t.Errorf("%v, %q, %q, want %q, %q", err, got, stderr.String(), test.want, test.errors)
			}
		})
	}
}
