package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestNamedTests: every test that a document names is in the file that the document
// links to.
func TestNamedTests(t *testing.T) {
	for document, least := range map[string]int{"docs/security.md": 20, "docs/operations.md": 3} {
		text, err := os.ReadFile(filepath.Join(root, document))
		if err != nil {
			t.Fatal(err)
		}
		named := regexp.MustCompile(`\[((?:Test|Fuzz)\w+)\]\(\.\./([\w/.-]+_test\.go)\)`).FindAllStringSubmatch(string(text), -1)
		if len(named) < least {
			t.Errorf("%s names %d tests, want %d at least", document, len(named), least)
		}
		for _, each := range named {
			name, file := each[1], each[2]
			text, err := os.ReadFile(filepath.Join(root, file))
			if err != nil {
				t.Error(err)
			} else if !strings.Contains(string(text), "\nfunc "+name+"(") {
				t.Errorf("%s: %s has no %s", document, file, name)
			}
		}
	}
}
