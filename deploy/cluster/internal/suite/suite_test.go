package suite_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/moodring/moodring/deploy/cluster/internal/page"
	"github.com/moodring/moodring/deploy/cluster/internal/suite"
)

const root = "../../../.."

// TestPages: without a node, the commands of all pages are bash, and their files are in
// the checkout.
func TestPages(t *testing.T) {
	suites, err := suite.Load(root, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range suites {
		for _, section := range s.Sections {
			for _, step := range section.Steps {
				if err := check(step); err != "" {
					t.Errorf("%s, line %d: %s", s.Name, step.Line, err)
				}
			}
		}
	}
}

// files finds the checkout's files in a command. After other words deploy/NAME is
// kubectl's short form of a Deployment.
var files = regexp.MustCompile(`(?:-[fk]|--patch-file|<|sed \S+) ((?:deploy|dashboards)(?:/[\w.-]+)*)`)

// check returns what is wrong with a step, or an empty string.
func check(step page.Step) string {
	shell := exec.Command("bash", "-n")
	shell.Stdin = strings.NewReader(step.Command + "\n")
	if message, err := shell.CombinedOutput(); err != nil {
		return string(message)
	}
	for _, found := range files.FindAllStringSubmatch(step.Command, -1) {
		if _, err := os.Stat(filepath.Join(root, found[1])); err != nil {
			return err.Error()
		}
	}
	return ""
}

func TestCheck(t *testing.T) {
	for command, want := range map[string]string{
		"kubectl apply -k deploy":           "",
		"echo 'deploy/no such file":         "unexpected EOF",
		"kubectl apply -f deploy/none.yaml": "no such file",
		"kubectl exec deploy/none -- ls":    "",
		"same < deploy/none.yaml":           "no such file",
	} {
		if got := check(page.Step{Command: command}); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%s: got %q, want %q", command, got, want)
		}
	}
}

func TestLoad(t *testing.T) {
	suites, err := suite.Load(root, []string{"raw", "walkthrough"})
	if err != nil {
		t.Fatal(err)
	}
	if len(suites) != 2 || suites[0].Name != "walkthrough" || suites[0].Sections[0].Title != "On a cluster" {
		t.Errorf("got %+v", suites)
	}
	if _, err := suite.Load(root, []string{"none"}); err == nil || err.Error() != "no suite is called none" {
		t.Errorf("got the error %v", err)
	}
}
