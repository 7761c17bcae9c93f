// Package config parses the filter's configuration, the JSON of a WasmPlugin's
// pluginConfig. docs/plugin.md documents the keys.
package config

import (
	"slices"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/ascii"
	"github.com/moodring/moodring/plugin/internal/json"
)

// Config is the filter's configuration. Parse sets every field.
type Config struct {
	// PlainCounters also counts predictions under the bare label, as joy{} 6 in
	// /stats/prometheus.
	PlainCounters bool

	// AcceptEncoding is DropEncoding or KeepEncoding. DropEncoding removes the
	// header from predict requests, so that models do not compress their replies.
	AcceptEncoding string

	// Identity tells the models of different services and revisions apart, by names
	// of the gateway's configuration.
	Identity bool

	MaxLabels   int // labels counted separately per model and version, 1 to 1000
	MaxModels   int // models and versions counted separately per service, 1 to 1000
	MaxServices int // services counted separately, 1 to 1000

	ScoreSums  bool // contract.LabelScores
	Margins    bool // contract.Margin
	BatchSizes bool // contract.BatchSize

	Models     []Model // options of some models, in the order of the configuration
	OnlyListed bool    // ignore models that Models does not list

	Prefixes     []string // of KServe's routes; a segment in braces stands for any segment
	ServicePaths []string // exact predict paths of models that have their service's name
	NextGateways []string // Services of gateways that run the plugin too: NAME or NAME.NAMESPACE
	SeldonNames  bool     // NAME_1 is version 1 of NAME
}

// Model holds the options of one model. A model that is not listed has the zero
// value.
type Model struct {
	Name      string
	Answer    string           // one of the Answer constants, or empty if the replies decide
	Threshold float64          // for AnswerProbability and AnswerLabels
	Buckets   []contract.Bound // bounds of the histogram for AnswerNumber, ascending
	Labels    []string         // labels that are always counted separately
	Classes   []string         // names of class indices, which are labels too
	Output    string           // the V2 output, or the member of a prediction's object, to read
	FlatList  string           // FlatInstances, FlatScores, or empty for the protocol's default
	Paths     []string         // exact predict paths besides KServe's routes, without a query
}

// Values of Answer. Parse sets AnswerClass for a model with Classes.
const (
	AnswerClass       = "class"
	AnswerProbability = "probability"
	AnswerLabels      = "labels"
	AnswerNumber      = "number"
	AnswerNone        = "none"
)

// Values of AcceptEncoding.
const (
	DropEncoding = "drop"
	KeepEncoding = "keep"
)

// Values of FlatList.
const (
	FlatInstances = "instances"
	FlatScores    = "scores"
)

// defaultThreshold is the least score of a label, and the least probability of
// class 1.
const defaultThreshold = 0.5

const (
	maxNumber    = 1000
	maxNameBytes = contract.MaxLabelBytes - 1 // the JSON reader cuts keys at 128 bytes
)

// Parse parses a configuration. An empty one gives the defaults. Unknown keys are
// refused. The error is a single line that names the key and its allowed values.
func Parse(data []byte) (*Config, error) {
	config := &Config{
		AcceptEncoding: DropEncoding, Identity: true,
		MaxLabels: contract.MaxLabels, MaxModels: contract.MaxModels, MaxServices: contract.MaxServices,
	}
	if json.IsSpace(data) {
		return config, nil
	}
	err := parse(data, config)
	if err == nil {
		err = config.check()
	}
	if err != nil {
		return nil, ascii.Error("pluginConfig: " + err.Error())
	}
	return config, nil
}

// check validates enums, and constraints between several keys.
func (c *Config) check() error {
	if err := checkWord("acceptEncoding", c.AcceptEncoding, DropEncoding, KeepEncoding); err != nil {
		return err
	}
	if c.OnlyListed && len(c.Models) == 0 {
		return ascii.Error("onlyListed is true, but models lists none: nothing would be counted")
	}
	if err := c.checkServicePaths(); err != nil {
		return err
	}
	if len(c.ServicePaths) > 0 && !c.Identity {
		return ascii.Error("servicePaths is given, but identity is false: these models would have no name")
	}
	for _, prefix := range c.Prefixes {
		if !isPrefix(prefix) {
			return ascii.Error("prefixes holds " + quoted(prefix) + "; give segments such as /serving/{namespace}/{name}, without a / at the end")
		}
	}
	for _, service := range c.NextGateways {
		if service == "" || ascii.IndexByte(service, '/') >= 0 {
			return ascii.Error("nextGateways holds " + quoted(service) + "; give NAME or NAME.NAMESPACE of a Service")
		}
	}
	if len(c.Models) > c.MaxModels {
		return ascii.Error("models lists " + ascii.Int(len(c.Models)) + ", but maxModels is " + ascii.Int(c.MaxModels) + "; raise it")
	}
	return nil
}

func (c *Config) checkServicePaths() error {
	for _, path := range c.ServicePaths {
		if err := checkPath("servicePaths", path); err != nil {
			return err
		}
		for i := range c.Models {
			if model := &c.Models[i]; slices.Contains(model.Paths, path) {
				return ascii.Error("servicePaths holds " + quoted(path) + ", which is a path of " + shown(model.Name) + "; one path is one model's")
			}
		}
	}
	return nil
}

// at returns the full key of the model.
func (m *Model) at() string { return "models." + shown(m.Name) }

func (m *Model) check() error {
	if key, problem := m.answerProblem(); key != "" {
		return ascii.Error(m.at() + key + problem)
	}
	if m.FlatList != "" {
		if err := checkWord(m.at()+".flatList", m.FlatList, FlatInstances, FlatScores); err != nil {
			return err
		}
	}
	for _, path := range m.Paths {
		if err := checkPath(m.at()+".paths", path); err != nil {
			return err
		}
	}
	return nil
}

func checkPath(key, path string) error {
	if !ascii.HasPrefix(path, "/") || ascii.IndexByte(path, '?') >= 0 {
		return ascii.Error(key + " holds " + quoted(path) + "; give a path from its / on, without a query")
	}
	return nil
}

// answerProblem returns the first key about the meaning of answers that is wrong,
// and why.
func (m *Model) answerProblem() (key, problem string) {
	switch m.Answer {
	case "", AnswerClass, AnswerProbability, AnswerLabels, AnswerNumber, AnswerNone:
	default:
		return ".answer", " is " + quoted(m.Answer) + "; give class, probability, labels, number or none"
	}
	hasThreshold, isNumber := m.Answer == AnswerProbability || m.Answer == AnswerLabels, m.Answer == AnswerNumber
	switch {
	case m.Threshold != 0 && !hasThreshold:
		return ".threshold", " needs answer: probability or answer: labels"
	case m.Threshold < 0 || m.Threshold > 1:
		return ".threshold", " is outside of 0 to 1; give the least score of a label"
	case isNumber && len(m.Buckets) == 0:
		return ".buckets", " is missing; give the bounds between which answer: number counts"
	case !isNumber && len(m.Buckets) > 0:
		return ".buckets", " needs answer: number"
	case len(m.Buckets) > contract.MaxValueBounds:
		return ".buckets", " holds " + ascii.Int(len(m.Buckets)) + " bounds; give at most " + ascii.Int(contract.MaxValueBounds)
	case !isAscending(m.Buckets):
		return ".buckets", " is not ascending; give each bound once, from the lowest on"
	case isNumber && len(m.Classes)+len(m.Labels) > 0:
		return ".answer", " is number; a number has no classes and no labels"
	}
	return "", ""
}

// isPrefix reports whether a text is a list of segments, each a name or a
// placeholder in braces.
func isPrefix(text string) bool {
	rest, ok := ascii.CutPrefix(text, "/")
	for isNext := ok; isNext; {
		var segment string
		segment, rest, isNext = ascii.Cut(rest, '/')
		ok = ok && isSegment(segment)
	}
	return ok
}

// isSegment reports whether a text is a name, or a placeholder in braces.
func isSegment(text string) bool {
	name, isOpen := ascii.CutPrefix(text, "{")
	name, isClosed := ascii.CutSuffix(name, "}")
	isPlain := ascii.IndexByte(name, '{') < 0 && ascii.IndexByte(name, '}') < 0 && ascii.IndexByte(name, '?') < 0
	return text != "" && isOpen == isClosed && isPlain
}

func isAscending(bounds []contract.Bound) bool {
	for i := 1; i < len(bounds); i++ {
		if bounds[i].Value <= bounds[i-1].Value {
			return false
		}
	}
	return true
}

func quoted(text string) string { return `"` + shown(text) + `"` }

func checkWord(key, word, one, other string) error {
	if word != one && word != other {
		return ascii.Error(key + " is " + quoted(word) + "; give " + one + " or " + other)
	}
	return nil
}
