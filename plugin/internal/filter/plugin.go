package filter

import (
	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/answer"
	"github.com/moodring/moodring/plugin/internal/config"
	"github.com/moodring/moodring/plugin/internal/counters"
)

// plugin is one configuration of the filter.
type plugin struct {
	root      uint32 // its root context
	cache     pathCache
	owners    owners
	isTicking bool

	dropsEncoding bool
	countsTopOnly bool // whether only the top label and its score are counted
	onlyListed    bool
	seldonNames   bool

	counting counters.Options
	paths    map[string][]byte // model names by path, besides KServe's routes; empty for the service's name
	prefixes []string          // of KServe's routes

	nextGateways []string // Services of gateways with the plugin
	listed       map[string]*answer.Options
	defaults     answer.Options // of models that are not listed
}

func newPlugin(root uint32, config config.Config) *plugin {
	made := &plugin{root: root, paths: map[string][]byte{}, listed: map[string]*answer.Options{}}
	made.setSwitches(&config)
	made.counting = counters.Options{
		MaxServices:   config.MaxServices,
		MaxModels:     config.MaxModels,
		MaxLabels:     config.MaxLabels,
		PlainCounters: config.PlainCounters,
		BatchSizes:    config.BatchSizes,
	}
	made.defaults = answer.Options{Scores: config.ScoreSums, Margins: config.Margins}
	for _, path := range config.ServicePaths {
		made.paths[path] = nil
	}
	for name, model := range config.Models {
		options := made.defaults
		options.Classes, options.Output, options.FlatList = model.Classes, model.Output, answer.FlatList(model.FlatList)
		made.listed[name] = &options
		for _, path := range model.Paths {
			made.paths[path] = []byte(name)
		}
	}
	return made
}

func (p *plugin) setSwitches(c *config.Config) {
	p.dropsEncoding = c.AcceptEncoding == config.DropEncoding
	p.countsTopOnly = !c.ScoreSums && !c.Margins && !c.BatchSizes
	p.onlyListed, p.seldonNames = c.OnlyListed, c.SeldonNames
	p.prefixes, p.nextGateways = c.Prefixes, c.NextGateways
}

// options returns the options for a model's replies.
func (p *plugin) options(name *contract.Text) *answer.Options {
	if listed := p.listedOptions(name); listed != nil {
		return listed
	}
	return &p.defaults
}

// counts reports whether a model's replies are counted.
func (p *plugin) counts(name *contract.Text) bool {
	return !p.onlyListed || p.listedOptions(name) != nil
}

// listedOptions returns the options of a listed model, or nil.
func (p *plugin) listedOptions(name *contract.Text) *answer.Options {
	if len(p.listed) == 0 {
		return nil
	}
	var buffer [contract.MaxLabelBytes]byte
	return p.listed[string(name.Append(buffer[:0]))]
}
