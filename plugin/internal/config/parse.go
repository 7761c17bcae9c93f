package config

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/json"
)

// parser fills a Config while its JSON is read. It implements json.Visitor.
type parser struct {
	reader json.Reader
	data   []byte
	offset int // of the current byte
	number int // offset of the current number
	text   contract.Text
	err    error // first error

	config Config
	model  Model
	name   string            // of model
	paths  map[string]string // model names by path

	place place
	outer place  // of the current list
	key   string // of the current value
	seen  map[member]bool
	value any // target of the current value: *bool, *int, *float64, *string, *[]string, *[]contract.Bound or *map[string]Model
}

// member is a key with its place. model is empty outside of models.
type member struct {
	place      place
	model, key string
}

// place is the position of the next key or value in the configuration.
type place uint8

const (
	outside place = iota
	inConfig
	inModels
	inModel
	inList // a list
)

func parse(data []byte) (Config, error) {
	p := &parser{data: data, config: defaults(), seen: map[member]bool{}, paths: map[string]string{}}
	p.reader.Reset(p)
	p.reader.Text = &p.text
	for p.offset = range data {
		wasComplete := p.reader.IsComplete()
		p.reader.Write(data[p.offset : p.offset+1])
		switch {
		case p.err != nil:
			return Config{}, p.err
		case p.reader.IsBroken() && wasComplete:
			return Config{}, errors.New("more follows after the JSON object; give one object")
		case p.reader.IsBroken():
			return Config{}, errors.New("this is not JSON, from byte " + strconv.Itoa(p.offset+1) + " on")
		}
	}
	if p.reader.Finish(); p.err == nil && !p.reader.IsComplete() {
		return Config{}, errors.New("the JSON ends before its object does")
	}
	return p.config, p.err
}

func (p *parser) fail(message string) {
	if p.err == nil {
		p.err = errors.New(message)
	}
}

// at returns the full key of the current value.
func (p *parser) at() string {
	place := p.place
	if place == inList {
		place = p.outer
	}
	switch place {
	case inModels:
		return "models." + shown(p.key)
	case inModel:
		return "models." + shown(p.name) + "." + shown(p.key)
	}
	return shown(p.key)
}

// shown returns text on a single line, for an error.
func shown(text string) string {
	line := []byte(text)
	for i, c := range line {
		if c < ' ' || c == 0x7f {
			line[i] = '?'
		}
	}
	return string(line)
}

// Key implements json.Visitor.
func (p *parser) Key(name []byte) {
	p.key = string(name)
	if len(name) > maxNameBytes {
		p.fail(p.at() + " is a key longer than " + strconv.Itoa(maxNameBytes) + " bytes")
	}
	this := member{p.place, p.name, p.key}
	if p.seen[this] {
		p.fail(p.at() + " stands twice; give it once")
	}
	p.seen[this] = true
}

// Begin implements json.Visitor.
func (p *parser) Begin(kind json.Kind) json.Capture {
	switch {
	case p.err != nil:
	case p.place == outside:
		p.expect(kind, json.Object)
		p.place = inConfig
	case p.place == inModels:
		p.expect(kind, json.Object)
		p.place, p.name, p.model = inModel, p.key, Model{}
	case p.place == inList:
		return p.beginListed(kind)
	default:
		return p.beginSetting(kind)
	}
	return json.Ignore
}

func (p *parser) beginListed(kind json.Kind) json.Capture {
	if _, areBounds := p.value.(*[]contract.Bound); areBounds {
		p.expect(kind, json.Number)
		p.number = p.offset
		return json.Digits
	}
	p.expect(kind, json.String)
	return json.Text
}

func (p *parser) beginSetting(kind json.Kind) json.Capture {
	switch value := p.setting().(type) {
	case *bool:
		p.expect(kind, json.Bool)
		*value = p.data[p.offset] == 't'
	case *int, *float64:
		p.expect(kind, json.Number)
		p.number = p.offset
		return json.Digits
	case *string:
		p.expect(kind, json.String)
		return json.Text
	case *[]string, *[]contract.Bound:
		p.expect(kind, json.Array)
		p.place, p.outer = inList, p.place
	case *map[string]Model:
		p.expect(kind, json.Object)
		p.place, *value = inModels, map[string]Model{}
	}
	return json.Ignore
}

const (
	configKeys = "plainCounters, acceptEncoding, identity, maxLabels, maxModels, maxServices, scoreSums, margins, batchSizes, models, onlyListed, prefixes, servicePaths, nextGateways, seldonNames"
	modelKeys  = "answer, threshold, buckets, labels, classes, output, flatList, paths"
)

// setting returns the target of the current key's value. An unknown key fails.
func (p *parser) setting() any {
	p.value = p.target()
	if p.value == nil {
		known := configKeys
		if p.place == inModel {
			known = modelKeys
		}
		p.fail(p.at() + " is an unknown key; known are " + known)
	}
	return p.value
}

func (p *parser) target() any {
	if p.place == inModel {
		switch p.key {
		case "answer":
			return &p.model.Answer
		case "threshold":
			return &p.model.Threshold
		case "buckets":
			return &p.model.Buckets
		case "labels":
			return &p.model.Labels
		case "classes":
			return &p.model.Classes
		case "output":
			return &p.model.Output
		case "flatList":
			return &p.model.FlatList
		case "paths":
			return &p.model.Paths
		}
		return nil
	}
	switch p.key {
	case "plainCounters":
		return &p.config.PlainCounters
	case "acceptEncoding":
		return &p.config.AcceptEncoding
	case "identity":
		return &p.config.Identity
	case "maxLabels":
		return &p.config.MaxLabels
	case "maxModels":
		return &p.config.MaxModels
	case "maxServices":
		return &p.config.MaxServices
	case "scoreSums":
		return &p.config.ScoreSums
	case "margins":
		return &p.config.Margins
	case "batchSizes":
		return &p.config.BatchSizes
	case "models":
		return &p.config.Models
	case "onlyListed":
		return &p.config.OnlyListed
	case "prefixes":
		return &p.config.Prefixes
	case "servicePaths":
		return &p.config.ServicePaths
	case "nextGateways":
		return &p.config.NextGateways
	case "seldonNames":
		return &p.config.SeldonNames
	}
	return nil
}

// expect fails if a value is not of the wanted kind.
func (p *parser) expect(kind, wanted json.Kind) {
	if kind == wanted {
		return
	}
	names := [...]string{
		json.Object: "an object", json.Array: "a list", json.String: "text",
		json.Number: "a number", json.Bool: "true or false", json.Null: "null",
	}
	at := p.at()
	if p.place == inList {
		at = "a member of " + at
	}
	if p.place == outside {
		at = "the configuration"
	}
	p.fail(at + " is " + names[kind] + "; give " + names[wanted])
}

// Skim implements json.Visitor. The configuration is short, so nothing is skimmed.
func (*parser) Skim([]byte) int { return 0 }

// End implements json.Visitor.
func (p *parser) End(kind json.Kind) {
	switch {
	case p.err != nil:
	case kind == json.Number:
		p.endNumber()
	case kind == json.String:
		p.endText()
	case p.place == inList && kind == json.Array:
		p.place = p.outer
	case p.place == inModel && kind == json.Object:
		p.endModel()
	case p.place == inModels && kind == json.Object:
		p.place = inConfig
	}
}

func (p *parser) endModel() {
	if p.name == "" {
		p.fail("models lists a model without a name")
	}
	if err := p.model.check("models." + shown(p.name)); err != nil {
		p.fail(err.Error())
	}
	for _, path := range p.model.Paths {
		if other, isTaken := p.paths[path]; isTaken {
			p.fail("path " + quoted(path) + " stands twice, for " + shown(other) + " and for " + shown(p.name) + "; one path is one model's")
		}
		p.paths[path] = p.name
	}
	p.setDefaults()
	p.config.Models[p.name] = p.model
	p.place, p.name = inModels, ""
}

// setDefaults sets the values of keys that depend on other keys.
func (p *parser) setDefaults() {
	m := &p.model
	if len(m.Classes) > 0 && m.Answer == "" {
		m.Answer = AnswerClass
	}
	hasThreshold := m.Answer == AnswerProbability || m.Answer == AnswerLabels
	if hasThreshold && !p.seen[member{inModel, p.name, "threshold"}] {
		m.Threshold = defaultThreshold
	}
}

func (p *parser) endNumber() {
	number, isFinite := p.reader.Float()
	if p.endFloat(number, isFinite) {
		return
	}
	if !isFinite || number < 1 || number > maxNumber || number != math.Trunc(number) {
		p.fail(p.at() + " is " + string(p.data[p.number:p.offset]) + "; give 1 to " + strconv.Itoa(maxNumber))
		return
	}
	*p.value.(*int) = int(number)
}

// endFloat sets a float or adds a bound, and reports whether the current value is
// one.
func (p *parser) endFloat(number float64, isFinite bool) bool {
	text := string(p.data[p.number:p.offset])
	switch value := p.value.(type) {
	case *float64:
		*value = number
	case *[]contract.Bound:
		*value = append(*value, contract.Bound{Le: text, Value: number})
	default:
		return false
	}
	if !isFinite || strings.IndexByte(text, 'e') >= 0 || strings.IndexByte(text, 'E') >= 0 {
		p.fail(p.at() + " holds " + text + "; give a number without an exponent")
	}
	return true
}

func (p *parser) endText() {
	if p.text.IsCut() {
		p.fail(p.at() + " holds a text longer than " + strconv.Itoa(contract.MaxLabelBytes) + " bytes")
		return
	}
	text := string(p.text.Append(nil))
	switch value := p.value.(type) {
	case *string:
		*value = text
	case *[]string:
		*value = append(*value, text)
	}
}
