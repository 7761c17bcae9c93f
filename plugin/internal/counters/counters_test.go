package counters

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/abitest"
)

func TestCountedIndex(t *testing.T) {
	if outcome := contract.Outcomes()[counted]; outcome != contract.OutcomeCounted {
		t.Errorf("outcome %d is %s, not %s", counted, outcome, contract.OutcomeCounted)
	}
}

func TestNames(t *testing.T) {
	var names Names
	for range 2 { // the second round reuses the memory
		for i := range 200 {
			name := []byte(fmt.Sprint("name", i))
			if got := names.Find(name, Hash(name)); got != -1 {
				t.Errorf("%s has number %d before Add", name, got)
			}
			if got := names.Add(name, Hash(name)); got != i {
				t.Errorf("Add(%s) = %d, want %d", name, got, i)
			}
		}
		for i := range 200 {
			name := fmt.Sprint("name", i)
			if got := names.Find([]byte(name), Hash(name)); got != i || string(names.Text(got)) != name {
				t.Errorf("Find(%s) = %d", name, got)
			}
		}
		names.reset()
	}
}

// TestSharedLimit checks that two VMs keep to one limit, and admit the same names.
func TestSharedLimit(t *testing.T) {
	var proxy abitest.Proxy
	one, two := abitest.NewVM(&proxy), abitest.NewVM(&proxy)
	newSet := func() *sharedNames[*string] {
		return &sharedNames[*string]{nameList: nameList{key: []byte("key")}, make: func(name string) *string { return &name }}
	}
	a, b := newSet(), newSet()
	const limit = 2
	var got []string
	for _, try := range []struct {
		set  *sharedNames[*string]
		vm   *abitest.VM
		name string
	}{{a, one, "x"}, {b, two, "y"}, {a, one, "z"}, {a, one, "y"}, {b, two, "x"}, {b, two, "z"}} {
		if value := try.set.admit(try.vm, []byte(try.name), Hash(try.name), limit); value != nil {
			got = append(got, *value)
		} else {
			got = append(got, "full")
		}
	}
	if diff := cmp.Diff([]string{"x", "y", "full", "y", "x", "full"}, got); diff != "" {
		t.Errorf("admitted (-want +got):\n%s", diff)
	}
}

// TestServices checks that limits hold for each service, that services of two
// namespaces are not mixed up, and that services past the limit count under other.
func TestServices(t *testing.T) {
	var proxy abitest.Proxy
	one, two := New(abitest.NewVM(&proxy)), New(abitest.NewVM(&proxy))
	options := Options{MaxServices: 3, MaxModels: 1, MaxLabels: 1}
	add := func(counts *Counters, namespace, service, model string) {
		id := ModelID{MayAdmit: true, Service: counts.Service(namespace, service, options.MaxServices)}
		id.Name.AddAll([]byte(model))
		counts.Add(&id, contract.OutcomeErrorStatus, nil, &options)
		counts.Flush()
	}
	add(one, "a", "bc", "m")
	add(two, "ab", "c", "m")
	add(one, "", "abc", "m")
	add(one, "ab", "c", "m")
	add(two, "a", "bc", "second")
	add(two, "b", "fourth", "m")
	add(one, "", "", "m")
	const errors = "outcome=.=error_status;.;moodring_replies_total"
	want := map[string]uint64{
		"model_namespace=.=a;.;model_service=.=bc;.;model=.=m;.;" + errors:     1,
		"model_namespace=.=ab;.;model_service=.=c;.;model=.=m;.;" + errors:     2,
		"model_service=.=abc;.;model=.=m;.;" + errors:                          1,
		"model_namespace=.=a;.;model_service=.=bc;.;model=.=other;.;" + errors: 1,
		"model_service=.=other;.;model=.=other;.;" + errors:                    1,
		"model=.=m;.;" + errors: 1,
	}
	if diff := cmp.Diff(want, proxy.Counters()); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
}

// TestUnknownModels checks that a model is only admitted with MayAdmit.
func TestUnknownModels(t *testing.T) {
	var proxy abitest.Proxy
	counts := New(abitest.NewVM(&proxy))
	options := Options{MaxModels: 1, MaxLabels: 1}
	add := func(name string, mayAdmit bool) {
		id := ModelID{MayAdmit: mayAdmit, Service: counts.Service("", "", 1)}
		id.Name.AddAll([]byte(name))
		counts.Add(&id, contract.OutcomeErrorStatus, nil, &options)
	}
	add("invented", false)
	add("bert", true)
	add("bert", false)
	add("second", true)
	counts.Flush()
	want := map[string]uint64{
		"model=.=other;.;outcome=.=error_status;.;moodring_replies_total": 2,
		"model=.=bert;.;outcome=.=error_status;.;moodring_replies_total":  2,
	}
	if diff := cmp.Diff(want, proxy.Counters()); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
}

// TestTextsTakeFreeLabels checks that a model that writes texts gets few labels, and
// that a label of another VM counts under its name.
func TestTextsTakeFreeLabels(t *testing.T) {
	var proxy abitest.Proxy
	one, two := New(abitest.NewVM(&proxy)), New(abitest.NewVM(&proxy))
	options := Options{MaxServices: 1, MaxModels: 1, MaxLabels: 64}
	add := func(counts *Counters, labels ...string) {
		id := ModelID{MayAdmit: true, Service: counts.Service("", "", 1)}
		id.Name.AddAll([]byte("m"))
		var reply ReplyCounts
		reply.Reset(counts, &id, &options)
		for _, label := range labels {
			var text contract.Text
			text.AddAll([]byte(label))
			reply.AddPrediction(&text, Missing, Missing)
		}
		counts.Add(&id, contract.OutcomeCounted, &reply, &options)
		counts.Flush()
	}
	add(one, "joy")
	for i := range usuallyNew {
		add(one, fmt.Sprint("a text of ", i, " words"))
	}
	add(one, "fear")
	for range 3 {
		add(one, "joy")
	}
	add(one, "love")
	add(two, "a text of two words", "joy", "love")
	for i := range usuallyNew {
		add(two, fmt.Sprint("a text of ", i, " words"), "fear")
	}
	want := map[string]uint64{
		"model=.=m;.;label=.=joy;.;moodring_predictions_total":   5,
		"model=.=m;.;label=.=love;.;moodring_predictions_total":  2,
		"model=.=m;.;label=.=fear;.;moodring_predictions_total":  8,
		"model=.=m;.;label=.=other;.;moodring_predictions_total": 18,
		"model=.=m;.;outcome=.=counted;.;moodring_replies_total": 23,
		"kind=.=label_form;.;moodring_overflow_total":            17,
		"kind=.=new_labels;.;moodring_overflow_total":            1,
	}
	if diff := cmp.Diff(want, proxy.Counters()); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
}

// TestSeries checks the numbers of series that docs/plugin.md gives for a label, a
// model, and each option.
func TestSeries(t *testing.T) {
	var proxy abitest.Proxy
	counts := New(abitest.NewVM(&proxy))
	options := Options{MaxServices: 1, MaxModels: 2, MaxLabels: 1, PlainCounters: true, BatchSizes: true}
	add := func(model string, fill func(reply *ReplyCounts)) {
		id := ModelID{MayAdmit: true, Service: counts.Service("", "", 1)}
		id.Name.AddAll([]byte(model))
		var reply ReplyCounts
		reply.Reset(counts, &id, &options)
		fill(&reply)
		for _, outcome := range contract.Outcomes() {
			counts.Add(&id, outcome, &reply, &options)
		}
	}
	add("classifier", func(reply *ReplyCounts) {
		var label contract.Text
		label.AddAll([]byte("joy"))
		reply.AddScore(&label, 0.5)
		reply.AddPrediction(&label, contract.SumScale, contract.SumScale) // in all buckets
	})
	add("regression", func(reply *ReplyCounts) {
		listed := &Listed{}
		for i := range contract.MaxValueBounds {
			listed.Bounds = append(listed.Bounds, contract.Bound{Le: fmt.Sprint(i), Value: float64(i)})
		}
		reply.SetListed(listed)
		reply.AddValue(-1)
		reply.AddValue(1)
	})
	counts.Flush()
	got := map[string]int{}
	for name := range proxy.Counters() {
		group := "plain"
		for _, metric := range []string{contract.Predictions, contract.Confidence, contract.Replies, contract.LabelScores, contract.Margin, contract.BatchSize, contract.PredictionValue} {
			if strings.Contains(name, metric) {
				group = metric
			}
		}
		got[group]++
	}
	want := map[string]int{
		contract.Predictions: 1, contract.Confidence: 12, "plain": 1, contract.LabelScores: 1, contract.Margin: 9,
		contract.Replies: 2 * 7, contract.BatchSize: 11 + 10, contract.PredictionValue: 23,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
}
