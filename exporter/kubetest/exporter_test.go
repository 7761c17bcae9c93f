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

// buildExporter returns the program's path.
func buildExporter(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "exporter")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = ".." // in the product's own module, and with its versions
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the exporter: %v\n%s", err, out)
	}
	return program
}

// newEnvoy serves the saved page of a real one until the test ends.
func newEnvoy(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
		http.ServeFile(w, r, "../testdata/envoy-1.40/istio.prom")
	}))
	t.Cleanup(server.Close)
	return server
}

// What the exporter's page has of the gateway in pod a.
const (
	up          = `moodring_exporter_target_up{gateway="istio-system/a"} 1`
	down        = `moodring_exporter_target_up{gateway="istio-system/a"} 0`
	predictions = `moodring_predictions_total{gateway="istio-system/a",`
)

// outside is the program with --kube, as it is run by whoever has a kubeconfig.
func (c *cluster) outside(kubeconfig string, args ...string) *exec.Cmd {
	cmd := exec.Command(c.exporter, append(args, "--kube")...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig)
	return cmd
}

// inside is the program with --kube in a pod: the account's token and the API
// server's certificate are where a kubelet mounts them, which client-go has no
// setting for. So the process has mounts of its own, and to be allowed to mount
// it is in a user namespace of its own.
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

// exporter is a process that serves metrics.
type exporter struct {
	url string
	log lines
}

// newExporter runs cmd until the test ends, and shows its log if the test fails.
func newExporter(t *testing.T, cmd *exec.Cmd) *exporter {
	t.Helper()
	cmd.Args = append(cmd.Args, "--web.listen-address=127.0.0.1:0")
	e := &exporter{log: make(lines, 1000)}
	cmd.Stderr = e.log
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v (in user_namespaces(7) is what forbids a process namespaces of its own)", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ends is in the log
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt) // it may have ended
		<-ended
		for t.Failed() && len(e.log) > 0 {
			t.Log(strings.TrimSpace(<-e.log))
		}
	})
	e.url = "http://" + e.listening(t, ended)
	return e
}

// lines is a writer that sends what is written, which is whole lines.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

// listening returns the address that the log has.
func (e *exporter) listening(t *testing.T, ended <-chan struct{}) string {
	t.Helper()
	address := regexp.MustCompile(`msg="Listening on" address=(\S+)`)
	late := time.After(patience)
	for {
		select {
		case line := <-e.log:
			if found := address.FindStringSubmatch(line); found != nil {
				return found[1]
			}
			t.Log(strings.TrimSpace(line))
		case <-ended:
			t.Fatal("the exporter ended without listening")
		case <-late:
			t.Fatalf("the exporter does not listen within %s", patience)
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

// until waits until the page has the line, untilNot until it has not.
func (e *exporter) until(t *testing.T, line string) {
	t.Helper()
	e.wait(t, func() bool { return strings.Contains(e.page(t), line) }, "that there is "+line)
}

func (e *exporter) untilNot(t *testing.T, line string) {
	t.Helper()
	e.wait(t, func() bool { return !strings.Contains(e.page(t), line) }, "that there is no "+line)
}

// untilDown waits until /targets shows a failed scrape's reason.
func (e *exporter) untilDown(t *testing.T, why string) {
	t.Helper()
	e.wait(t, func() bool { e.page(t); return strings.Contains(e.get(t, "/targets"), why) }, why)
}

func (e *exporter) wait(t *testing.T, isSo func() bool, what string) {
	t.Helper()
	late, soon := time.After(patience), time.NewTicker(50*time.Millisecond)
	defer soon.Stop()
	for !isSo() {
		select {
		case <-soon.C:
		case <-late:
			t.Fatalf("waited for %s: %s", patience, what)
		}
	}
}
