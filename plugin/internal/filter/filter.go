// Package filter is the proxy-wasm side of the plugin: it follows the replies
// on predict routes as they pass, has package answer read them, and counts in
// Envoy what they hold. It never holds a reply back, and changes nothing but the
// header by which a request would ask for a compressed one.
package filter

import (
	"errors"
	"strings"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/answer"
	"github.com/moodring/moodring/plugin/internal/config"
)

// New returns the context of a VM that runs the filter.
func New() types.VMContext { return &vm{} }

type vm struct{ types.DefaultVMContext }

func (*vm) NewPluginContext(uint32) types.PluginContext { return &plugin{} }

// plugin is one configuration of the filter in one VM.
type plugin struct {
	types.DefaultPluginContext
	counters *counters
}

func (p *plugin) OnPluginStart(int) types.OnPluginStartStatus {
	data, err := proxywasm.GetPluginConfiguration()
	if err != nil && !errors.Is(err, types.ErrorStatusNotFound) {
		proxywasm.LogCriticalf("moodring: cannot read pluginConfig: %v", err)
		return types.OnPluginStartStatusFailed
	}
	checked, err := config.Parse(data)
	if err != nil {
		proxywasm.LogCriticalf("moodring: not started: %v", err)
		return types.OnPluginStartStatusFailed
	}
	p.counters = newCounters(checked)
	return types.OnPluginStartStatusOK
}

func (p *plugin) NewHttpContext(uint32) types.HttpContext {
	return &stream{counters: p.counters}
}

// stream follows one request and its reply.
type stream struct {
	types.DefaultHttpContext
	counters *counters

	name      string // of the model asked
	isPredict bool

	model   *modelCounters
	isFull  bool            // model stands for contract.Other, for want of room
	scanner *answer.Scanner // of the reply's body, from its headers to its end
	found   found
}

// found is what a reply's answers add, once it has ended soundly.
type found struct {
	tallies   []tally
	overLabel uint64
	cut       uint64
	answers   uint64
}

func (s *stream) OnHttpRequestHeaders(int, bool) types.Action {
	path, err := proxywasm.GetHttpRequestHeader(":path")
	if err == nil { // a request without a path asks no model
		s.name, s.isPredict = modelOf(path)
	}
	if s.isPredict && s.counters.config.AcceptEncoding == config.DropEncoding {
		dropAcceptEncoding()
	}
	return types.ActionContinue
}

// dropAcceptEncoding asks the model for a reply that can be read. It is the one
// change that the filter makes; where it cannot, the reply counts as encoded.
func dropAcceptEncoding() {
	if err := proxywasm.RemoveHttpRequestHeader("accept-encoding"); err != nil {
		proxywasm.LogWarnf("moodring: cannot drop accept-encoding: %v", err)
	}
}

func (s *stream) OnHttpResponseHeaders(_ int, endOfStream bool) types.Action {
	if !s.isPredict {
		return types.ActionContinue
	}
	status := responseHeader(":status")
	isSuccess := strings.HasPrefix(status, "2")
	if (!isSuccess || endOfStream) && isGatewaysOwn() {
		return types.ActionContinue
	}
	s.model, s.isFull = s.counters.model(s.name, status != "404")
	switch {
	case !isSuccess:
		s.count(contract.OutcomeErrorStatus)
	case isEncoded(responseHeader("content-encoding")):
		s.count(contract.OutcomeEncoded)
	default:
		s.scanner = &answer.Scanner{}
		s.scanner.Reset(answer.Reply{}, &answer.Options{}, s)
		if endOfStream {
			s.finish()
		}
	}
	return types.ActionContinue
}

func (s *stream) OnHttpResponseBody(size int, endOfStream bool) types.Action {
	if s.scanner == nil {
		return types.ActionContinue
	}
	if size > 0 {
		piece, err := proxywasm.GetHttpResponseBody(0, size)
		if err != nil {
			proxywasm.LogErrorf("moodring: cannot read a part of a reply, which counts as unparsed: %v", err)
			s.count(contract.OutcomeUnparsed)
			return types.ActionContinue
		}
		s.scanner.Write(piece)
	}
	if endOfStream {
		s.finish()
	}
	return types.ActionContinue
}

func (s *stream) OnHttpResponseTrailers(int) types.Action {
	if s.scanner != nil {
		s.finish()
	}
	return types.ActionContinue
}

// OnHttpStreamDone finds replies that were reset before their end.
func (s *stream) OnHttpStreamDone() {
	if s.scanner != nil {
		s.count(contract.OutcomeTruncated)
	}
}

func (s *stream) finish() {
	outcome := s.scanner.Close()
	if outcome == contract.OutcomeCounted {
		s.countAnswers()
	}
	s.count(outcome)
}

func (s *stream) count(outcome string) {
	s.scanner = nil
	s.model.addReply(outcome)
}

func (s *stream) countAnswers() {
	for i := range s.found.tallies {
		s.counters.addTally(s.model, &s.found.tallies[i])
	}
	s.counters.addOverflow(contract.OverflowLabels, s.found.overLabel)
	s.counters.addOverflow(contract.OverflowLabelLength, s.found.cut)
	if s.isFull {
		s.counters.addOverflow(contract.OverflowModels, s.found.answers)
	}
}

// Model and Version are the path's to tell.
func (s *stream) Model(*contract.Text)   {}
func (s *stream) Version(*contract.Text) {}

// Score is not asked for.
func (s *stream) Score(*contract.Text, float64) {}

// Answer notes one prediction of the reply.
func (s *stream) Answer(prediction answer.Prediction) {
	var buffer [2 * contract.MaxLabelBytes]byte
	label, isFull := s.counters.label(s.model, prediction.Label.Append(buffer[:0]))
	s.found.answers++
	if isFull {
		s.found.overLabel++
	}
	if prediction.Label.IsCut() {
		s.found.cut++
	}
	t := s.found.tally(label)
	t.answers++
	if prediction.IsScored {
		t.score(s.counters.bounds, prediction.Score)
	}
}

// Discard forgets the reply's answers so far.
func (s *stream) Discard() { s.found = found{tallies: s.found.tallies[:0]} }

func (f *found) tally(label *labelCounters) *tally {
	for i := range f.tallies {
		if f.tallies[i].label == label {
			return &f.tallies[i]
		}
	}
	f.tallies = append(f.tallies, tally{label: label})
	return &f.tallies[len(f.tallies)-1]
}

// isGatewaysOwn tells a reply that the gateway made itself from a model's: a
// rate limit's 429, say, or the empty 200 of a CORS preflight (Envoy's response
// code details). It is asked of refusals and empty replies only: those with
// answers in them are to be counted, whoever gives them.
func isGatewaysOwn() bool {
	details, err := proxywasm.GetProperty([]string{"response", "code_details"})
	return err == nil && string(details) != "via_upstream"
}

// responseHeader returns a header of the reply, empty when it has none.
func responseHeader(name string) string {
	value, err := proxywasm.GetHttpResponseHeader(name)
	if err != nil {
		return ""
	}
	return value
}

func isEncoded(encoding string) bool {
	return encoding != "" && !strings.EqualFold(encoding, "identity")
}
