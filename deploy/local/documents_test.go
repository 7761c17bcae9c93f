package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSecurityDocument: every test that docs/security.md names is in the file that
// the document links to.
func TestSecurityDocument(t *testing.T) {
	document, err := os.ReadFile(filepath.Join(root, "docs/security.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`\[((?:Test|Fuzz)\w+)\]\(\.\./([\w/.-]+_test\.go)\)`).FindAllStringSubmatch(string(document), -1)
	if len(named) < 20 {
		t.Errorf("the document names %d tests", len(named))
	}
	for _, each := range named {
		name, file := each[1], each[2]
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Error(err)
		} else if !strings.Contains(string(text), "\nfunc "+name+"(") {
			t.Errorf("%s has no %s", file, name)
		}
	}
}
