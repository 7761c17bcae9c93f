// Mutants renames each metric and each label of the contract, one at a time, and
// checks that a test of dashgen fails. A dashboard that queries a metric or label
// that no longer exists must be noticed.
//
//	cd dashgen/conform && go run ./mutants
//
// It prints a line for each name, and exits with 1 if a renaming is not noticed.
// TestMutants in dashgen/internal/verify breaks queries in the same way.
package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

const (
	contract = "contract/metrics.go"
	tests    = "^(TestShownSeries|TestAllIsValid)$"
)

const usage = "usage: mutants\n\nRenames each metric and label of the contract, and checks that a test fails.\n"

func run(args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		if args[0] == "-h" || args[0] == "--help" {
			_, _ = fmt.Fprint(stdout, usage)
			return 0
		}
		_, _ = fmt.Fprint(stderr, usage)
		return 2
	}
	caught, total, err := try(stdout)
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "mutants: %v\n", err)
		return 1
	}
	_, _ = fmt.Fprintf(stdout, "%d of %d renamed metrics and labels caught\n", caught, total)
	if caught < total {
		return 1
	}
	return 0
}

func try(out io.Writer) (caught, total int, err error) {
	root, err := filepath.Abs("../..")
	if err != nil {
		return 0, 0, err
	}
	file := filepath.Join(root, contract)
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, 0, fmt.Errorf("%w; run it in dashgen/conform", err)
	}
	names, err := names(file, text)
	if err != nil {
		return 0, 0, err
	}
	folder, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return 0, 0, err
	}
	defer os.RemoveAll(folder)
	for _, n := range names {
		noticed, err := n.try(root, folder, file, text)
		if err != nil {
			return caught, total, fmt.Errorf("%s: %w", n.name, err)
		}
		total++
		verdict := "UNNOTICED"
		if noticed {
			caught++
			verdict = "caught"
		}
		if _, err := fmt.Fprintf(out, "%-9s %s\n", verdict, n.name); err != nil {
			return caught, total, err
		}
	}
	return caught, total, nil
}

// name is a string literal in the contract that names a metric or label.
type name struct {
	name       string
	start, end int // offsets of the literal in the file
}

// names returns the constants of metrics and label keys, and the label keys of
// the build metric, which have no constants.
func names(file string, text []byte) ([]name, error) {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, text, 0)
	if err != nil {
		return nil, err
	}
	var all []name
	add := func(lit *ast.BasicLit, what string) {
		all = append(all, name{what, set.Position(lit.Pos()).Offset, set.Position(lit.End()).Offset})
	}
	ast.Inspect(parsed, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.ValueSpec:
			for i, value := range n.Values {
				if lit, ok := value.(*ast.BasicLit); ok && isName(n.Names[i].Name, lit) {
					add(lit, n.Names[i].Name+" "+lit.Value)
				}
			}
		case *ast.CompositeLit:
			for _, element := range n.Elts {
				if lit, ok := element.(*ast.BasicLit); ok && (lit.Value == `"version"` || lit.Value == `"goversion"`) {
					add(lit, "label "+lit.Value+" of the build")
				}
			}
		}
		return true
	})
	return all, nil
}

func isName(constant string, lit *ast.BasicLit) bool {
	return lit.Kind == token.STRING && (strings.HasPrefix(lit.Value, `"moodring_`) || strings.HasPrefix(constant, "Label"))
}

// try runs the tests with an overlay of the contract that has another name.
func (n name) try(root, folder, file string, text []byte) (noticed bool, err error) {
	old, err := strconv.Unquote(string(text[n.start:n.end]))
	if err != nil {
		return false, err
	}
	renamed := filepath.Join(folder, "metrics.go")
	changed := string(text[:n.start]) + strconv.Quote(rename(old)) + string(text[n.end:])
	if err := os.WriteFile(renamed, []byte(changed), 0o600); err != nil {
		return false, err
	}
	overlay := filepath.Join(folder, "overlay.json")
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {file: renamed}})
	if err != nil {
		return false, err
	}
	if err := os.WriteFile(overlay, replace, 0o600); err != nil {
		return false, err
	}
	command := exec.Command("go", "test", "-overlay", overlay, "-count=1", "-timeout", "120s", "-run", tests,
		"./dashgen/internal/verify", "./dashgen/internal/board")
	command.Dir = root
	out, err := command.CombinedOutput()
	if strings.Contains(string(out), "[build failed]") || strings.Contains(string(out), "[setup failed]") {
		return false, fmt.Errorf("the test does not build: %s", out)
	}
	return err != nil, nil
}

// rename changes a name. It keeps the suffix of a counter.
func rename(old string) string {
	if base, ok := strings.CutSuffix(old, "_total"); ok {
		return base + "_renamed_total"
	}
	return old + "_renamed"
}
