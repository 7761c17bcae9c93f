package discovery

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/moodring/moodring/exporter/internal/config"
)

// testDiscovery is a Discovery with a method that waits for a list of targets.
type testDiscovery struct {
	*Discovery
	ctx          context.Context
	lists        chan []Target // only the latest
	reconfigured int           // lists published with isReconfigured
	failed       chan string   // kinds of the sources
}

func discover(t *testing.T, yaml string) *testDiscovery {
	t.Helper()
	d := newDiscovery(t)
	d.apply(t, yaml)
	return d
}

// newDiscovery returns a Discovery without a configuration. It runs until the test
// ends.
func newDiscovery(t *testing.T) *testDiscovery {
	t.Helper()
	d := &testDiscovery{lists: make(chan []Target, 1), failed: make(chan string, 100)}
	d.Discovery = New(Options{
		Logger:       slog.New(slog.DiscardHandler),
		CountFailure: func(source string) { d.failed <- source },
		Publish: func(targets []Target, isReconfigured bool) {
			if isReconfigured {
				d.reconfigured++
			}
			select {
			case <-d.lists:
			default:
			}
			d.lists <- targets
		},
	})
	ctx, stop := context.WithCancel(t.Context())
	d.ctx = ctx
	t.Cleanup(func() {
		stop()
		d.Wait()
	})
	return d
}

func (d *testDiscovery) apply(t *testing.T, yaml string) {
	t.Helper()
	cfg, err := config.Parse([]byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := NewPlan(cfg)
	if err != nil {
		t.Fatal(err)
	}
	d.Apply(d.ctx, plan)
}

// wait waits until the targets, each as its URL and labels, equal want.
func (d *testDiscovery) wait(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	late := time.After(20 * time.Second)
	for {
		select {
		case list := <-d.lists:
			if got = texts(list); slices.Equal(got, want) {
				return
			}
		case <-late:
			t.Fatalf("targets (-want +got):\n%s", cmp.Diff(want, got))
		}
	}
}

// waitReady waits until IsReady.
func (d *testDiscovery) waitReady(t *testing.T) {
	t.Helper()
	d.waitFor(t, "ready", d.IsReady)
}

func (d *testDiscovery) waitFor(t *testing.T, condition string, isDone func() bool) {
	t.Helper()
	late := time.After(20 * time.Second)
	for !isDone() {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-late:
			t.Fatalf("waited 20s for: %s", condition)
		}
	}
}

func texts(list []Target) []string {
	var texts []string
	for _, target := range list {
		texts = append(texts, target.URL.String()+" "+target.Labels.String())
	}
	slices.Sort(texts)
	return texts
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFilesAreWatched(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "a.yml"), `[{targets: ["a:1", "b:1"], labels: {region: eu}}]`)
	d := discover(t, `
file_sd_configs: [{files: ["`+folder+`/*.yml", "`+folder+`/more.json"]}]
relabel_configs: [{source_labels: [__meta_filepath], regex: '.*/(.*)', target_label: file}]`)
	a := []string{
		`http://a:1 {file="a.yml", gateway="a:1", region="eu"}`,
		`http://b:1 {file="a.yml", gateway="b:1", region="eu"}`,
	}
	d.wait(t, a...)
	c := `http://c:1 {file="more.json", gateway="c:1"}`
	write(t, filepath.Join(folder, "more.json"), `[{"targets": ["c:1"]}]`)
	d.wait(t, append(a, c)...)
	write(t, filepath.Join(folder, "more.json"), `[{"targets": ["d:1"], "labels": {"__metrics_path__": "/envoy", "__scheme__": "https", "gateway": "d"}}]`)
	moved := `https://d:1/envoy {file="more.json", gateway="d"}`
	d.wait(t, append(a, moved)...)
	if err := os.Remove(filepath.Join(folder, "a.yml")); err != nil {
		t.Fatal(err)
	}
	d.wait(t, moved)
}

// Without a watcher, as on network file systems, changes are read in the next
// interval.
func TestFilesAreReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.yml")
	write(t, path, `[{targets: ["a:1"]}]`)
	synctest.Test(t, func(t *testing.T) {
		lists := make(chan []*candidate, 10)
		f := fileSource{
			FileSD: config.FileSD{Files: []string{path}, RefreshInterval: config.Duration(5 * time.Minute)},
			sink:   sink{update: func(all []*candidate) { lists <- all }, fail: func(err error) { t.Error(err) }},
		}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		start := time.Now()
		go f.run(ctx, nil)
		if first := <-lists; len(first) != 1 {
			t.Errorf("%d gateways, want 1", len(first))
		}
		write(t, path, `[{targets: ["a:1", "b:1"]}]`)
		if second := <-lists; len(second) != 2 || time.Since(start) != 5*time.Minute {
			t.Errorf("%d gateways after %s, want 2 after 5m", len(second), time.Since(start))
		}
	})
}

// Kubernetes replaces a ConfigMap by renaming a symbolic link.
func TestFilesBehindALink(t *testing.T) {
	folder := t.TempDir()
	for _, version := range []string{"v1", "v2"} {
		if err := os.Mkdir(filepath.Join(folder, version), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(folder, version, "a.yml"), `[{targets: ["`+version+`:1"]}]`)
	}
	point := func(version string) {
		link := filepath.Join(folder, "..data.next")
		if err := os.Symlink(version, link); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(link, filepath.Join(folder, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	point("v1")
	if err := os.Symlink("..data/a.yml", filepath.Join(folder, "a.yml")); err != nil {
		t.Fatal(err)
	}
	d := discover(t, `file_sd_configs: [{files: ["`+folder+`/a.yml"]}]`)
	d.wait(t, `http://v1:1 {gateway="v1:1"}`)
	point("v2")
	d.wait(t, `http://v2:1 {gateway="v2:1"}`)
}

// A file that does not parse is counted, and its previous gateways are kept.
func TestBadFileKeepsItsGateways(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a.yml")
	write(t, path, `[{targets: ["a:1"]}]`)
	d := discover(t, `file_sd_configs: [{files: ["`+path+`", "`+folder+`/b.json"]}]`)
	if got := <-d.failed; got != "file" { // b.json does not exist
		t.Errorf("a failure of %s", got)
	}
	if d.Up()["file"] {
		t.Error("up without b.json")
	}
	d.wait(t, `http://a:1 {gateway="a:1"}`)
	write(t, path, `[{target: ["a:1"]}]`)
	<-d.failed // one for a.yml, one for b.json
	<-d.failed
	write(t, filepath.Join(folder, "b.json"), `[{"targets": ["b:1"]}]`)
	d.wait(t, `http://a:1 {gateway="a:1"}`, `http://b:1 {gateway="b:1"}`)
}

// The previous gateways of a bad file are also kept when a reload adds an entry
// that names the file.
func TestReloadKeepsGatewaysOfBadFile(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "a.yml"), `[{targets: ["a:1"]}]`)
	write(t, filepath.Join(folder, "b.yml"), `[{targets: ["b:1"]}]`)
	d := discover(t, `file_sd_configs: [{files: ["`+folder+`/a.yml", "`+folder+`/b.yml"]}]`)
	d.wait(t, `http://a:1 {gateway="a:1"}`, `http://b:1 {gateway="b:1"}`)
	write(t, filepath.Join(folder, "a.yml"), `[{target: ["a:1"]}]`)
	write(t, filepath.Join(folder, "c.yml"), `[{targets: ["c:1"]}]`)
	<-d.failed
	d.apply(t, `file_sd_configs: [{files: ["`+folder+`/a.yml", "`+folder+`/c.yml"]}]`)
	d.wait(t, `http://a:1 {gateway="a:1"}`, `http://c:1 {gateway="c:1"}`)
	d.apply(t, `file_sd_configs: [{files: ["`+folder+`/*.yml"]}]`)
	d.wait(t, `http://a:1 {gateway="a:1"}`, `http://b:1 {gateway="b:1"}`, `http://c:1 {gateway="c:1"}`)
}

// A reload that names other files keeps the gateways until one of these files can
// be read.
func TestReloadKeepsGatewaysUntilAFileIsRead(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "a.yml"), `[{targets: ["a:1"]}]`)
	d := discover(t, `file_sd_configs: [{files: ["`+folder+`/a.yml"]}]`)
	d.wait(t, `http://a:1 {gateway="a:1"}`)
	write(t, filepath.Join(folder, "b.yml"), `[{target: ["b:1"]}]`)
	d.apply(t, `file_sd_configs: [{files: ["`+folder+`/b.yml", "`+folder+`/c.yml"]}]`)
	d.wait(t, `http://a:1 {gateway="a:1"}`)
	write(t, filepath.Join(folder, "c.yml"), `[{targets: ["c:1"]}]`)
	d.wait(t, `http://c:1 {gateway="c:1"}`)
	if err := os.Remove(filepath.Join(folder, "c.yml")); err != nil {
		t.Fatal(err)
	}
	d.wait(t)
}

func TestParseFileRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`[{target: ["a:1"]}]`:                 "line 1: field target is unknown; docs/exporter.md has all keys",
		`{targets: ["a:1"]}`:                  "line 1: keys with values where a list should be",
		`[{targets: [], labels: {"": "x"}}]`:  `entry 1: "" is not a label name`,
		`[{targets: ["a:1"]}, {targets: ["b:`: "yaml: found unexpected end of stream",
	} {
		if _, err := parseFile("a.yml", []byte(text)); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

// A reload keeps unchanged sources running, and publishes the list as
// reconfigured.
func TestReload(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a.yml")
	write(t, path, `[{targets: ["f:1"]}]`)
	files := `file_sd_configs: [{files: ["` + path + `"]}]`
	d := discover(t, `gateways: [{url: "http://a:1"}]`+"\n"+files)
	d.wait(t, `http://a:1 {gateway="a:1"}`, `http://f:1 {gateway="f:1"}`)
	before := d.sources
	d.apply(t, `gateways: [{url: "http://b:1"}]`+"\n"+files)
	d.wait(t, `http://b:1 {gateway="b:1"}`, `http://f:1 {gateway="f:1"}`)
	if d.reconfigured != 1 {
		t.Errorf("%d lists published as reconfigured, want 1", d.reconfigured)
	}
	if diff := cmp.Diff(before, d.sources, cmp.Comparer(func(a, b *source) bool { return a == b })); diff != "" {
		t.Errorf("running sources (-before +after):\n%s", diff)
	}
	d.apply(t, `file_sd_configs: [{files: ["`+path+`"]}]`+"\nrelabel_configs: [{target_label: region, replacement: eu}]")
	d.wait(t, `http://f:1 {gateway="f:1", region="eu"}`)
}

// The configuration's own gateways are a source that can always be read.
func TestStaticGatewaysAreUp(t *testing.T) {
	d := discover(t, `gateways: [{url: "http://a:1"}]`)
	d.wait(t, `http://a:1 {gateway="a:1"}`)
	if diff := cmp.Diff(map[string]bool{"static": true}, d.Up()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Ready means that each source has given a list or failed, and that at least one
// has given a list. Ready stays ready.
func TestIsReady(t *testing.T) {
	fails := func() *source {
		s := newSource(namedDiscoverer{}, nil)
		s.markTried()
		return s
	}
	reports := func() *source {
		s := fails()
		s.isReported = true
		return s
	}
	waits := func() *source { return newSource(namedDiscoverer{}, nil) }
	for name, test := range map[string]struct {
		static  []*candidate
		sources []*source
		want    bool
	}{
		"no source":                           {nil, nil, true},
		"one that waits":                      {nil, []*source{waits(), reports()}, false},
		"one that fails":                      {nil, []*source{fails(), reports()}, true},
		"all fail":                            {nil, []*source{fails(), fails()}, false},
		"all fail, a gateway in the file":     {[]*candidate{{}}, []*source{fails()}, true},
		"one that waits, and another gateway": {[]*candidate{{}}, []*source{waits()}, false},
	} {
		d := New(Options{})
		if d.IsReady() {
			t.Error("ready without a configuration")
		}
		d.plan, d.sources = &Plan{static: test.static}, make(map[string]*source)
		for i, s := range test.sources {
			d.sources[fmt.Sprint(i)] = s
		}
		if got := d.IsReady(); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
		d.sources = map[string]*source{"": waits()} // as after a reload
		if got := d.IsReady(); got != test.want {
			t.Errorf("%s, after a reload: got %v, want %v", name, got, test.want)
		}
	}
}

// Each gateway that is found and not scraped has a reason, and is counted.
func TestDroppedGateways(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.yml")
	write(t, path, `[{targets: ["a:1", "http://user:secret@b:1", "c:1", "d:1"]}, {targets: ["d:2"], labels: {gateway: "d:1", version: v1}}]`)
	d := discover(t, `
gateways: [{url: "http://s:1"}]
file_sd_configs: [{files: ["`+path+`"]}]
relabel_configs: [{source_labels: [__address__], regex: c:1, action: drop}]`)
	d.wait(t, `http://a:1 {gateway="a:1"}`, `http://d:1 {gateway="d:1"}`, `http://s:1 {gateway="s:1"}`)
	want := []Dropped{
		{"b:1", "file", "b:1", `its __address__ is "b:1": want HOST:PORT`},
		{"c:1", "file", "c:1", "relabel_configs drop the gateway"},
		{"d:1", "file", "d:2", `gateway "d:1": two gateways have that name: give each its own, as in --gateway NAME=URL`},
	}
	if diff := cmp.Diff(want, d.Dropped()); diff != "" {
		t.Errorf("dropped (-want +got):\n%s", diff)
	}
	counts := map[string]map[string]int{
		"file":   {"active": 2, "leaving": 0, "dropped": 3},
		"static": {"active": 1, "leaving": 0, "dropped": 0},
	}
	if diff := cmp.Diff(counts, d.Counts()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}
