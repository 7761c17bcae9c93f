package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

// In OpenMetrics, the page is valid for the reference parser, which is stricter than
// Prometheus's, and for Prometheus's own. In the text format, promtool has no
// complaint about a gateway's metrics.
func TestPagesAreValid(t *testing.T) {
	begins := httptest.NewServer(firstThen("", mood+"label___joy___moodring_prediction_confidence_count{} 6\n"))
	t.Cleanup(begins.Close)
	address := start(t, "--config.file", writeConfig(t, "scrape: {min_age: 0s}\n"),
		"--gateway", "ingress="+envoy(t, new(atomic.Int32)).URL, "--gateway", "begins="+begins.URL)
	const openMetrics = "application/openmetrics-text;version=1.0.0"
	getAs(t, address+"/metrics", openMetrics)
	page := getAs(t, address+"/metrics", openMetrics)
	for _, part := range []string{
		"# TYPE moodring_predictions counter\n", "\ngo_memstats_alloc_bytes_total ",
		"\nmoodring_predictions_created{gateway=\"begins\",", "\nmoodring_prediction_confidence_created{gateway=\"begins\",",
	} {
		if !strings.Contains(page, part) {
			t.Errorf("the page in OpenMetrics has no %q:\n%s", part, page)
		}
	}
	parseWithReference(t, page)
	parser, err := textparse.New([]byte(page), openMetrics, labels.NewSymbolTable(), textparse.ParserOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = parser.Next()
	}
	if !errors.Is(err, io.EOF) {
		t.Errorf("Prometheus cannot parse the page: %v", err)
	}
	problems, err := promlint.New(strings.NewReader(get(t, address+"/metrics"))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		if strings.HasPrefix(problem.Metric, "moodring_") {
			t.Errorf("promtool: %s: %s", problem.Metric, problem.Text)
		}
	}
}

// getAs gets a page in a format.
func getAs(t *testing.T, url, accept string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", accept)
	request.Close = true // an idle connection would delay the exporter's shutdown
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s, %v", url, response.Status, err)
	}
	return string(body)
}

// parseWithReference parses a page with the parser of the package prometheus-client
// of PyPI, and fails the test if the page is invalid.
func parseWithReference(t *testing.T, page string) {
	t.Helper()
	const program = `
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
list(text_string_to_metric_families(sys.stdin.read()))
`
	const python = "../.tools/venv/bin/python"
	cmd := exec.Command(python, "-c", program)
	cmd.Stdin = strings.NewReader(page)
	var errors bytes.Buffer
	cmd.Stderr = &errors
	if err := cmd.Run(); err != nil {
		t.Errorf("%v: %s\nThe parser comes from: make .tools/venv/openmetrics", err, errors.String())
	}
}
