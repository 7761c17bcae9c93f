package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	helm "helm.sh/helm/v3/pkg/registry"
	"sigs.k8s.io/yaml"
)

var (
	testOptions = options{root: "../..", registry: "registry.example.com/you", version: "1.2.3", created: time.Unix(1_700_000_000, 0).UTC()}
	testNames   = names{}
)

func init() {
	for _, image := range []string{"exporter", "modelserver", "plugin"} {
		testNames[image] = testOptions.registry + "/moodring-" + image + "@sha256:" + strings.Repeat("a1", 32)
	}
}

// TestChartHasTheManifests: Helm renders the chart's default values to the very
// objects that kustomize builds of the demo.
func TestChartHasTheManifests(t *testing.T) {
	manifests, err := testOptions.manifests(testNames)
	if err != nil {
		t.Fatal(err)
	}
	want := byName(t, string(manifests))
	got := render(t, "default", nil)
	if diff := cmp.Diff(want, got); diff != "" || len(got) < 20 {
		t.Errorf("%d objects (-kustomize +Helm):\n%s", len(got), diff)
	}
	for name := range testNames {
		if !strings.Contains(string(manifests), testNames[name]) {
			t.Errorf("the manifests lack %s", testNames[name])
		}
	}
}

func TestChartValues(t *testing.T) {
	values := map[string]any{
		"parts":  map[string]any{"model": false, "dashboards": false, "ratelimit": false, "authorization": false, "monitors": true},
		"images": map[string]any{"exporter": "mirror/exporter:1"},
		"plugin": map[string]any{"config": map[string]any{"plainCounters": false, "maxModels": 5}},
	}
	got := render(t, "models", values)
	for _, name := range []string{"InferenceService bert-model", "EnvoyFilter filter-ratelimit", "Job moodring-dashboards"} {
		if _, found := got[name]; found {
			t.Errorf("there is a %s", name)
		}
	}
	for name, text := range map[string]string{
		"Deployment moodring-exporter":     "image: mirror/exporter:1",
		"WasmPlugin moodring":              "maxModels: 5",
		"ServiceMonitor moodring-exporter": "honorLabels: true",
	} {
		if printed, err := yaml.Marshal(got[name]); err != nil || !strings.Contains(string(printed), text) {
			t.Errorf("%s lacks %s:\n%s", name, text, printed)
		}
	}
	limits := render(t, "models", nil)["EnvoyFilter filter-ratelimit"]
	if printed, err := yaml.Marshal(limits); err != nil || !strings.Contains(string(printed), "outbound|8081||ratelimit.models.svc.cluster.local") {
		t.Errorf("the gateway asks a rate limit service of another namespace:\n%s", printed)
	}
	for name, wrong := range map[string]map[string]any{
		"an unknown part":  {"parts": map[string]any{"models": true}},
		"a URL of nothing": {"plugin": map[string]any{"url": "registry.example.com/plugin"}},
		"an unknown value": {"plugins": map[string]any{}},
	} {
		if _, err := chartutil.ToRenderValues(testChart(t), wrong, chartutil.ReleaseOptions{}, nil); err == nil {
			t.Errorf("the chart takes %s", name)
		}
	}
}

// TestHelmPullsTheChart pushes the chart as a release does, and pulls it with Helm.
func TestHelmPullsTheChart(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	o := testOptions
	o.registry, o.isInsecure = strings.TrimPrefix(server.URL, "http://")+"/you", true
	chart, err := o.chart(testNames)
	if err != nil {
		t.Fatal(err)
	}
	if pushed, err := o.push(chart); err != nil || !strings.HasPrefix(pushed, "oci://"+o.registry+"/moodring:1.2.3@sha256:") {
		t.Fatal(pushed, err)
	}
	client, err := helm.NewClient(helm.ClientOptPlainHTTP(), helm.ClientOptWriter(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	pulled, err := client.Pull(o.registry + "/moodring:1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(pulled.Chart.Data, chart) || pulled.Chart.Meta.Name != "moodring" {
		t.Errorf("Helm pulled another chart, %+v", pulled.Chart.Meta)
	}
}

// TestBytesRepeat: two releases of the same files, written at two times into two
// folders, have the same checksums.
func TestBytesRepeat(t *testing.T) {
	var sums []string
	for range 2 {
		out := t.TempDir()
		var stdout, stderr strings.Builder
		args := []string{
			"--root", "../..", "--stage", stage(t), "--images", images(t), "--out", out, "--version", "1.2.3",
			"--registry", "registry.example.com/you", "--created", "1700000000",
		}
		if status := run(args, &stdout, &stderr); status != 0 {
			t.Fatalf("exit status %d: %s", status, stderr.String())
		}
		text, err := os.ReadFile(filepath.Join(out, "SHA256SUMS"))
		if err != nil {
			t.Fatal(err)
		}
		sums = append(sums, string(text))
	}
	if sums[0] != sums[1] {
		t.Errorf("first\n%s\nthen\n%s", sums[0], sums[1])
	}
	for _, name := range []string{"-linux-arm64.tar.gz", "-darwin-arm64.tar.gz", "-dashboards.tar.gz", ".wasm", ".yaml", ".tgz"} {
		if !strings.Contains(sums[0], "  moodring-1.2.3"+name+"\n") {
			t.Errorf("no %s in\n%s", name, sums[0])
		}
	}
}

// TestPart: a part can be written without the programs of all platforms.
func TestPart(t *testing.T) {
	out := t.TempDir()
	args := []string{"--root", "../..", "--stage", "nowhere", "--images", images(t), "--out", out, "--version", "1.2.3", "--registry", "a/b", "manifests"}
	var stdout, stderr strings.Builder
	if status := run(args, &stdout, &stderr); status != 0 {
		t.Fatalf("exit status %d: %s", status, stderr.String())
	}
	if got, want := strings.ReplaceAll(stdout.String(), out+"/", ""), "SHA256SUMS\nmoodring-1.2.3.yaml\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestUsage(t *testing.T) {
	for args, want := range map[string]string{
		"--version 1":                            `"1" is no version such as 0.1.0`,
		"--version 1.2.3":                        "--registry names the images",
		"--version 1.2.3 --registry a/b x":       `"x" is none of the parts manifests, chart, archives`,
		"--version 1.2.3 --registry a/b --out o": "make release",
	} {
		var stdout, stderr strings.Builder
		args = strings.ReplaceAll(args, "--out o", "--images nowhere --out "+t.TempDir())
		status := run(strings.Fields(args), &stdout, &stderr)
		if status == 0 || !strings.Contains(stderr.String(), want) {
			t.Errorf("release %s: exit status %d, %q; want %q", args, status, stderr.String(), want)
		}
	}
}

// stage makes small files in place of the programs.
func stage(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, platform := range platforms {
		for _, name := range []string{"exporter", "dashgen", "modelserver", "libonnxruntime.so"} {
			write(t, filepath.Join(dir, platform, name))
		}
	}
	for _, name := range []string{"plugin.wasm", "model/model.onnx", "doc/LICENSE"} {
		write(t, filepath.Join(dir, "common", name))
	}
	return dir
}

// images makes OCI layouts of images without content.
func images(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for image := range testNames {
		index := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: empty.Image})
		if _, err := layout.Write(filepath.Join(dir, image), index); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "exporter-linux-amd64.cdx.json"))
	return dir
}

func write(t *testing.T, path string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(filepath.Base(path)), 0o755)); err != nil {
		t.Fatal(err)
	}
}

func testChart(t *testing.T) *chart.Chart {
	t.Helper()
	text, err := testOptions.chart(testNames)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := loader.LoadArchive(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// render returns the objects that Helm makes of the chart, by kind and name.
func render(t *testing.T, namespace string, values map[string]any) map[string]any {
	t.Helper()
	loaded := testChart(t)
	all, err := chartutil.ToRenderValues(loaded, values, chartutil.ReleaseOptions{Name: "moodring", Namespace: namespace}, nil)
	if err != nil {
		t.Fatal(err)
	}
	files, err := engine.Render(loaded, all)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, text := range files {
		texts = append(texts, text)
	}
	return byName(t, strings.Join(texts, "\n---\n"))
}

func byName(t *testing.T, stream string) map[string]any {
	t.Helper()
	all := map[string]any{}
	for document := range strings.SplitSeq(stream, "\n---\n") {
		var object map[string]any
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			t.Fatal(err)
		}
		if object == nil {
			continue
		}
		name := fmt.Sprint(object["kind"], " ", object["metadata"].(map[string]any)["name"])
		if _, isTwice := all[name]; isTwice {
			t.Errorf("two objects %s", name)
		}
		all[name] = object
	}
	return all
}
