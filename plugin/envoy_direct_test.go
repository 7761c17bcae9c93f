package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestEnvoyServesLabelsItself tests scraping without the exporter: Envoy extracts
// the labels from the names by its stats_tags.
func TestEnvoyServesLabelsItself(t *testing.T) {
	gateway := gateway{name: "gateway", config: `{"maxLabels": 2, "margins": true, "scoreSums": true, "batchSizes": true}`}
	envoy := startEnvoy(t, newModel(t), setup{workers: 1, listeners: list{gateway.listener(wasmFile(t))}, stats: documentedStats(t)})
	url := envoy.gateway(t, "gateway")
	predict(t, url, "bert", joy)
	predict(t, url, "bert/versions/2", `{"predictions":["a","b","`+oddLabel[:2]+`"]}`)
	predict(t, url, "bert", `not JSON`)
	page := envoy.get(t, "/stats/prometheus?usedonly&filter=^wasmcustom")
	for _, line := range []string{
		`moodring_predictions_total{model_namespace="default",model_service="model",model="bert",model_version="model",label="joy"} 1`,
		`moodring_predictions_total{model_namespace="default",model_service="model",model="bert",model_version="2",label="a"} 1`,
		`moodring_prediction_confidence_bucket{model_namespace="default",model_service="model",model="bert",model_version="model",label="joy",le="0.99"} 1`,
		`moodring_prediction_confidence_count{model_namespace="default",model_service="model",model="bert",model_version="model",label="joy"} 1`,
		`moodring_prediction_confidence_sum_millionths{model_namespace="default",model_service="model",model="bert",model_version="model",label="joy"} 960000`,
		`moodring_replies_total{model_namespace="default",model_service="model",model="bert",model_version="model",outcome="counted"} 1`,
		`moodring_replies_total{model_namespace="default",model_service="model",model="bert",model_version="model",outcome="unparsed"} 1`,
		`moodring_overflow_total{kind="labels"} 1`,
		`moodring_prediction_margin_count{model_namespace="default",model_service="model",model="bert",model_version="model"} 1`,
		`moodring_label_scores_total_millionths{model_namespace="default",model_service="model",model="bert",model_version="model",label="love"} 40000`,
		`moodring_reply_batch_size_bucket{model_namespace="default",model_service="model",model="bert",model_version="2",le="5"} 1`,
	} {
		if !strings.Contains(page, line+"\n") {
			t.Errorf("no %s", line)
		}
	}
	if t.Failed() {
		t.Log(page)
	}
}

// documentedStats returns the part of the bootstrap that docs/plugin.md shows.
func documentedStats(t *testing.T) (stats object) {
	t.Helper()
	text, err := os.ReadFile("../docs/plugin.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, isThere := strings.Cut(string(text), "```json\n{\"stats_config\": ")
	block, _, isClosed := strings.Cut(block, "}\n```")
	if !isThere || !isClosed {
		t.Fatal("docs/plugin.md has no JSON block with a stats_config")
	}
	if err := json.Unmarshal([]byte(block), &stats); err != nil {
		t.Fatal(err)
	}
	return stats
}
