package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/moodring/moodring/contract"
)

// object and list are JSON values of Envoy's configuration.
type (
	object map[string]any
	list   []any
)

// The clusters of the model, named as Istio names two ports of a Service.
const (
	modelCluster      = "outbound|80||model.default.svc.cluster.local"
	modelHTTP2Cluster = "outbound|81||model.default.svc.cluster.local"
)

const typePrefix = "type.googleapis.com/envoy."

// gateway is a listener with Moodring's filter in front of the model.
type gateway struct {
	name    string
	config  string // of the plugin
	vmID    string
	filter  object // replaces Moodring's filter, if not nil
	cluster string // empty means modelCluster
	more    object // members of the listener
	routes  list   // before those to the model
}

func (g gateway) listener(wasm string) object {
	if g.filter == nil {
		g.filter = moodringFilter(wasmConfig(wasm, g.config, g.vmID))
	}
	if g.cluster == "" {
		g.cluster = modelCluster
	}
	routes := append(g.routes,
		object{
			"match": object{"prefix": "/", "headers": list{object{"name": "x-upstream", "string_match": object{"exact": "h2"}}}},
			"route": object{"cluster": modelHTTP2Cluster},
		},
		object{"match": object{"prefix": "/"}, "route": object{"cluster": g.cluster}})
	manager := object{
		"@type":        typePrefix + "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
		"stat_prefix":  g.name,
		"route_config": object{"virtual_hosts": list{object{"name": "all", "domains": list{"*"}, "routes": routes}}},
		"http_filters": list{g.filter, object{
			"name":         "envoy.filters.http.router",
			"typed_config": object{"@type": typePrefix + "extensions.filters.http.router.v3.Router"},
		}},
	}
	made := object{
		"name":          g.name,
		"address":       address(0),
		"filter_chains": list{object{"filters": list{object{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}}}},
	}
	for key, value := range g.more {
		made[key] = value
	}
	return made
}

func moodringFilter(config object) object {
	return object{"name": "moodring", "typed_config": object{"@type": typePrefix + "extensions.filters.http.wasm.v3.Wasm", "config": config}}
}

func wasmConfig(wasm, config, vmID string) object {
	return object{
		"configuration": object{"@type": "type.googleapis.com/google.protobuf.StringValue", "value": config},
		"vm_config":     object{"runtime": "envoy.wasm.runtime.v8", "vm_id": vmID, "code": object{"local": object{"filename": wasm}}},
	}
}

func address(port int) object {
	return object{"socket_address": object{"address": "127.0.0.1", "port_value": port}}
}

func cluster(name string, port int) object {
	endpoint := object{"endpoint": object{"address": address(port)}}
	return object{
		"name": name, "type": "STATIC",
		"load_assignment": object{"cluster_name": name, "endpoints": list{object{"lb_endpoints": list{endpoint}}}},
	}
}

// clusterHTTP2 returns a cluster with HTTP/2 without TLS.
func clusterHTTP2(name string, port int) object {
	const options = "extensions.upstreams.http.v3.HttpProtocolOptions"
	made := cluster(name, port)
	made["typed_extension_protocol_options"] = object{"envoy." + options: object{
		"@type":                typePrefix + options,
		"explicit_http_config": object{"http2_protocol_options": object{}},
	}}
	return made
}

// setup is the configuration of an Envoy.
type setup struct {
	workers   int
	listeners list
	clusters  list   // besides those of the model
	dynamic   object // dynamic_resources
	stats     object // stats_config
}

// envoy is a running Envoy.
type envoy struct {
	admin string
	log   *logged
}

func startEnvoy(t *testing.T, modelPort int, s setup) envoy {
	t.Helper()
	bootstrap := object{
		"node":  object{"id": "test", "cluster": "test"}, // discovery requires a node
		"admin": object{"address": address(0)},
		"static_resources": object{
			"listeners": s.listeners,
			"clusters":  append(list{cluster(modelCluster, modelPort), clusterHTTP2(modelHTTP2Cluster, modelPort)}, s.clusters...),
		},
	}
	if s.dynamic != nil {
		bootstrap["dynamic_resources"] = s.dynamic
	}
	if s.stats != nil {
		bootstrap["stats_config"] = s.stats
	}
	dir := t.TempDir()
	config, adminFile := filepath.Join(dir, "envoy.json"), filepath.Join(dir, "admin")
	writeJSON(t, config, bootstrap)
	command := exec.Command(findEnvoy(t), "-c", config, "--admin-address-path", adminFile, "--concurrency", strconv.Itoa(s.workers),
		"--use-dynamic-base-id", "--log-level", "warning", "--component-log-level", "config:info,wasm:info")
	log := runUntilEnd(t, command, "starting workers")
	admin, err := os.ReadFile(adminFile)
	if err != nil {
		t.Fatal(err)
	}
	return envoy{"http://" + string(admin), log}
}

func writeJSON(t *testing.T, path string, value any) {
	t.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, encoded, 0o600); err != nil {
		t.Fatal(err)
	}
}

// findEnvoy looks for Envoy in ENVOY, in the PATH and among the files of
// `make tools`, in this order.
func findEnvoy(t *testing.T) string {
	t.Helper()
	installed, err := filepath.Abs("../.tools/bin/envoy")
	if err != nil {
		t.Fatal(err)
	}
	for _, candidate := range []string{os.Getenv("ENVOY"), "envoy", installed} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	t.Fatal("no Envoy: set ENVOY to its binary, put it on the PATH, or run `make tools`")
	return ""
}

// logged holds the log of a process.
type logged struct {
	mutex sync.Mutex
	text  strings.Builder
}

func (l *logged) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.String()
}

func (l *logged) add(line string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.text.WriteString(line + "\n")
}

// runUntilEnd starts a command, waits until it logs ready, and stops it when the
// test ends. If the test fails, the log is shown.
func runUntilEnd(t *testing.T, command *exec.Cmd, ready string) *logged {
	t.Helper()
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	isReady, isOver := make(chan struct{}), make(chan struct{})
	log := &logged{}
	go func() {
		defer close(isOver)
		wasReady := false
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			log.add(lines.Text())
			if !wasReady && strings.Contains(lines.Text(), ready) {
				wasReady = true
				close(isReady)
			}
		}
	}()
	t.Cleanup(func() {
		_ = command.Process.Kill()
		<-isOver
		_ = command.Wait() // it was killed
		if t.Failed() {
			t.Logf("%s:\n%s", command.Path, log)
		}
	})
	select {
	case <-isReady:
	case <-isOver:
		t.Fatalf("%s ended before it was ready", command.Path)
	}
	return log
}

// gateway returns the address of a listener.
func (e envoy) gateway(t *testing.T, name string) string {
	t.Helper()
	for line := range strings.Lines(e.get(t, "/listeners")) {
		if at, address, _ := strings.Cut(strings.TrimSpace(line), "::"); at == name {
			return "http://" + address
		}
	}
	t.Fatalf("Envoy has no listener %s", name)
	return ""
}

func (e envoy) get(t *testing.T, path string) string {
	t.Helper()
	response, err := http.Get(e.admin + path)
	if err != nil {
		t.Fatal(err)
	}
	return readAll(t, response)
}

func readAll(t *testing.T, response *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// counters returns the plugin's counters by name.
func (e envoy) counters(t *testing.T) map[string]uint64 {
	t.Helper()
	counters := map[string]uint64{}
	for line := range strings.Lines(e.get(t, "/stats?usedonly&filter=^wasmcustom")) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		count, err := strconv.ParseUint(value, 10, 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		counters[strings.TrimPrefix(name, contract.StatPrefix)] = count
	}
	return counters
}

// eventually reads again until the wanted value arrives, for at most ten seconds.
// Envoy counts a reset stream after the client sees the reset.
func eventually[T any](t *testing.T, read func(*testing.T) T, isWanted func(T) bool) T {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; {
		if got := read(t); isWanted(got) || time.Now().After(deadline) {
			return got
		}
	}
}

// Request headers that control the model.
const (
	cutsHeader    = "x-cuts"   // bytes at which the reply is flushed, ascending
	plainHeader   = "x-plain"  // to send the reply's length
	breakHeader   = "x-break"  // to break off after the reply
	statusHeader  = "x-status" // to reply with a status
	claimHeader   = "x-claim"  // to name an encoding that the reply does not have
	binaryHeader  = "Inference-Header-Content-Length"
	grpcMediaType = "application/grpc"
)

// newModel starts an HTTP/1.1 and HTTP/2 server that replies with the body of the
// request. If the request accepts compression, the reply claims to be compressed.
func newModel(t *testing.T) (port int) {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := echo(w, r); err != nil {
			panic(http.ErrAbortHandler)
		}
	}))
	server.Config.Protocols = &http.Protocols{}
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return server.Listener.Addr().(*net.TCPAddr).Port
}

func echo(w http.ResponseWriter, r *http.Request) error {
	var body bytes.Buffer
	if _, err := body.ReadFrom(r.Body); err != nil {
		return err
	}
	isGRPC := r.Header.Get("content-type") == grpcMediaType
	answerHeaders(w.Header(), r.Header, body.Len())
	if status, err := strconv.Atoi(r.Header.Get(statusHeader)); err == nil {
		w.WriteHeader(status)
	}
	if err := writePieces(w, body.Bytes(), r.Header.Get(cutsHeader)); err != nil {
		return err
	}
	if isGRPC {
		w.Header().Set(http.TrailerPrefix+"grpc-status", "0")
	}
	return nil
}

func answerHeaders(reply, request http.Header, length int) {
	for _, name := range []string{"content-type", binaryHeader} {
		if value := request.Get(name); value != "" {
			reply.Set(name, value)
		}
	}
	if claim := request.Get(claimHeader); claim != "" {
		reply.Set("content-encoding", claim)
	}
	if request.Get("accept-encoding") != "" {
		reply.Set("content-encoding", "gzip")
	}
	if request.Get(plainHeader) != "" {
		reply.Set("content-length", strconv.Itoa(length))
	}
	if request.Get(breakHeader) != "" {
		reply.Set("content-length", strconv.Itoa(length+1))
	}
}

func writePieces(w http.ResponseWriter, body []byte, cuts string) error {
	written := 0
	for cut := range strings.SplitSeq(cuts, ",") {
		if end, err := strconv.Atoi(cut); err == nil {
			if _, err := w.Write(body[written:end]); err != nil {
				return err
			}
			if err := http.NewResponseController(w).Flush(); err != nil {
				return fmt.Errorf("flushing a reply: %w", err)
			}
			written = end
		}
	}
	_, err := w.Write(body[written:])
	return err
}
