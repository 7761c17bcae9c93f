package main

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// stage lays out small files in place of the real ones. The test's own binary
// stands for the programs, as the bill of materials needs a Go program.
func stage(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	for _, platform := range []string{"linux-amd64", "linux-arm64"} {
		for _, s := range specs() {
			if !s.isWasm {
				write(t, filepath.Join(dir, platform, s.program), string(program), 0o755)
			}
		}
		write(t, filepath.Join(dir, platform, "libonnxruntime.so"), "library", 0o644)
		write(t, filepath.Join(dir, platform, "base/lib/libc.so.6"), "libc "+platform, 0o755)
		write(t, filepath.Join(dir, platform, "base/usr/share/doc/moodring/debian-packages"), "libc6 2.36-9+deb12u14 amd64 ba4f\n", 0o644)
	}
	for _, common := range []string{"ca-certificates.crt", "plugin.wasm", "model/model.onnx", "doc/NOTICE"} {
		write(t, filepath.Join(dir, "common", common), common, 0o644)
	}
	return dir
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), mode)); err != nil {
		t.Fatal(err)
	}
}

// images runs the program and returns what it prints.
func images(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr strings.Builder
	if status := run(args, &stdout, &stderr); status != 0 {
		t.Fatalf("images %q: exit status %d: %s", args, status, stderr.String())
	}
	return stdout.String()
}

// TestDigestsRepeat: two builds of the same files, in two folders and written at
// two times, have the same digests.
func TestDigestsRepeat(t *testing.T) {
	var digests []string
	for range 2 {
		out := t.TempDir()
		printed := images(t, "--stage", stage(t), "--out", out, "--platforms", "linux/arm64", "--version", "1.2.3", "--created", "1700000000")
		digests = append(digests, strings.ReplaceAll(printed, out, ""))
		for _, file := range []string{"exporter/index.json", "exporter-linux-arm64.tar", "modelserver-linux-arm64.cdx.json", "plugin/index.json"} {
			if _, err := os.Stat(filepath.Join(out, file)); err != nil {
				t.Error(err)
			}
		}
	}
	if digests[0] != digests[1] {
		t.Errorf("first %s\nthen %s", digests[0], digests[1])
	}
	if got := images(t, "--stage", stage(t), "--out", t.TempDir(), "--version", "1.2.4", "--created", "1700000000", "plugin"); strings.Contains(digests[0], strings.TrimSpace(strings.SplitN(got, "@", 2)[1])) {
		t.Error("another version has the same digests")
	}
}

func TestPush(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	prefix := strings.TrimPrefix(server.URL, "http://") + "/you"
	out := "bin/test" // below this folder, for the relative paths of the manifests
	t.Chdir(t.TempDir())
	printed := images(t, "--stage", stage(t), "--registry", prefix, "--insecure", "--version", "1.2.3", "--revision", "abc", "--out", out)
	checkKustomization(t, filepath.Join(out, "kustomization.yaml"), "../../deploy/demo", prefix, printed)
	checkKustomization(t, filepath.Join(out, "production/kustomization.yaml"), "../../../deploy/production", prefix, printed)
	if lines := strings.Count(printed, "@sha256:"); lines != 4 {
		t.Errorf("%d images, want 4:\n%s", lines, printed)
	}
	for _, arch := range []string{"amd64", "arm64"} {
		image := pull(t, prefix+"/moodring-modelserver:1.2.3", remote.WithPlatform(v1.Platform{OS: "linux", Architecture: arch}))
		config, err := image.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprintln(config.Architecture, config.Config.User, config.Config.Entrypoint, config.Config.Labels["org.opencontainers.image.version"], config.Config.Labels["org.opencontainers.image.revision"])
		if want := arch + " 65532:65532 [/modelserver --model_dir=/mnt/models --host=0.0.0.0 --http_port=8080] 1.2.3 abc\n"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		content := files(t, image)
		if content["lib/libc.so.6"] != "libc linux-"+arch || content["mnt/models/model.onnx"] != "model/model.onnx" {
			t.Errorf("the image's files: %q", content["lib/libc.so.6"])
		}
		for _, want := range []string{"pkg:golang/github.com/google/go-containerregistry@", "pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64", `"/usr/lib/libonnxruntime.so"`} {
			if !strings.Contains(content["usr/share/doc/moodring/sbom.cdx.json"], want) {
				t.Errorf("the bill of materials lacks %s", want)
			}
		}
	}
	if got := files(t, pull(t, prefix+"/moodring-plugin:1.2.3"))["plugin.wasm"]; got != "plugin.wasm" {
		t.Errorf("plugin.wasm: %q", got)
	}
}

// checkKustomization: the kustomization names each image as it was pushed.
func checkKustomization(t *testing.T, file, resource, prefix, printed string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(printed) {
		name, digest, _ := strings.Cut(strings.TrimSpace(line), ":1.2.3@")
		want := fmt.Sprintf("newName: %s, digest: %q", name, digest)
		switch strings.TrimPrefix(name, prefix+"/moodring-") {
		case "plugin":
			want = fmt.Sprintf("value: %q", "oci://"+name+"@"+digest)
		case "dashgen":
			continue
		}
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in:\n%s", want, text)
		}
	}
	if !strings.Contains(string(text), "resources: ["+resource+"]\n") {
		t.Errorf("no %s in:\n%s", resource, text)
	}
}

func pull(t *testing.T, ref string, options ...remote.Option) v1.Image {
	t.Helper()
	parsed, err := name.ParseReference(ref, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	image, err := remote.Image(parsed, options...)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// files returns the files of an image by path.
func files(t *testing.T, image v1.Image) map[string]string {
	t.Helper()
	stream := mutate.Extract(image)
	defer stream.Close()
	all := map[string]string{}
	for archive := tar.NewReader(stream); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		all[header.Name] = string(text)
	}
}

func TestUsage(t *testing.T) {
	for args, want := range map[string]string{
		"--platforms linux/s390x":               `"linux/s390x" is neither`,
		"exporters":                             `"exporters" is no image of ours`,
		"--stage nowhere exporter":              "make images",
		"--registry UPPER/case --stage {stage}": "make no image name",
	} {
		var stdout, stderr strings.Builder
		status := run(strings.Fields(strings.ReplaceAll(args, "{stage}", stage(t))), &stdout, &stderr)
		if status == 0 || !strings.Contains(stderr.String(), want) {
			t.Errorf("images %s: exit status %d, %q; want %q", args, status, stderr.String(), want)
		}
	}
}
