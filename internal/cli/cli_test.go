package cli

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// help has the form of package flag for one command, and of kingpin for another.
var help = map[string]string{
	"":       "usage: tool COMMAND\n\n  tool draw   draws\n",
	"draw":   "usage: tool draw\n  -color string\n    \tthe colour, as -red\n  -json\n    \tprint JSON\n",
	"verify": "Flags:\n  -h, --[no-]help      Show help.\n      --gateway=URL    Address,\n                       --not-a-flag.\n      --[no-]web.pprof Profiles.\n",
}

var tool = Program{Name: "moodring-tool", Version: "1.2.3", Commands: []string{"verify", "draw"}, Help: func(command string) string { return help[command] }}

func TestCandidates(t *testing.T) {
	tests := []struct {
		words []string
		want  []string
	}{
		{[]string{""}, []string{"completion", "draw", "verify", "version"}},
		{[]string{"ver"}, []string{"verify", "version"}},
		{[]string{"draw", ""}, []string{}},
		{[]string{"draw", "-"}, []string{"--color", "--json"}},
		{[]string{"draw", "--c"}, []string{"--color"}},
		{[]string{"verify", "--"}, []string{"--gateway", "--help", "--web.pprof"}},
		{[]string{"verify", "--gateway", "x", "--w"}, []string{"--web.pprof"}},
		{[]string{"completion", ""}, []string{"bash", "fish", "zsh"}},
		{[]string{"completion", "-"}, []string{}},
		{[]string{"--unknown", "x"}, []string{}},
	}
	for _, test := range tests {
		got := append([]string{}, tool.candidates(test.words)...)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", test.words, diff)
		}
	}
}

func TestSuggestion(t *testing.T) {
	tests := []struct{ args, want string }{
		{"", ""},
		{"verfy", ` (did you mean "verify"?)`},
		{"vreify", ` (did you mean "verify"?)`},
		{"verion", ` (did you mean "version"?)`},
		{"draw --colour red", ` (did you mean "--color"?)`},
		{"draw -colour=red", ` (did you mean "--color"?)`},
		{"draw --jsno", ` (did you mean "--json"?)`},
		{"draw --json --helpp", ` (did you mean "--help"?)`},
		{"draw --prometheus x", ""},
		{"draw x y", ""},
		{"paint", ""},
		{"--vresion", ` (did you mean "--version"?)`},
		{"draw -5", ""},
	}
	for _, test := range tests {
		if got := tool.Suggestion(strings.Fields(test.args)); got != test.want {
			t.Errorf("%q: %s, want %s", test.args, got, test.want)
		}
	}
}

func TestDistance(t *testing.T) {
	for pair, want := range map[[2]string]int{
		{"", ""}: 0, {"", "abc"}: 3, {"abc", ""}: 3, {"abc", "abc"}: 0, {"abc", "acb"}: 1, {"abc", "abd"}: 1, {"kitten", "sitting"}: 3,
	} {
		if got := distance(pair[0], pair[1]); got != want {
			t.Errorf("%q: %d, want %d", pair, got, want)
		}
	}
}

func TestAnswer(t *testing.T) {
	tests := []struct {
		args       string
		isAnswered bool
		want       string
	}{
		{"version", true, "moodring-tool 1.2.3, go1."},
		{"--version", true, "moodring-tool 1.2.3, go1."},
		{"completion candidates draw --j", true, "--json\n"},
		{"completion bash", true, "complete -o default -F _complete_cli.test cli.test\n"},
		{"completion zsh", true, "#compdef cli.test\n"},
		{"completion fish", true, "complete -c cli.test "},
		{"completion -h", true, "usage: completion bash | fish | zsh\n"},
		{"draw", false, ""},
		{"", false, ""},
	}
	for _, test := range tests {
		var out strings.Builder
		isAnswered, err := tool.Answer(strings.Fields(test.args), &out)
		if err != nil || isAnswered != test.isAnswered || !strings.Contains(out.String(), test.want) {
			t.Errorf("%q: %t, %v, %q, want %q", test.args, isAnswered, err, out.String(), test.want)
		}
	}
	for _, args := range [][]string{{"completion"}, {"completion", "csh"}, {"completion", "bash", "zsh"}, {"completion", "candidates"}} {
		if _, err := tool.Answer(args, nil); !errors.Is(err, ErrUsage) || !strings.HasSuffix(err.Error(), "one of bash, fish, zsh") {
			t.Errorf("%q: %v, want an error about usage", args, err)
		}
	}
}

// TestBash loads the script into a real bash, which completes a line with it.
func TestBash(t *testing.T) {
	dir := t.TempDir()
	var script strings.Builder
	if _, err := tool.Answer([]string{"completion", "bash"}, &script); err != nil {
		t.Fatal(err)
	}
	// The program that the script calls shows the words that it gets.
	program := "#!/bin/sh\nprintf '%s\\n' \"$@\"\n"
	if err := os.WriteFile(filepath.Join(dir, "cli.test"), []byte(program), 0o755); err != nil {
		t.Fatal(err)
	}
	bash := exec.Command("bash", "-c", script.String()+`
COMP_WORDS=(cli.test draw "--file" "a b" --j more); COMP_CWORD=4
_complete_cli.test
printf '%s|' "${COMPREPLY[@]}"; complete -p cli.test`)
	bash.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	got, err := bash.CombinedOutput()
	if want := "completion|candidates|draw|--file|a b|--j|complete -o default -F _complete_cli.test cli.test\n"; err != nil || string(got) != want {
		t.Errorf("%v, %q, want %q", err, got, want)
	}
}

// TestDocument: the document has the exit codes.
func TestDocument(t *testing.T) {
	document, err := os.ReadFile("../../docs/command-line.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, code := range map[string]int{"success": Success, "failure": Failure, "usage": Usage} {
		if row := fmt.Sprintf("\n| %d | %s | ", code, name); !strings.Contains(string(document), row) {
			t.Errorf("docs/command-line.md has no row %q", row)
		}
	}
}
