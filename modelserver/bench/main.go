// Bench compares the model server with KServe's Python SDK and ONNX Runtime on the same model: the same texts, the same
// load generator, one server at a time.
//
//	bench MODELSERVER PYTHON MODEL_DIR ONNXRUNTIME
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: bench MODELSERVER PYTHON MODEL_DIR ONNXRUNTIME")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(program, python, dir, library string) error {
	ours, err := measure("modelserver", program, "--model_dir", dir, "--onnxruntime", library, "--host", "127.0.0.1", "--enable_grpc=false", "--drain-delay=0s")
	if err != nil {
		return err
	}
	theirs, err := measure("KServe's Python SDK, ONNX Runtime", python, "modelserver/bench/rival.py", "--model_dir", dir, "--enable_grpc", "False")
	if err != nil {
		return err
	}
	for i, level := range levels {
		fmt.Printf("requests a second at %d callers: %.1f times the SDK's (aim: at least 3)\n", level, ours[i].rate/theirs[i].rate)
	}
	return nil
}

// levels are the numbers of callers at a time.
var levels = []int{1, 8, 64}

// result is one level's figures.
type result struct {
	rate     float64 // requests a second
	p50, p99 time.Duration
	refused  int
}

// measure starts a server, and puts it under load.
func measure(name, command string, args ...string) ([]result, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	server := exec.Command(command, append(args, "--http_port", strconv.Itoa(port))...)
	started := time.Now()
	if err := server.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() {
		ended <- server.Wait()
		close(ended)
	}()
	defer func() {
		if server.Process.Kill() == nil {
			for range ended { // waits until the server has ended
			}
		}
	}()
	url := fmt.Sprintf("http://127.0.0.1:%d/v1/models/model", port)
	if err := ready(url, ended); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	fmt.Printf("%s: ready after %s\n", name, time.Since(started).Round(10*time.Millisecond))
	var results []result
	for _, level := range levels {
		r, err := load(url+":predict", level)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		fmt.Printf("%s: %2d callers: %6.0f requests a second, p50 %s, p99 %s, %d refused\n", name, level, r.rate,
			r.p50.Round(100*time.Microsecond), r.p99.Round(100*time.Microsecond), r.refused)
		results = append(results, r)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", server.Process.Pid))
	if err != nil {
		return nil, err
	}
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	peak, _, _ = strings.Cut(peak, "\n")
	fmt.Printf("%s: peak memory %s\n", name, strings.TrimSpace(peak))
	return results, nil
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close()
}

// ready waits until the model is ready.
func ready(url string, ended <-chan error) error {
	for {
		select {
		case err := <-ended:
			return fmt.Errorf("the server ended before it was ready: %w", err)
		case <-time.After(5 * time.Millisecond):
		}
		response, err := http.Get(url)
		if err != nil {
			continue
		}
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return nil
		}
	}
}

const duration = 5 * time.Second

// load calls the server from a number of callers for some time.
func load(url string, callers int) (result, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}}
	var mutex sync.Mutex
	var times []time.Duration
	var failures []error
	refused := 0
	var group sync.WaitGroup
	started := time.Now()
	for caller := range callers {
		group.Go(func() {
			random := rand.New(rand.NewPCG(uint64(caller), 1))
			for time.Since(started) < duration {
				before := time.Now()
				code, err := call(client, url, text(random))
				mutex.Lock()
				switch {
				case err != nil:
					failures = append(failures, err)
				case code == http.StatusOK:
					times = append(times, time.Since(before))
				default:
					refused++
				}
				mutex.Unlock()
			}
		})
	}
	group.Wait()
	elapsed := time.Since(started)
	if len(times) == 0 || len(failures) > 0 {
		return result{}, fmt.Errorf("%d requests were answered: %w", len(times), errors.Join(failures...))
	}
	slices.Sort(times)
	return result{float64(len(times)) / elapsed.Seconds(), times[len(times)/2], times[len(times)*99/100], refused}, nil
}

func call(client *http.Client, url, text string) (int, error) {
	body, err := json.Marshal(map[string][]string{"instances": {text}})
	if err != nil {
		return 0, err
	}
	response, err := client.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

var words = strings.Fields("i feel so happy sad angry and afraid today because the long winding road to the old house was empty when my sister called")

// text returns a sentence of 5 to 25 words.
func text(random *rand.Rand) string {
	chosen := make([]string, 5+random.IntN(21))
	for i := range chosen {
		chosen[i] = words[random.IntN(len(words))]
	}
	return strings.Join(chosen, " ")
}
