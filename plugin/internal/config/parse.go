package config

import (
	"math"
	"slices"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/ascii"
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

	config *Config
	model  *Model // the current model, the last of config.Models

	place place
	outer place            // of the current list
	key   string           // of the current value
	seen  [inList][]string // keys of the current objects so far, by place
	value any              // target of the current value: *bool, *int, *float64, *string, *[]string, *[]contract.Bound or *[]Model
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

// parse sets the keys of a configuration that has the defaults.
func parse(data []byte, config *Config) error {
	p := &parser{data: data, config: config}
	p.reader.Reset(p)
	p.reader.Text = &p.text
	for p.offset = range data {
		wasComplete := p.reader.IsComplete()
		p.reader.Write(data[p.offset : p.offset+1])
		switch {
		case p.err != nil:
			return p.err
		case p.reader.IsBroken() && wasComplete:
			return ascii.Error("more follows after the JSON object; give one object")
		case p.reader.IsBroken():
			return ascii.Error("this is not JSON, from byte " + ascii.Int(p.offset+1) + " on")
		}
	}
	if p.reader.Finish(); p.err == nil && !p.reader.IsComplete() {
		return ascii.Error("the JSON ends before its object does")
	}
	return p.err
}

func (p *parser) fail(message string) {
	if p.err == nil {
		p.err = ascii.Error(message)
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
		return p.model.at() + "." + shown(p.key)
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
		p.fail(p.at() + " is a key longer than " + ascii.Int(maxNameBytes) + " bytes")
	}
	if slices.Contains(p.seen[p.place], p.key) {
		p.fail(p.at() + " stands twice; give it once")
	}
	p.seen[p.place] = append(p.seen[p.place], p.key)
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
		p.beginModel()
	case p.place == inList:
		return p.beginListed(kind)
	default:
		return p.beginSetting(kind)
	}
	return json.Ignore
}

func (p *parser) beginModel() {
	p.config.Models = append(p.config.Models, Model{Name: p.key})
	p.model = &p.config.Models[len(p.config.Models)-1]
	p.place, p.seen[inModel] = inModel, p.seen[inModel][:0]
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
	case *[]Model:
		p.expect(kind, json.Object)
		p.place = inModels
	}
	return json.Ignore
}

// setting sets the target of the current key's value, and returns it. An unknown key
// fails.
func (p *parser) setting() any {
	settings := p.config.settings()
	if p.place == inModel {
		settings = p.model.settings()
	}
	known := ""
	for _, setting := range settings {
		if setting.key == p.key {
			p.value = setting.target
			return p.value
		}
		known += ", " + setting.key
	}
	p.fail(p.at() + " is an unknown key; known are " + known[len(", "):])
	return nil
}

// setting is a key, and the target of its value.
type setting struct {
	key    string
	target any
}

func (c *Config) settings() []setting {
	return []setting{
		{"plainCounters", &c.PlainCounters},
		{"acceptEncoding", &c.AcceptEncoding},
		{"identity", &c.Identity},
		{"maxLabels", &c.MaxLabels},
		{"maxModels", &c.MaxModels},
		{"maxServices", &c.MaxServices},
		{"scoreSums", &c.ScoreSums},
		{"margins", &c.Margins},
		{"batchSizes", &c.BatchSizes},
		{"models", &c.Models},
		{"onlyListed", &c.OnlyListed},
		{"prefixes", &c.Prefixes},
		{"servicePaths", &c.ServicePaths},
		{"nextGateways", &c.NextGateways},
		{"seldonNames", &c.SeldonNames},
	}
}

func (m *Model) settings() []setting {
	return []setting{
		{"answer", &m.Answer},
		{"threshold", &m.Threshold},
		{"buckets", &m.Buckets},
		{"labels", &m.Labels},
		{"classes", &m.Classes},
		{"output", &m.Output},
		{"flatList", &m.FlatList},
		{"paths", &m.Paths},
	}
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
	if p.model.Name == "" {
		p.fail("models lists a model without a name")
	}
	if err := p.model.check(); err != nil {
		p.fail(err.Error())
	}
	for i, path := range p.model.Paths {
		p.checkPath(path, i)
	}
	p.setDefaults()
	p.place = inModels
}

// checkPath fails if a path of the current model stands twice. before is the number
// of this model's paths before it.
func (p *parser) checkPath(path string, before int) {
	for i := range p.config.Models {
		other := &p.config.Models[i]
		paths := other.Paths
		if other == p.model {
			paths = paths[:before]
		}
		if slices.Contains(paths, path) {
			p.fail("path " + quoted(path) + " stands twice, for " + shown(other.Name) + " and for " + shown(p.model.Name) + "; one path is one model's")
		}
	}
}

// setDefaults sets the values of keys that depend on other keys.
func (p *parser) setDefaults() {
	m := p.model
	if len(m.Classes) > 0 && m.Answer == "" {
		m.Answer = AnswerClass
	}
	hasThreshold := m.Answer == AnswerProbability || m.Answer == AnswerLabels
	if hasThreshold && !slices.Contains(p.seen[inModel], "threshold") {
		m.Threshold = defaultThreshold
	}
}

func (p *parser) endNumber() {
	number, isFinite := p.reader.Float()
	if p.endFloat(number, isFinite) {
		return
	}
	if !isFinite || number < 1 || number > maxNumber || number != math.Trunc(number) {
		p.fail(p.at() + " is " + string(p.data[p.number:p.offset]) + "; give 1 to " + ascii.Int(maxNumber))
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
	if !isFinite || ascii.IndexByte(text, 'e') >= 0 || ascii.IndexByte(text, 'E') >= 0 {
		p.fail(p.at() + " holds " + text + "; give a number without an exponent")
	}
	return true
}

func (p *parser) endText() {
	if p.text.IsCut() {
		p.fail(p.at() + " holds a text longer than " + ascii.Int(contract.MaxLabelBytes) + " bytes")
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
