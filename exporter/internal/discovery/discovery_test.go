package discovery

import (
	"context"
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

// watched is a Discovery whose list of targets a test can wait for.
type watched struct {
	*Discovery
	ctx    context.Context
	lists  chan []Target // the latest alone
	resets int           // lists published as reconfigured
	failed chan string
}

func discover(t *testing.T, yaml string) *watched {
	t.Helper()
	w := &watched{lists: make(chan []Target, 1), failed: make(chan string, 100)}
	w.Discovery = New(Options{
		Logger:       slog.New(slog.DiscardHandler),
		CountFailure: func(source string) { w.failed <- source },
		Publish: func(targets []Target, isReconfigured bool) {
			if isReconfigured {
				w.resets++
			}
			select {
			case <-w.lists:
			default:
			}
			w.lists <- targets
		},
	})
	ctx, stop := context.WithCancel(t.Context())
	w.ctx = ctx
	t.Cleanup(func() {
		stop()
		w.Wait()
	})
	w.apply(t, yaml)
	return w
}

func (w *watched) apply(t *testing.T, yaml string) {
	t.Helper()
	cfg, err := config.Parse([]byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := NewPlan(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.Apply(w.ctx, plan)
}

// wait waits until the list is what is wanted, each as URL and labels.
func (w *watched) wait(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	late := time.After(20 * time.Second)
	for {
		select {
		case list := <-w.lists:
			if got = texts(list); slices.Equal(got, want) {
				return
			}
		case <-late:
			t.Fatalf("targets (-want +got):\n%s", cmp.Diff(want, got))
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
	w := discover(t, `
file_sd_configs: [{files: ["`+folder+`/*.yml", "`+folder+`/more.json"]}]
relabel_configs: [{source_labels: [__meta_filepath], regex: '.*/(.*)', target_label: file}]`)
	a := []string{
		`http://a:1 {file="a.yml", gateway="a:1", region="eu"}`,
		`http://b:1 {file="a.yml", gateway="b:1", region="eu"}`,
	}
	w.wait(t, a...)
	c := `http://c:1 {file="more.json", gateway="c:1"}`
	write(t, filepath.Join(folder, "more.json"), `[{"targets": ["c:1"]}]`)
	w.wait(t, append(a, c)...)
	write(t, filepath.Join(folder, "more.json"), `[{"targets": ["d:1"], "labels": {"__metrics_path__": "/envoy", "__scheme__": "https", "gateway": "d"}}]`)
	d := `https://d:1/envoy {file="more.json", gateway="d"}`
	w.wait(t, append(a, d)...)
	if err := os.Remove(filepath.Join(folder, "a.yml")); err != nil {
		t.Fatal(err)
	}
	w.wait(t, d)
}

// Where changes cannot be watched, as on network file systems, they are seen in
// the next interval.
func TestFilesAreReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.yml")
	write(t, path, `[{targets: ["a:1"]}]`)
	synctest.Test(t, func(t *testing.T) {
		lists := make(chan []*found, 10)
		f := files{
			FileSD:   config.FileSD{Files: []string{path}, RefreshInterval: config.Duration(5 * time.Minute)},
			reporter: reporter{found: func(all []*found) { lists <- all }, failed: func(err error) { t.Error(err) }},
		}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		start := time.Now()
		go f.run(ctx, nil)
		if first := <-lists; len(first) != 1 {
			t.Errorf("%d gateways, want 1", len(first))
		}
		write(t, path, `[{targets: ["a:1", "b:1"]}]`)
		if then := <-lists; len(then) != 2 || time.Since(start) != 5*time.Minute {
			t.Errorf("%d gateways after %s, want 2 after 5m", len(then), time.Since(start))
		}
	})
}

// Kubernetes puts a new version of a ConfigMap in place by moving a link.
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
	w := discover(t, `file_sd_configs: [{files: ["`+folder+`/a.yml"]}]`)
	w.wait(t, `http://v1:1 {gateway="v1:1"}`)
	point("v2")
	w.wait(t, `http://v2:1 {gateway="v2:1"}`)
}

// What a bad file said before stays, and it is counted.
func TestABadFileIsLeftAsItWas(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a.yml")
	write(t, path, `[{targets: ["a:1"]}]`)
	w := discover(t, `file_sd_configs: [{files: ["`+path+`", "`+folder+`/b.json"]}]`)
	if got := <-w.failed; got != "file" { // b.json is not there
		t.Errorf("a failure of %s", got)
	}
	w.wait(t, `http://a:1 {gateway="a:1"}`)
	write(t, path, `[{target: ["a:1"]}]`)
	<-w.failed // by a.yml, by b.json
	<-w.failed
	write(t, filepath.Join(folder, "b.json"), `[{"targets": ["b:1"]}]`)
	w.wait(t, `http://a:1 {gateway="a:1"}`, `http://b:1 {gateway="b:1"}`)
}

// A bad file stays as it was for an entry that is new and names it, too.
func TestABadFileIsLeftAsItWasByAReload(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "a.yml"), `[{targets: ["a:1"]}]`)
	write(t, filepath.Join(folder, "b.yml"), `[{targets: ["b:1"]}]`)
	w := discover(t, `file_sd_configs: [{files: ["`+folder+`/a.yml", "`+folder+`/b.yml"]}]`)
	w.wait(t, `http://a:1 {gateway="a:1"}`, `http://b:1 {gateway="b:1"}`)
	write(t, filepath.Join(folder, "a.yml"), `[{target: ["a:1"]}]`)
	write(t, filepath.Join(folder, "c.yml"), `[{targets: ["c:1"]}]`)
	<-w.failed
	w.apply(t, `file_sd_configs: [{files: ["`+folder+`/a.yml", "`+folder+`/c.yml"]}]`)
	w.wait(t, `http://a:1 {gateway="a:1"}`, `http://c:1 {gateway="c:1"}`)
	w.apply(t, `file_sd_configs: [{files: ["`+folder+`/*.yml"]}]`)
	w.wait(t, `http://a:1 {gateway="a:1"}`, `http://b:1 {gateway="b:1"}`, `http://c:1 {gateway="c:1"}`)
}

func TestParseFileRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`[{target: ["a:1"]}]`:                 "line 1: field target not found",
		`{targets: ["a:1"]}`:                  "line 1: keys with values where a list should be",
		`[{targets: [], labels: {"": "x"}}]`:  `entry 1: "" is not a label's name`,
		`[{targets: ["a:1"]}, {targets: ["b:`: "yaml: found unexpected end of stream",
	} {
		if _, err := parseFile("a.yml", []byte(text)); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

// A reload lets unchanged sources run on, and says that what is missing is not
// wanted any more.
func TestApplyAgain(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a.yml")
	write(t, path, `[{targets: ["f:1"]}]`)
	files := `file_sd_configs: [{files: ["` + path + `"]}]`
	w := discover(t, `gateways: [{url: "http://a:1"}]`+"\n"+files)
	w.wait(t, `http://a:1 {gateway="a:1"}`, `http://f:1 {gateway="f:1"}`)
	before := w.sources
	w.apply(t, `gateways: [{url: "http://b:1"}]`+"\n"+files)
	w.wait(t, `http://b:1 {gateway="b:1"}`, `http://f:1 {gateway="f:1"}`)
	if w.resets != 1 {
		t.Errorf("%d lists published as reconfigured, want 1", w.resets)
	}
	if diff := cmp.Diff(before, w.sources, cmp.Comparer(func(a, b *source) bool { return a == b })); diff != "" {
		t.Errorf("sources that run (-before +after):\n%s", diff)
	}
	w.apply(t, `file_sd_configs: [{files: ["`+path+`"]}]`+"\nrelabel_configs: [{target_label: region, replacement: eu}]")
	w.wait(t, `http://f:1 {gateway="f:1", region="eu"}`)
}

func TestIsReady(t *testing.T) {
	reported := make(chan struct{})
	close(reported)
	d := New(Options{})
	d.sources = map[string]*source{"a": {reported: reported}, "b": {reported: make(chan struct{})}}
	if d.IsReady() {
		t.Error("ready before b reported")
	}
	close(d.sources["b"].reported)
	if !d.IsReady() {
		t.Error("not ready when both have reported")
	}
}
