package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moodring/moodring/contract"
)

// Flags of TestEnvoyCountsExactly. `make exact` sets replies.
var (
	replies = flag.Int("replies", 10_000, "replies that TestEnvoyCountsExactly sends")
	seed    = flag.Uint64("seed", 1, "seed of their random choice")
)

// truth holds the expected counters by name.
type truth map[string]uint64

// reply adds a counted reply, with all options of the plugin or none.
func (want truth) reply(s shape, batch []answered, hasOptions bool) {
	model := fields(s)
	want.add(1, contract.Replies, model, contract.Field{Key: contract.LabelOutcome, Value: contract.OutcomeCounted})
	for _, a := range batch {
		want.answer(model, a)
	}
	if !hasOptions {
		return
	}
	want.sample(contract.BatchSize, float64(predictions(batch)), model)
	for _, a := range batch {
		want.options(model, a)
	}
}

// predictions returns the number of predictions in a reply: each label of a plural
// prediction is one.
func predictions(batch []answered) (n int) {
	for _, a := range batch {
		if n++; !a.isPlural {
			continue
		}
		n--
		for _, score := range a.scores {
			if score >= threshold {
				n++
			}
		}
	}
	return n
}

func fields(s shape) []contract.Field {
	model := []contract.Field{{Key: contract.LabelModel, Value: s.model}}
	if s.version != "" {
		model = append(model, contract.Field{Key: contract.LabelVersion, Value: s.version})
	}
	return model
}

func (want truth) answer(model []contract.Field, a answered) {
	switch {
	case a.isValue:
		want.value(model, a.scores[0])
	case a.isPlural:
		for i, score := range a.scores {
			if score >= threshold {
				want.label(model, answered{labels: a.labels, scores: a.scores, top: i})
			}
		}
	default:
		want.label(model, a)
	}
}

func (want truth) label(model []contract.Field, a answered) {
	label := labelField(a, a.top)
	want.add(1, contract.Predictions, model, label)
	if label.Value != a.labels[a.top] {
		want.add(1, contract.Overflow, nil, contract.Field{Key: contract.LabelKind, Value: contract.OverflowLabelLength})
	}
	if a.scores != nil {
		want.sample(contract.Confidence, a.scores[a.top], model, label)
	}
}

func (want truth) options(model []contract.Field, a answered) {
	if a.isValue {
		return
	}
	for i, score := range a.scores {
		want.add(millionths(score), contract.LabelScores+contract.SuffixMillionths, model, labelField(a, i))
	}
	if len(a.scores) > 1 && !a.isPlural {
		rest := slices.Delete(slices.Clone(a.scores), a.top, a.top+1)
		want.sample(contract.Margin, a.scores[a.top]-slices.Max(rest), model)
	}
}

// value adds a prediction that is a number.
func (want truth) value(model []contract.Field, value float64) {
	part := contract.PredictionValue
	want.add(1, part+contract.SuffixCount, model)
	want.add(millionths(max(0, value)), part+contract.SuffixSumMillionths, model)
	want.add(millionths(max(0, -value)), part+contract.SuffixNegativeMillionths, model)
	for _, bound := range valueBounds {
		if value <= bound {
			le := contract.Field{Key: contract.LabelBucket, Value: strconv.FormatFloat(bound, 'f', -1, 64)}
			want.add(1, part+contract.SuffixBucket, model, le)
		}
	}
}

// labelField returns the label of a prediction. Labels that are too long count
// under other, and the configuration lists all others.
func labelField(a answered, i int) contract.Field {
	label := a.labels[i]
	if len(label) > contract.MaxLabelBytes {
		label = contract.Other
	}
	return contract.Field{Key: contract.LabelLabel, Value: label}
}

func millionths(value float64) uint64 { return uint64(math.Round(value / contract.SumScale)) }

func (want truth) sample(metric string, value float64, model []contract.Field, more ...contract.Field) {
	want.add(1, metric+contract.SuffixCount, model, more...)
	want.add(millionths(value), metric+contract.SuffixSumMillionths, model, more...)
	for _, bound := range contract.Bounds(metric) {
		if value <= bound.Value {
			want.add(1, metric+contract.SuffixBucket, model, append(slices.Clone(more), contract.Field{Key: contract.LabelBucket, Value: bound.Le})...)
		}
	}
}

func (want truth) add(n uint64, name string, model []contract.Field, more ...contract.Field) {
	if n > 0 {
		want[string(contract.AppendStat(nil, name, slices.Concat(model, more)...))] += n
	}
}

func (want truth) addAll(other truth) {
	for name, n := range other {
		want[name] += n
	}
}

// caller sends requests one after the other, over its own connections.
type caller struct {
	generator
	number uint64
	url    string
	isBare bool            // whether the plugin has no options
	client [2]*http.Client // for HTTP/1.1 and HTTP/2
	want   truth
	body   bytes.Buffer
}

func newCaller(url string, seed, number uint64) *caller {
	c := &caller{number: number, url: url, want: truth{}, generator: generator{Rand: rand.New(rand.NewPCG(seed, number))}}
	for i := range c.client {
		var protocols http.Protocols
		protocols.SetHTTP1(i == 0)
		protocols.SetUnencryptedHTTP2(i == 1)
		c.client[i] = &http.Client{Transport: &http.Transport{Protocols: &protocols, DisableCompression: true}}
	}
	return c
}

// call requests a reply and checks the bytes that arrive.
func (c *caller) call(s shape) error {
	batch := c.batch(s)
	body, jsonBytes := s.write(&c.generator, s, batch)
	request, err := http.NewRequest(http.MethodPost, c.url+s.path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	version := c.ask(request.Header, s, body, jsonBytes)
	response, err := c.client[version].Do(request)
	if err != nil {
		return err
	}
	if err := c.holdTo(response, http.StatusOK, body); err != nil {
		return fmt.Errorf("%s: %w", s.path, err)
	}
	c.want.reply(s, batch, !c.isBare)
	return nil
}

// holdTo checks that a response equals the model's reply.
func (c *caller) holdTo(response *http.Response, status int, body []byte) error {
	c.body.Reset()
	_, err := c.body.ReadFrom(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return err
	}
	if response.StatusCode != status || !bytes.Equal(c.body.Bytes(), body) {
		return fmt.Errorf("status %d, %q, want %d, %q", response.StatusCode, c.body.Bytes(), status, body)
	}
	return nil
}

// ask sets how the model sends the reply, and returns the client to use.
func (c *caller) ask(header http.Header, s shape, body []byte, jsonBytes int) (client int) {
	if c.IntN(3) == 0 {
		header.Set(plainHeader, "yes")
	}
	if c.IntN(2) == 0 {
		header.Set(cutsHeader, c.cuts(len(body)))
	}
	if jsonBytes > 0 {
		header.Set(binaryHeader, strconv.Itoa(jsonBytes))
	}
	if s.path == grpcPath {
		header.Set("content-type", grpcMediaType)
		header.Set("te", "trailers")
		header.Set("x-upstream", "h2")
		return 1
	}
	if c.IntN(4) == 0 {
		header.Set("x-upstream", "h2")
	}
	return c.IntN(4) / 3
}

func (c *caller) cuts(length int) string {
	var cuts []int
	for range 1 + c.IntN(4) {
		cuts = append(cuts, c.IntN(length+1))
	}
	slices.Sort(cuts)
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(cuts), " ", ","), "[]")
}

// hangUp closes the connections.
func (c *caller) hangUp() {
	for _, client := range c.client {
		client.CloseIdleConnections()
	}
}

// TestEnvoyCountsExactly compares Envoy's counters with predictions that were
// chosen before the replies were written. It covers all reply formats, over HTTP/1.1
// and HTTP/2 on both sides, in chunks cut anywhere.
func TestEnvoyCountsExactly(t *testing.T) {
	const callers = 24
	all, wasm := shapes(), wasmFile(t)
	envoy := startEnvoy(t, newModel(t), setup{workers: 4, listeners: list{
		gateway{name: "bare", config: pluginConfig(all, object{})}.listener(wasm),
		gateway{name: "gateway", config: pluginConfig(all, everyOption)}.listener(wasm),
	}})
	bare := envoy.gateway(t, "bare")
	want := drive(t, envoy.gateway(t, "gateway"), *seed, callers, func(c *caller) error {
		if c.isBare = c.number%2 == 0; c.isBare { // takes the fast path for replies
			c.url = bare
		}
		for range *replies / callers {
			if err := c.call(all[c.IntN(len(all))]); err != nil {
				return err
			}
		}
		return nil
	})
	envoy.expect(t, want)
	if t.Failed() {
		t.Logf("the seed is %d", *seed)
	}
}

// drive runs callers in parallel and returns the expected counters.
func drive(t *testing.T, url string, seed uint64, callers int, work func(*caller) error) truth {
	t.Helper()
	want := truth{}
	var mutex sync.Mutex
	var running sync.WaitGroup
	for number := range callers {
		running.Go(func() {
			c := newCaller(url, seed, uint64(number))
			err := work(c)
			mutex.Lock()
			defer mutex.Unlock()
			if err != nil {
				t.Errorf("seed %d, caller %d: %v", seed, number, err)
			}
			want.addAll(c.want)
			c.hangUp()
		})
	}
	running.Wait()
	return want
}

// owned returns the counters with the labels that come from the configuration of
// the test's gateway. A reply that names no version has the name of the Service.
func (want truth) owned() truth {
	made := truth{}
	for name, n := range want {
		made[owned(name)] += n
	}
	return made
}

func owned(name string) string {
	stat, err := contract.ParseStat(contract.StatPrefix + name)
	at := slices.IndexFunc(stat.Fields, func(f contract.Field) bool { return f.Key == contract.LabelModel })
	if err != nil || at < 0 || slices.ContainsFunc(stat.Fields, func(f contract.Field) bool { return f.Key == contract.LabelService }) {
		return name
	}
	isVersion := func(f contract.Field) bool { return f.Key == contract.LabelVersion }
	if stat.Fields[at].Value != contract.Other && !slices.ContainsFunc(stat.Fields, isVersion) {
		stat.Fields = slices.Insert(stat.Fields, at+1, contract.Field{Key: contract.LabelVersion, Value: "model"})
	}
	whose := []contract.Field{{Key: contract.LabelNamespace, Value: "default"}, {Key: contract.LabelService, Value: "model"}}
	return string(contract.AppendStat(nil, stat.Name, append(whose, stat.Fields...)...))
}

// expect checks the plugin's counters.
func (e envoy) expect(t *testing.T, want truth) {
	t.Helper()
	want = want.owned()
	got := eventually(t, func(t *testing.T) truth { return e.counters(t) }, func(got truth) bool { return cmp.Equal(want, got) })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("counters (-want +got):\n%.20000s", diff)
	}
}
