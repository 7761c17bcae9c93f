package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/config"
	"github.com/moodring/moodring/dashgen/internal/grafanatest"
	"github.com/moodring/moodring/dashgen/internal/promtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"dashgen": main})
}

// TestCommandLine runs the scripts. $HEALTHY is a Prometheus with series for every
// query, and $BARE one without authorization, rate limits and scores. $GRAFANA is an empty
// Grafana, a different one for each script. At $NOWHERE, no server listens.
func TestCommandLine(t *testing.T) {
	healthy := promtest.Server(t, promtest.Stack(), promtest.Now)
	bare := promtest.Server(t, withoutOptions(promtest.Stack()), promtest.Now)
	testscript.Run(t, testscript.Params{
		Dir:  "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"status": status},
		Setup: func(env *testscript.Env) error {
			nowhere, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			env.Setenv("HEALTHY", healthy.URL)
			env.Setenv("GRAFANA", grafanatest.Server(t).URL)
			env.Setenv("TOKEN", grafanatest.Token)
			env.Setenv("BARE", bare.URL)
			env.Setenv("NOWHERE", "http://"+nowhere.Addr().String())
			return nowhere.Close()
		},
	})
}

// withoutOptions leaves out the series of what a gateway need not have.
func withoutOptions(series string) string {
	var kept strings.Builder
	for line := range strings.Lines(series) {
		isOptional := false
		for _, metric := range []string{contract.Authorization, contract.RateLimit, contract.Confidence} {
			isOptional = isOptional || strings.Contains(line, metric)
		}
		if !isOptional {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// TestExampleFile runs the example of docs/command-line.md, and checks that it has every
// key.
func TestExampleFile(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "out")
	stdout(t, "generate", "--config", "../docs/dashgen.yaml", folder)
	if got, want := files(t, folder)["prometheus-rules.yaml"], stdout(t, "rules", "--config", "../docs/dashgen.yaml"); got != want {
		t.Error("generate and rules write different rules")
	}
	c, err := config.Read("../docs/dashgen.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []any{c, c.Rules, c.Dashboards} {
		value := reflect.ValueOf(part)
		for i := range value.NumField() {
			if value.Field(i).IsZero() {
				t.Errorf("docs/dashgen.yaml lacks %s", value.Type().Field(i).Tag.Get("yaml"))
			}
		}
	}
}

// status checks a program's exit status: "status 2 program arguments".
func status(ts *testscript.TestScript, _ bool, args []string) {
	var failed *exec.ExitError
	err := ts.Exec(args[1], args[2:]...)
	if !errors.As(err, &failed) || fmt.Sprint(failed.ExitCode()) != args[0] {
		ts.Fatalf("got %v, want exit status %s", err, args[0])
	}
}

// TestCommittedFiles compares the committed documents with the program's output.
func TestCommittedFiles(t *testing.T) {
	for _, tc := range []struct {
		file, fix string
		args      []string
	}{
		{"../docs/metrics.md", "go run ./dashgen metrics > docs/metrics.md", []string{"metrics"}},
		{"../docs/alerts.md", "go run ./dashgen alerts > docs/alerts.md", []string{"alerts"}},
	} {
		t.Run(tc.file, func(t *testing.T) {
			committed, err := os.ReadFile(tc.file)
			if err != nil {
				t.Fatalf("%v; in the repository's root: %s", err, tc.fix)
			}
			if diff := cmp.Diff(stdout(t, tc.args...), string(committed)); diff != "" {
				t.Errorf("stale; in the repository's root: %s\n%s", tc.fix, diff)
			}
		})
	}
}

// TestCommittedFolder compares the folder dashboards with the output of generate.
func TestCommittedFolder(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "dashboards")
	stdout(t, "generate", folder)
	if diff := cmp.Diff(files(t, folder), files(t, "../dashboards")); diff != "" {
		t.Errorf("stale; in the repository's root: rm -r dashboards; go run ./dashgen generate dashboards\n%s", diff)
	}
}

// files returns the files of a folder: texts by paths.
func files(t *testing.T, folder string) map[string]string {
	t.Helper()
	texts := map[string]string{}
	err := fs.WalkDir(os.DirFS(folder), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(folder, path))
		texts[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

func stdout(t *testing.T, args ...string) string {
	t.Helper()
	var out, problems bytes.Buffer
	if status := run(args, &out, &problems); status != 0 {
		t.Fatalf("status %d: %s", status, problems.String())
	}
	return out.String()
}

// TestErrorsAreText: the text of another server cannot move the cursor of a terminal.
func TestErrorsAreText(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = io.WriteString(w, `{"status":"error","errorType":"execution","error":"a\u001b[2Jb\u0007\u009bc"}`)
	}))
	t.Cleanup(server.Close)
	var stderr strings.Builder
	if code := run([]string{"report", "--prometheus", server.URL, "--model", "m"}, io.Discard, &stderr); code != 1 || !strings.HasSuffix(stderr.String(), "execution: a\ufffd[2Jb\ufffd\ufffdc\n") {
		t.Errorf("%d, %q", code, stderr.String())
	}
}

// TestFolderUID: each title has a uid of its own, whatever its alphabet.
func TestFolderUID(t *testing.T) {
	seen := map[string]string{}
	for _, title := range []string{"Moodring", "情绪", "模型", "😀", "Größe", "Gr e", "Модели 1", strings.Repeat("a", 60), strings.Repeat("ä", 60)} {
		uid := folderUID(title)
		if !regexp.MustCompile("^[a-z0-9][a-z0-9-]{0,39}$").MatchString(uid) || seen[uid] != "" {
			t.Errorf("%q and %q: got the uid %q", title, seen[uid], uid)
		}
		seen[uid] = title
	}
	if got := folderUID("My Team's Models"); got != "my-team-s-models" {
		t.Errorf("got %q", got)
	}
}
