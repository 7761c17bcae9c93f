package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moodring/moodring/contract"
)

const oddLabel = `so "happy"/very-much.v2`

// TestEnvoy runs the compiled filter in a real Envoy and reads its counters in all
// three formats of the admin endpoint.
func TestEnvoy(t *testing.T) {
	refused := object{"match": object{"path": "/v1/models/refused:predict"}, "direct_response": object{"status": 429}}
	gateway := gateway{name: "gateway", config: `{"plainCounters": true, "models": {"bert-emotion-model": {"labels": ["line\nbreak", "trailing."]}}}`, routes: list{refused}}
	envoy := startEnvoy(t, newModel(t), setup{workers: 2, listeners: list{gateway.listener(wasmFile(t))}})
	url := envoy.gateway(t, "gateway")

	quoted, err := json.Marshal(oddLabel)
	if err != nil {
		t.Fatal(err)
	}
	for _, reply := range []string{
		joy, batch, joy,
		`{"predictions":[[{"label":` + string(quoted) + `,"score":0.5}]]}`,
		"{\"predictions\":[\"\",\"line\\nbreak\",\"trailing.\",\"a=.=b;.;c\",\"é\"]}",
		`{"predictions":[]}`, `not JSON`, joy[:40], ``,
	} {
		if got := predict(t, url, "bert-emotion-model", reply); got != reply {
			t.Errorf("the gateway made %q of the reply %q", got, reply)
		}
	}
	predict(t, url, "refused", "")
	reset(t, url, http.StatusOK, joy[:20])
	reset(t, url, http.StatusOK, "") // after the headers
	reset(t, url, http.StatusInternalServerError, joy[:20])

	field := func(key, value string) string { return key + "=" + strconv.Quote(value) }
	of := field(contract.LabelNamespace, "default") + "," + field(contract.LabelService, "model") + "," +
		field(contract.LabelModel, "bert-emotion-model") + "," + field(contract.LabelVersion, "model")
	want := map[string]uint64{}
	for label, count := range map[string]uint64{
		"joy": 4, "fear": 1, oddLabel: 1, "": 1, "line\nbreak": 1, "trailing.": 1, "a=.=b;.;c": 1, "é": 1,
	} {
		want[contract.Predictions+"{"+of+","+field(contract.LabelLabel, label)+"}"] = count
	}
	for outcome, count := range map[string]uint64{
		contract.OutcomeCounted: 5, contract.OutcomeNoPredictions: 1, contract.OutcomeUnparsed: 1, contract.OutcomeTruncated: 4,
		contract.OutcomeErrorStatus: 1,
	} {
		want[contract.Replies+"{"+of+","+field(contract.LabelOutcome, outcome)+"}"] = count
	}
	for form, read := range map[string]func(*testing.T) map[string]uint64{
		"text": envoy.textStats, "JSON": envoy.jsonStats, "Prometheus": envoy.prometheusStats,
	} {
		t.Run(form, func(t *testing.T) {
			got := eventually(t, read, func(got map[string]uint64) bool { return cmp.Equal(want, got) })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("counters (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("plain counters", func(t *testing.T) {
		page := envoy.get(t, "/stats/prometheus")
		if !strings.Contains(page, "# TYPE joy counter\njoy{} 4\n") {
			t.Errorf("no joy{} 4 in\n%s", page)
		}
	})
}

func predict(t *testing.T, url, model, reply string) string {
	t.Helper()
	response, err := http.Post(url+"/v1/models/"+model+":predict", "application/json", strings.NewReader(reply))
	if err != nil {
		t.Fatal(err)
	}
	return readAll(t, response)
}

// reset makes the model reset the stream in the middle of its reply.
func reset(t *testing.T, url string, status int, reply string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, url+"/v1/models/bert-emotion-model:predict", strings.NewReader(reply))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set(breakHeader, "yes")
	request.Header.Set(cutsHeader, "0")
	request.Header.Set(statusHeader, strconv.Itoa(status))
	response, err := http.DefaultClient.Do(request)
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close() // the reply's error matters, not this one
	}
	if err == nil {
		t.Error("a reply that was broken off arrived whole")
	}
}

func (e envoy) textStats(t *testing.T) map[string]uint64 {
	t.Helper()
	series := map[string]uint64{}
	for line := range strings.Lines(e.get(t, "/stats?usedonly")) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		addSeries(t, series, contract.ParseStat, name, value)
	}
	return series
}

func (e envoy) jsonStats(t *testing.T) map[string]uint64 {
	t.Helper()
	var page struct {
		Stats []struct {
			Name  string
			Value json.Number
		}
	}
	if err := json.Unmarshal([]byte(e.get(t, "/stats?format=json&usedonly")), &page); err != nil {
		t.Fatal(err)
	}
	series := map[string]uint64{}
	for _, stat := range page.Stats {
		addSeries(t, series, contract.ParseStat, stat.Name, stat.Value.String())
	}
	return series
}

func (e envoy) prometheusStats(t *testing.T) map[string]uint64 {
	t.Helper()
	series := map[string]uint64{}
	line := regexp.MustCompile(`(?m)^(\w+)\{\} (\d+)$`)
	for _, match := range line.FindAllStringSubmatch(e.get(t, "/stats/prometheus?usedonly"), -1) {
		addSeries(t, series, contract.ParsePrometheus, match[1], match[2])
	}
	return series
}

// addSeries adds the predictions and replies to series, in Prometheus's notation.
func addSeries(t *testing.T, series map[string]uint64, parse func(string) (contract.Stat, error), name, value string) {
	t.Helper()
	stat, err := parse(name)
	if err != nil || stat.Name != contract.Predictions && stat.Name != contract.Replies {
		return
	}
	count, err := strconv.ParseUint(value, 10, 64)
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
	var labels []string
	for _, field := range stat.Fields {
		labels = append(labels, fmt.Sprintf("%s=%q", field.Key, field.Value))
	}
	series[stat.Name+"{"+strings.Join(labels, ",")+"}"] = count
}
