package main

import (
	"fmt"
	"time"
)

// levels are the numbers of callers at a time.
var levels = []int{1, 8, 64}

// figures are the measurements of one server.
type figures struct {
	ready  time.Duration
	rates  []float64       // answers a second, by level
	p99    []time.Duration // by level
	memory float64         // the peak, in MB
}

// compare measures the model server and the rivals, one at a time.
func compare(ours []string, dir, python, pipelinePython string) error {
	us, err := measure("modelserver", ours)
	if err != nil {
		return err
	}
	session, err := measure("KServe's Python SDK, ONNX Runtime", []string{python, "modelserver/bench/rival.py", "--model_dir", dir, "--enable_grpc", "False"})
	if err != nil {
		return err
	}
	pipeline, err := measure("KServe's Python SDK, pipeline", []string{pipelinePython, "modelserver/bench/pipeline.py", "--model_dir", dir, "--enable_grpc", "False"})
	if err != nil {
		return err
	}
	fmt.Printf("ready after %s (aim: at most 1s)\n", us.ready.Round(10*time.Millisecond))
	for i, level := range levels {
		fmt.Printf("requests a second at %d callers: %.1f times the SDK's with ONNX Runtime (aim: at least 3), %.1f times the pipeline's (aim: at least 25)\n",
			level, us.rates[i]/session.rates[i], us.rates[i]/pipeline.rates[i])
	}
	fmt.Printf("p99 at 1 caller: %.2f of the pipeline's (aim: at most 0.2)\n", us.p99[0].Seconds()/pipeline.p99[0].Seconds())
	fmt.Printf("peak memory: %.2f of the pipeline's (aim: at most 0.25)\n", us.memory/pipeline.memory)
	return nil
}

// measure starts a server, puts it under load, and prints the figures.
func measure(name string, command []string) (figures, error) {
	s, err := start(command...)
	if err != nil {
		return figures{}, err
	}
	defer s.stop()
	f := figures{ready: s.ready}
	fmt.Printf("%s: ready after %s\n", name, s.ready.Round(10*time.Millisecond))
	for _, level := range levels {
		t, rate, err := load(s.url, level, 5*time.Second)
		if err != nil {
			return figures{}, fmt.Errorf("%s: %w", name, err)
		}
		fmt.Printf("%s: %2d callers: %6.0f requests a second, p50 %s, p99 %s, %d refused\n", name, level, rate, t.quantile(0.5), t.quantile(0.99), t.refused)
		f.rates, f.p99 = append(f.rates, rate), append(f.p99, t.quantile(0.99))
	}
	_, f.memory, err = s.memory()
	fmt.Printf("%s: peak memory %.0f MB\n", name, f.memory)
	return f, err
}
