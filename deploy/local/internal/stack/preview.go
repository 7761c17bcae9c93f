package stack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"

	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/deploy/local/internal/grafana"
	"github.com/moodring/moodring/deploy/local/internal/process"
)

// startPreview shows the dashboards in a real Grafana if one was found, else in
// dashgen's preview.
func (s *Stack) startPreview(ctx context.Context) error {
	port := s.ports.Preview
	if s.grafana != "" {
		program, err := s.grafanaProgram(ctx)
		if err != nil {
			return err
		}
		return s.startProgram(ctx, program, port)
	}
	return s.startProgram(ctx, process.Program{
		Name: port.Name,
		Path: s.binary("dashgen"),
		Args: []string{
			"preview", "--prometheus", s.ports.Prometheus.url(), "--web.listen-address", port.address(),
			"--scrape-interval", model.Duration(s.options.ScrapeInterval).String(),
		},
		Ready: port.url() + "/healthz",
	}, port)
}

func (s *Stack) grafanaProgram(ctx context.Context) (process.Program, error) {
	options := grafana.Options{
		Path: s.grafana, Dir: s.path("grafana"),
		Host: "127.0.0.1", Port: strconv.Itoa(s.ports.Preview.Number),
		Prometheus: s.ports.Prometheus.url(), ScrapeInterval: s.options.ScrapeInterval,
	}
	if err := os.MkdirAll(options.Dashboards(), 0o755); err != nil {
		return process.Program{}, err
	}
	if text, err := exec.CommandContext(ctx, s.binary("dashgen"), "generate", options.Dashboards()).CombinedOutput(); err != nil {
		return process.Program{}, fmt.Errorf("the dashboards for Grafana: %w: %s", err, text)
	}
	program, err := options.Program()
	program.Name = "grafana"
	return program, err
}
