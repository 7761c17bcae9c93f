// Package config reads the filter's configuration: the JSON of a WasmPlugin's
// pluginConfig. docs/plugin.md says what each key does.
package config

import (
	"errors"
	"strconv"
	"strings"

	"github.com/moodring/moodring/contract"
)

// Config is the filter's configuration. Parse gives every field its value.
type Config struct {
	// PlainCounters also counts answers under the bare label, as
	// joy{} 6 in /stats/prometheus.
	PlainCounters bool

	// AcceptEncoding says what becomes of that header of predict requests:
	// DropEncoding, so that models answer in a form that can be read, or
	// KeepEncoding.
	AcceptEncoding string

	MaxLabels int // labels kept apart for one model and version, 1 to 1000
	MaxModels int // models and versions kept apart, 1 to 1000

	ScoreSums  bool // contract.LabelScores
	Margins    bool // contract.Margin
	BatchSizes bool // contract.BatchSize

	Models     map[string]Model // by name; what is known of some models
	OnlyListed bool             // others are not followed at all
}

// Model says how to read one model's replies, and where else it answers than
// on KServe's routes. The zero value is what a model has that is not listed.
type Model struct {
	Classes  []string // names of class indices
	Output   string   // the V2 output to read
	FlatList string   // FlatInstances, FlatScores, or empty for the protocol's own sense
	Paths    []string // exact paths of requests, without their query
}

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

const (
	mostOfAny     = 1000
	mostNameBytes = contract.MaxLabelBytes - 1 // of a key, the JSON reader gives 128 bytes at most
)

// Parse reads a configuration; none at all gives the defaults. It refuses what
// it does not know, in one line that says which key and what may stand there.
func Parse(data []byte) (Config, error) {
	if len(strings.TrimSpace(string(data))) == 0 {
		return defaults(), nil
	}
	config, err := parse(data)
	if err == nil {
		err = config.check()
	}
	if err != nil {
		return Config{}, errors.New("pluginConfig: " + err.Error())
	}
	return config, nil
}

func defaults() Config {
	return Config{AcceptEncoding: DropEncoding, MaxLabels: contract.MaxLabels, MaxModels: contract.MaxModels}
}

// check finds what no single value is to blame for, and words that are none of
// those that may stand.
func (c Config) check() error {
	if err := checkWord("acceptEncoding", c.AcceptEncoding, DropEncoding, KeepEncoding); err != nil {
		return err
	}
	if c.OnlyListed && len(c.Models) == 0 {
		return errors.New("onlyListed is true, but models lists none: nothing would be counted")
	}
	if len(c.Models) > c.MaxModels {
		return errors.New("models lists " + strconv.Itoa(len(c.Models)) + ", but maxModels is " + strconv.Itoa(c.MaxModels) + "; raise it")
	}
	return nil
}

func (m Model) check(at string) error {
	if m.FlatList != "" {
		if err := checkWord(at+".flatList", m.FlatList, FlatInstances, FlatScores); err != nil {
			return err
		}
	}
	for _, path := range m.Paths {
		if !strings.HasPrefix(path, "/") || strings.Contains(path, "?") {
			return errors.New(at + ".paths holds " + quoted(path) + "; give a path from its / on, without a query")
		}
	}
	return nil
}

func quoted(text string) string { return `"` + shown(text) + `"` }

func checkWord(key, word, one, other string) error {
	if word != one && word != other {
		return errors.New(key + " is " + quoted(word) + "; give " + one + " or " + other)
	}
	return nil
}
