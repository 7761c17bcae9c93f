package node

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// program is a command line of the node.
type program struct {
	name string
	args []string
}

// path joins a path within the state folder, as the node sees the folder.
func path(elements ...string) string {
	return filepath.Join(append([]string{Inside}, elements...)...)
}

func containerd() program {
	return program{"containerd", []string{"--config", path("etc/containerd.toml")}}
}

func etcd() program {
	const clients, peers = "http://127.0.0.1:2379", "http://127.0.0.1:2380"
	return program{"etcd", []string{
		"--data-dir", path("etcd"), "--listen-client-urls", clients, "--advertise-client-urls", clients, "--listen-peer-urls", peers,
		// The data ends with the node, so no write has to reach the disk.
		"--unsafe-no-fsync",
	}}
}

func apiServer() program {
	return program{"kube-apiserver", []string{
		"--etcd-servers=http://127.0.0.1:2379",
		"--service-cluster-ip-range=" + serviceNetwork,
		"--secure-port=6443", "--advertise-address=" + nodeAddress,
		"--tls-cert-file=" + path("pki/api.crt"), "--tls-private-key-file=" + path("pki/api.key"),
		"--client-ca-file=" + path("pki/ca.crt"), "--token-auth-file=" + path("pki/tokens.csv"), "--authorization-mode=RBAC",
		"--service-account-key-file=" + path("pki/accounts.pub"), "--service-account-signing-key-file=" + path("pki/accounts.key"),
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--allow-privileged=true", "--kubelet-preferred-address-types=InternalIP",
	}}
}

// clients are the programs that need an API server from their start on.
func clients() []program {
	return []program{
		{"kube-controller-manager", []string{
			"--kubeconfig", Kubeconfig, "--leader-elect=false", "--use-service-account-credentials=false",
			"--service-account-private-key-file=" + path("pki/accounts.key"), "--root-ca-file=" + path("pki/ca.crt"),
			"--cluster-signing-cert-file=" + path("pki/ca.crt"), "--cluster-signing-key-file=" + path("pki/ca.key"),
		}},
		{"kube-scheduler", []string{"--kubeconfig", Kubeconfig, "--leader-elect=false"}},
		{"kube-proxy", []string{
			"--kubeconfig", Kubeconfig, "--proxy-mode=iptables", "--cluster-cidr=" + podNetwork, "--hostname-override=" + nodeName,
			// A namespace cannot set the limits of the machine's connection tracking.
			"--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0", "--conntrack-tcp-timeout-close-wait=0",
		}},
		{"kubelet", []string{
			"--kubeconfig", Kubeconfig, "--config", path("etc/kubelet.yaml"), "--root-dir", path("kubelet"), "--cert-dir", path("kubelet/pki"),
			"--hostname-override", nodeName, "--node-ip", nodeAddress,
		}},
	}
}

// running holds the node's programs by their process.
type running struct {
	settings Settings
	mutex    sync.Mutex
	programs map[int]program
}

// run starts the programs, and waits for all processes of the node until a program
// fails. The kernel also gives it the container runtime's processes, after the end of
// their parents.
func (s Settings) run(stderr io.Writer) error {
	r := &running{settings: s, programs: map[int]program{}}
	if err := r.start(containerd()); err != nil {
		return err
	}
	if !s.OnlyContainerd {
		if err := errors.Join(r.start(etcd()), r.start(apiServer())); err != nil {
			return err
		}
	}
	go r.startRest(stderr)
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("waiting for the node's processes: %w", err)
		}
		if p, ok := r.program(pid); ok {
			if err := r.restart(p, status); err != nil {
				return err
			}
		}
	}
}

// restart starts a program again after SIGTERM, which ends the programs with status 0.
// Any other end is a fault.
func (r *running) restart(p program, status unix.WaitStatus) error {
	if !status.Exited() || status.ExitStatus() != 0 {
		return fmt.Errorf("%s ended (%s); its log is %s", p.name, describe(status), r.settings.log(p.name))
	}
	return r.start(p)
}

func describe(status unix.WaitStatus) string {
	if status.Signaled() {
		return status.Signal().String()
	}
	return fmt.Sprintf("exit status %d", status.ExitStatus())
}

func (r *running) program(pid int) (program, bool) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	p, ok := r.programs[pid]
	delete(r.programs, pid)
	return p, ok
}

func (s Settings) log(name string) string { return filepath.Join(s.Logs, name+".log") }

// start starts a program. Only run waits for processes.
func (r *running) start(p program) error {
	binary, err := lookPath(p.name, r.settings.Path)
	if err != nil {
		return err
	}
	log, err := os.OpenFile(r.settings.log(p.name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	r.mutex.Lock()
	defer r.mutex.Unlock()
	process, err := os.StartProcess(binary, append([]string{p.name}, p.args...), &os.ProcAttr{
		Dir: "/", Env: r.settings.environment(), Files: []*os.File{nil, log, log},
	})
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	r.programs[process.Pid] = p
	return process.Release()
}

// startRest starts the programs that need containerd and the API server, and then
// writes the file started. A failure ends the node's first process, and so the node.
func (r *running) startRest(stderr io.Writer) {
	err := await("containerd", func(ctx context.Context) bool {
		connection, err := new(net.Dialer).DialContext(ctx, "unix", containerdSocket)
		return err == nil && connection.Close() == nil
	})
	if err == nil && !r.settings.OnlyContainerd {
		err = r.startClients()
	}
	if err == nil {
		err = os.WriteFile(path("started"), nil, 0o644)
	}
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		os.Exit(1)
	}
}

func (r *running) startClients() error {
	if err := awaitAPI(); err != nil {
		return err
	}
	for _, p := range clients() {
		if err := r.start(p); err != nil {
			return err
		}
	}
	return nil
}

// awaitAPI returns when the API server is ready.
func awaitAPI() error {
	authority, err := os.ReadFile(path("pki/ca.crt"))
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	return await("kube-apiserver", func(ctx context.Context) bool {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://127.0.0.1:6443/readyz", nil)
		if err != nil {
			return false
		}
		response, err := client.Do(request)
		return err == nil && response.Body.Close() == nil && response.StatusCode == http.StatusOK
	})
}

const (
	programLimit = 2 * time.Minute
	programEvery = 50 * time.Millisecond
)

// await returns when a program is ready.
func await(name string, isReady func(context.Context) bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), programLimit)
	defer cancel()
	for !isReady(ctx) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s was not ready within %s", name, programLimit)
		case <-time.After(programEvery):
		}
	}
	return nil
}

// lookPath finds a program in the folders, else on the usual path.
func lookPath(name string, folders []string) (string, error) {
	if strings.Contains(name, "/") {
		return filepath.Abs(name)
	}
	for _, folder := range folders {
		file := filepath.Join(folder, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			return file, nil
		}
	}
	return exec.LookPath(name)
}
