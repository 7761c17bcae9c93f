package kubetest

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd/api"
)

// buildExporter builds the program and returns the path.
func buildExporter(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "exporter")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = ".." // in the exporter's module, for its versions of dependencies
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the exporter: %v\n%s", err, out)
	}
	return program
}

// newEnvoy serves a saved page of a real Envoy until the test ends.
func newEnvoy(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
		http.ServeFile(w, r, "../testdata/envoy-1.40/istio.prom")
	}))
	t.Cleanup(server.Close)
	return server
}

// Lines of the exporter's page for the gateway in pod a.
const (
	up          = `moodring_exporter_target_up{gateway="istio-system/a"} 1`
	down        = `moodring_exporter_target_up{gateway="istio-system/a"} 0`
	predictions = `moodring_predictions_total{gateway="istio-system/a",`
)

// outside returns the command exporter --kube with a kubeconfig.
func (c *cluster) outside(kubeconfig string, args ...string) *exec.Cmd {
	cmd := exec.Command(c.exporter, append(args, "--kube")...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig)
	return cmd
}

// inside returns the command exporter --kube as in a pod: the account's token and
// the API server's certificate are at the path where a kubelet mounts them.
// client-go has no setting for that path, so the process gets its own mount
// namespace, and its own user namespace to be allowed to mount.
func (c *cluster) inside(t *testing.T, server *api.Cluster, args ...string) *exec.Cmd {
	t.Helper()
	account := t.TempDir()
	write(t, filepath.Join(account, "token"), c.token(t))
	write(t, filepath.Join(account, "ca.crt"), string(server.CertificateAuthorityData))
	write(t, filepath.Join(account, "namespace"), namespace)
	const mountAndRun = `at=/var/run/secrets/kubernetes.io/serviceaccount
mount -t tmpfs none /var/run && mkdir -p $at && cp "$0"/* $at && exec "$@"`
	cmd := exec.Command("sh", append([]string{"-c", mountAndRun, account, c.exporter, "--kube"}, args...)...)
	host, port, _ := strings.Cut(strings.TrimPrefix(server.Server, "https://"), ":")
	cmd.Env = append(os.Environ(), "KUBECONFIG=", "KUBERNETES_SERVICE_HOST="+host, "KUBERNETES_SERVICE_PORT="+port)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}},
	}
	return cmd
}

// exporter is a running process of the exporter.
type exporter struct {
	url string
	log lineWriter
}

// newExporter runs cmd until the test ends, and shows its log if the test fails.
func newExporter(t *testing.T, cmd *exec.Cmd) *exporter {
	t.Helper()
	cmd.Args = append(cmd.Args, "--web.listen-address=127.0.0.1:0")
	e := &exporter{log: make(lineWriter, 1000)}
	cmd.Stderr = e.log
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v (the process needs its own user namespace: user_namespaces(7) lists the settings that forbid it)", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // the log has the reason
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt) // the process may have ended
		<-ended
		for t.Failed() && len(e.log) > 0 {
			t.Log(strings.TrimSpace(<-e.log))
		}
	})
	e.url = "http://" + e.address(t, ended)
	return e
}

// lineWriter is a writer that sends each line. The exporter writes whole lines.
type lineWriter chan string

func (l lineWriter) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

// address waits for the address in the log.
func (e *exporter) address(t *testing.T, ended <-chan struct{}) string {
	t.Helper()
	listening := regexp.MustCompile(`msg="Listening on" address=(\S+)`)
	late := time.After(timeout)
	for {
		select {
		case line := <-e.log:
			if match := listening.FindStringSubmatch(line); match != nil {
				return match[1]
			}
			t.Log(strings.TrimSpace(line))
		case <-ended:
			t.Fatal("the exporter ended without listening")
		case <-late:
			t.Fatalf("the exporter does not listen within %s", timeout)
		}
	}
}

func (e *exporter) page(t *testing.T) string {
	t.Helper()
	return e.get(t, "/metrics")
}

func (e *exporter) get(t *testing.T, path string) string {
	t.Helper()
	response, err := http.Get(e.url + path)
	must(t, err)
	defer func() { must(t, response.Body.Close()) }()
	text := new(strings.Builder)
	must(t, response.Write(text))
	return text.String()
}

// waitFor waits until the page has the line.
func (e *exporter) waitFor(t *testing.T, line string) {
	t.Helper()
	e.wait(t, func() bool { return strings.Contains(e.page(t), line) }, "the line "+line)
}

// waitForNo waits until the page does not have the line.
func (e *exporter) waitForNo(t *testing.T, line string) {
	t.Helper()
	e.wait(t, func() bool { return !strings.Contains(e.page(t), line) }, "the page without the line "+line)
}

// waitForError waits until /targets shows the error of a failed scrape.
func (e *exporter) waitForError(t *testing.T, reason string) {
	t.Helper()
	e.wait(t, func() bool { e.page(t); return strings.Contains(e.get(t, "/targets"), reason) }, "the error "+reason)
}

func (e *exporter) wait(t *testing.T, isDone func() bool, condition string) {
	t.Helper()
	deadline, poll := time.After(timeout), time.NewTicker(50*time.Millisecond)
	defer poll.Stop()
	for !isDone() {
		select {
		case <-poll.C:
		case <-deadline:
			t.Fatalf("waited %s for %s", timeout, condition)
		}
	}
}
