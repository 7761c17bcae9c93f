package onnx

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLibrary checks the order: the named path, the working directory, the parent of the program's folder.
func TestLibrary(t *testing.T) {
	root := t.TempDir()
	t.Chdir(t.TempDir())
	executable := filepath.Join(root, "bin", "modelserver")
	const want = "make tools"
	if path, err := Library("", executable); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("with no library: %q, %v; want an error with %q", path, err, want)
	}

	beside := touch(t, filepath.Join(root, ".tools/lib/libonnxruntime.so"))
	expect(t, "", executable, beside)
	here := touch(t, ".tools/lib/libonnxruntime.so")
	expect(t, "", executable, here)
	named := touch(t, "named.so")
	expect(t, named, executable, named)
	if path, err := Library("missing.so", executable); err == nil || !strings.Contains(err.Error(), "missing.so") {
		t.Errorf("a missing named library: %q, %v; Library must not choose another one", path, err)
	}
}

func touch(t *testing.T, path string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func expect(t *testing.T, given, executable, want string) {
	t.Helper()
	if got, err := Library(given, executable); err != nil || got != want {
		t.Errorf("Library(%q) = %q, %v; want %q", given, got, err, want)
	}
}
