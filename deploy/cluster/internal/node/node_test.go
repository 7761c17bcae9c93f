package node_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moodring/moodring/deploy/cluster/internal/host"
	"github.com/moodring/moodring/deploy/cluster/internal/node"
)

func init() { runtime.LockOSThread() } // as in package main

// TestMain is also the main function of the node's processes.
func TestMain(m *testing.M) {
	commands := map[string]func() error{
		"guard": func() error {
			syscall.CloseOnExec(3)
			return node.Guard(os.Args[2], os.Stdin, os.Stderr)
		},
		"node":  func() error { return node.Main(os.Args[2], os.Stderr) },
		"probe": node.Probe,
		"hold":  func() error { return hold(os.Args[2]) },
	}
	if len(os.Args) > 1 && commands[os.Args[1]] != nil {
		if err := commands[os.Args[1]](); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// hold starts a node, says so, and waits to be killed.
func hold(folder string) error {
	if _, err := node.Start(context.Background(), settings(folder)); err != nil {
		return err
	}
	fmt.Println("up")
	select {}
}

// settings returns the settings of a node with containerd alone.
func settings(folder string) node.Settings {
	s := node.Settings{Folder: filepath.Join(folder, "run"), Logs: filepath.Join(folder, "log"), Images: folder, OnlyContainerd: true}
	for _, module := range []string{"containerd", "kubernetes"} {
		programs, err := filepath.Glob("../../../../.tools/cluster/bin/" + module + "-????????????????")
		if err != nil || len(programs) == 0 {
			panic("no " + module + " in .tools/cluster: run `make cluster` once")
		}
		path, err := filepath.Abs(programs[0])
		if err != nil {
			panic(err)
		}
		s.Path = append(s.Path, path)
	}
	if err := s.Check(); err != nil {
		panic(err)
	}
	return s
}

// TestKubernetes: a node registers itself, and is ready for pods. Its API server can be
// restarted.
func TestKubernetes(t *testing.T) {
	folder := t.TempDir()
	before := host.Snapshot(filepath.Join(folder, "run"))
	s := settings(folder)
	s.OnlyContainerd = false
	n, err := node.Start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := inside(n, "kubectl", "wait", "--for=create", "node/moodring", "--timeout=60s"); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := inside(n, "kubectl", "wait", "--for=condition=Ready", "node/moodring", "--timeout=60s"); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := inside(n, "sh", "-c", "pkill -TERM -x kube-apiserver; sleep 1; until kubectl get nodes; do sleep 0.2; done"); err != nil {
		t.Errorf("restart of the API server: %v: %s", err, out)
	}
	if err := n.Stop(); err != nil {
		t.Error(err)
	}
	if left := host.Differences(before, host.Snapshot(filepath.Join(folder, "run"))); len(left) > 0 {
		t.Error(strings.Join(left, "\n"))
	}
}

// TestNothingIsLeft: every end of a node leaves the machine's mounts, interfaces,
// cgroups, kernel settings, iptables rules and processes as before.
func TestNothingIsLeft(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, folder string){
		"stopped":        stopped,
		"failed":         failed,
		"program killed": programKilled,
		"guard killed":   guardKilled,
		"removed":        removed,
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			state := filepath.Join(folder, "run")
			before := host.Snapshot(state)
			end(t, folder)
			for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
				left := host.Differences(before, host.Snapshot(state))
				if len(left) == 0 {
					return
				}
				if time.Now().After(deadline) {
					t.Fatal(strings.Join(left, "\n"))
				}
			}
		})
	}
}

func stopped(t *testing.T, folder string) {
	n := start(t, folder)
	if out, err := inside(n, "ctr", "version"); err != nil {
		t.Errorf("ctr version: %v: %s", err, out)
	}
	if out, err := inside(n, "hostname"); err != nil || out != "moodring\n" {
		t.Errorf("hostname %q, %v", out, err)
	}
	if err := n.Stop(); err != nil {
		t.Error(err)
	}
}

func failed(t *testing.T, folder string) {
	s := settings(folder)
	s.Path = nil // no containerd
	if n, err := node.Start(t.Context(), s); err == nil {
		// The first process is there before it looks for containerd.
		<-n.Ended()
		if err := n.Err(); !strings.Contains(err.Error(), "containerd") {
			t.Error(err)
		}
		_ = n.Stop()
	}
}

func programKilled(t *testing.T, folder string) {
	program := holdIn(t, folder)
	if err := program.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = program.Wait()
}

func guardKilled(t *testing.T, folder string) {
	n := start(t, folder)
	for _, pid := range children(t, os.Getpid()) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Error(err)
		}
	}
	<-n.Ended()
	if err := n.Stop(); err != nil {
		t.Error(err)
	}
}

// removed is `cluster down` after the program and the guard were killed.
func removed(t *testing.T, folder string) {
	program := holdIn(t, folder)
	for _, pid := range append(children(t, program.Process.Pid), program.Process.Pid) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Error(err)
		}
	}
	_ = program.Wait()
	if _, err := node.Remove(t.Context(), filepath.Join(folder, "run")); err != nil {
		t.Error(err)
	}
}

func start(t *testing.T, folder string) *node.Node {
	t.Helper()
	n, err := node.Start(t.Context(), settings(folder))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// holdIn runs hold in another process.
func holdIn(t *testing.T, folder string) *exec.Cmd {
	t.Helper()
	program := exec.Command("/proc/self/exe", "hold", folder)
	program.Stderr = os.Stderr
	out, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "up\n" {
		t.Fatalf("the program says %q", line)
	}
	return program
}

func inside(n *node.Node, name string, args ...string) (string, error) {
	command := n.Command(context.Background(), name, args...)
	var out strings.Builder
	command.Stdout, command.Stderr = &out, &out
	err := n.Run(command)
	return out.String(), err
}

func children(t *testing.T, parent int) []int {
	t.Helper()
	out, _ := exec.Command("pgrep", "-P", fmt.Sprint(parent)).Output()
	var pids []int
	for _, field := range strings.Fields(string(out)) {
		var pid int
		if _, err := fmt.Sscan(field, &pid); err == nil && isGuard(pid) {
			pids = append(pids, pid)
		}
	}
	if len(pids) == 0 {
		t.Fatal("no guard runs")
	}
	return pids
}

func isGuard(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return err == nil && strings.Contains(string(text), "\x00guard\x00")
}
