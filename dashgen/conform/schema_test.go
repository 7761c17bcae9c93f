package conform

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moodring/moodring/dashgen/internal/board"
)

// TestGrafanaTypes compiles each dashboard, and the options of each panel, with the
// TypeScript types that Grafana publishes as @grafana/schema.
func TestGrafanaTypes(t *testing.T) {
	var source strings.Builder
	source.WriteString("import type { ADashboard, AnAnnotation, AQuery, AVariable, Kinds } from './check';\n\n")
	for i, b := range board.All().Boards {
		fmt.Fprintf(&source, "const d%d: ADashboard = %s;\n", i, file(t, b.File+".json"))
		parts(t, &source, i, file(t, b.File+".json"))
	}
	invalid(t, &source)
	if out, err := compile(t, source.String()); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// typedParts holds the parts of a dashboard that have types of their own.
type typedParts struct {
	Panels []struct {
		Type        string
		Options     json.RawMessage
		Targets     []json.RawMessage
		FieldConfig struct {
			Defaults struct{ Custom json.RawMessage }
		}
	}
	Annotations, Templating struct{ List []json.RawMessage }
}

// parts writes a constant for each of the typed parts of dashboard i.
func parts(t *testing.T, source *strings.Builder, i int, text []byte) {
	t.Helper()
	var d typedParts
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	constant := func(kind, prefix string, j int, value json.RawMessage) {
		fmt.Fprintf(source, "const %s%d_%d: %s = %s;\n", prefix, i, j, kind, value)
	}
	queries := 0
	for j, p := range d.Panels {
		if p.Type == "row" {
			continue
		}
		constant("Kinds['"+p.Type+"']['options']", "o", j, p.Options)
		if p.FieldConfig.Defaults.Custom != nil {
			constant("Kinds['"+p.Type+"']['custom']", "c", j, p.FieldConfig.Defaults.Custom)
		}
		for _, target := range p.Targets {
			constant("AQuery", "q", queries, target)
			queries++
		}
	}
	for j, a := range d.Annotations.List {
		constant("AnAnnotation", "a", j, a)
	}
	for j, v := range d.Templating.List {
		constant("AVariable", "v", j, v)
	}
}

// invalid adds constants that must not compile. The compiler reports an error if
// the line under @ts-expect-error compiles.
func invalid(t *testing.T, source *strings.Builder) {
	t.Helper()
	for i, tc := range []struct{ kind, value string }{
		{"ADashboard", `{"schemaVersion": "42"}`},
		{"ADashboard", `{"schemaVersion": 42, "nonsense": 1}`},
		{"ADashboard", `{"schemaVersion": 42, "graphTooltip": 7}`},
		{"ADashboard", `{"schemaVersion": 42, "templating": {"list": [{"name": "a", "type": "nonsense"}]}}`},
		{"Kinds['timeseries']['options']", `{"legend": {"displayMode": "nonsense"}}`},
		{"Kinds['timeseries']['custom']", `{"drawStyle": "nonsense"}`},
		{"Kinds['stat']['options']", `{"graphMode": "none"}`},
		{"Kinds['heatmap']['custom']", `{"lineWidth": 2}`},
		{"AQuery", `{"refId": "A"}`},
		{"AnAnnotation", `{"name": "A", "enable": "yes"}`},
		{"AVariable", `{"name": "v", "type": "query", "refresh": 9}`},
	} {
		fmt.Fprintf(source, "// @ts-expect-error\nconst s%d: %s = %s;\n", i, tc.kind, tc.value)
	}
}

// install installs the packages of a folder's package-lock.json, which has their
// checksums, unless the last installation was of the same file.
func install(t *testing.T, folder string) {
	t.Helper()
	lock, err := os.ReadFile(filepath.Join(folder, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	mark := filepath.Join(folder, "node_modules", ".installed")
	if last, err := os.ReadFile(mark); err == nil && string(last) == string(lock) {
		return
	}
	npm := exec.Command("npm", "ci", "--ignore-scripts")
	npm.Dir = folder
	if out, err := npm.CombinedOutput(); err != nil {
		t.Fatalf("npm ci in %s: %v; the test needs Node.js, npm, and access to npm's registry\n%s", folder, err, out)
	}
	if err := os.WriteFile(mark, lock, 0o600); err != nil {
		t.Fatal(err)
	}
}

// compile runs the TypeScript compiler of schema/package-lock.json.
func compile(t *testing.T, source string) (string, error) {
	t.Helper()
	schema, err := filepath.Abs("schema")
	if err != nil {
		t.Fatal(err)
	}
	install(t, schema)
	modules := filepath.Join(schema, "node_modules")
	folder := t.TempDir()
	if err := os.Symlink(modules, filepath.Join(folder, "node_modules")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"check.ts", "tsconfig.json"} {
		text, err := os.ReadFile(filepath.Join(schema, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "boards.gen.ts"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(filepath.Join(modules, ".bin", "tsc"), "--project", folder).CombinedOutput()
	return string(out), err
}
