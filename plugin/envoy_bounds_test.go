package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/moodring/moodring/contract"
)

// TestEnvoyBoundsItsSeries checks that four workers together keep to the limits,
// and that every prediction past a limit counts under other and as overflow. One
// model gives a new label each time. Callers request models with invented names,
// on a wildcard route.
func TestEnvoyBoundsItsSeries(t *testing.T) {
	const callers, calls, maxLabels, maxModels = 16, 100, 6, 5
	limits := fmt.Sprintf(`{"maxLabels": %d, "maxModels": %d}`, maxLabels, maxModels)
	open := gateway{name: "open", config: limits, vmID: "open"}
	listed := gateway{name: "listed", config: `{"onlyListed": true, "models": {"listed": {}}}`, vmID: "listed"}
	wasm := wasmFile(t)
	envoy := startEnvoy(t, newModel(t), setup{workers: 4, listeners: list{open.listener(wasm), listed.listener(wasm)}})

	drive(t, envoy.gateway(t, "open"), *seed, callers, func(c *caller) error {
		for call := range calls {
			own := c.Uint64()
			if err := c.ok("hostile", fmt.Sprintf(`{"predictions":["label %d"]}`, own%1e8), 200); err != nil {
				return err
			}
			if err := c.ok(fmt.Sprintf("invented%d", own), `{"predictions":["joy","joy"]}`, 200); err != nil {
				return err
			}
			if err := c.ok(fmt.Sprintf("missing%d", own), `{"error":"no such model"}`, 404); err != nil {
				return err
			}
			if call%10 == 0 {
				c.hangUp()
			}
		}
		return nil
	})
	t.Run("open", func(t *testing.T) { checkBounds(t, envoy.counters(t), callers*calls, maxLabels, maxModels) })

	before := envoy.counters(t)
	drive(t, envoy.gateway(t, "listed"), *seed, callers, func(c *caller) error {
		for range calls / 10 {
			if err := c.ok(fmt.Sprintf("invented%d", c.Uint64()), `{"predictions":["joy"]}`, 200); err != nil {
				return err
			}
			if err := c.ok("listed", `{"predictions":["joy"]}`, 200); err != nil {
				return err
			}
		}
		return nil
	})
	t.Run("only listed", func(t *testing.T) {
		want := truth(before)
		model := []contract.Field{{Key: contract.LabelModel, Value: "listed"}}
		want.add(callers*calls/10, contract.Predictions, model, contract.Field{Key: contract.LabelLabel, Value: "joy"})
		want.add(callers*calls/10, contract.Replies, model, contract.Field{Key: contract.LabelOutcome, Value: contract.OutcomeCounted})
		envoy.expect(t, want)
	})
}

// ok requests a reply over HTTP/1.1.
func (c *caller) ok(model, reply string, status int) error {
	request, err := http.NewRequest(http.MethodPost, c.url+"/v1/models/"+model+":predict", strings.NewReader(reply))
	if err != nil {
		return err
	}
	request.Header.Set(statusHeader, fmt.Sprint(status))
	response, err := c.client[0].Do(request)
	if err != nil {
		return err
	}
	return c.holdTo(response, status, []byte(reply))
}

// checkBounds checks the counters after n replies of the hostile model, n replies
// of invented models with two predictions each, and n replies with status 404.
func checkBounds(t *testing.T, counters map[string]uint64, n uint64, maxLabels, maxModels int) {
	t.Helper()
	labels, models := map[string]bool{}, map[string]bool{}
	sums := map[string]uint64{}
	for name, count := range counters {
		stat, err := contract.ParseStat(contract.StatPrefix + name)
		if err != nil {
			t.Fatal(err)
		}
		values := map[string]string{}
		for _, field := range stat.Fields {
			values[field.Key] = field.Value
		}
		model := values[contract.LabelModel]
		if strings.HasPrefix(model, "missing") {
			t.Errorf("%s: a model that is not there got room", name)
		}
		if stat.Name == contract.Predictions && model == "hostile" {
			labels[values[contract.LabelLabel]] = true
		}
		if model != "" {
			models[model] = true
		}
		sums[stat.Name+" "+values[contract.LabelOutcome]+values[contract.LabelKind]] += count
		if isOther := model == contract.Other; stat.Name == contract.Predictions && (isOther || values[contract.LabelLabel] == contract.Other) {
			sums["of other, by model: "+fmt.Sprint(isOther)] += count
		}
	}
	if len(labels) != maxLabels+1 || len(models) != maxModels+1 {
		t.Errorf("%d labels and %d models are kept apart, want %d and %d, and other", len(labels), len(models), maxLabels, maxModels)
	}
	byModel, byLabel := sums["of other, by model: true"], sums["of other, by model: false"]
	want := map[string]uint64{
		contract.Predictions + " ":                           3 * n,
		contract.Replies + " " + contract.OutcomeCounted:     2 * n,
		contract.Replies + " " + contract.OutcomeErrorStatus: n,
		contract.Overflow + " " + contract.OverflowModels:    byModel,
		contract.Overflow + " " + contract.OverflowLabels:    byLabel,
	}
	for name, count := range want {
		if sums[name] != count || count == 0 {
			t.Errorf("%s is %d, want %d", name, sums[name], count)
		}
	}
}
