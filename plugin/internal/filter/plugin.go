package filter

import (
	"slices"

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
	listed       map[string]*listed
	defaults     listed // options of models that are not listed
}

// listed holds the options of a model.
type listed struct {
	answer.Options
	counters.Listed
	isIgnored bool
}

func newPlugin(root uint32, config config.Config) *plugin {
	made := &plugin{root: root, paths: map[string][]byte{}, listed: map[string]*listed{}}
	made.setSwitches(&config)
	made.counting = counters.Options{
		MaxServices:   config.MaxServices,
		MaxModels:     config.MaxModels,
		MaxLabels:     config.MaxLabels,
		PlainCounters: config.PlainCounters,
		BatchSizes:    config.BatchSizes,
	}
	made.defaults.Options = answer.Options{Scores: config.ScoreSums, Margins: config.Margins}
	for _, path := range config.ServicePaths {
		made.paths[path] = nil
	}
	for name, model := range config.Models {
		made.listed[name] = made.list(&model)
		for _, path := range model.Paths {
			made.paths[path] = []byte(name)
		}
	}
	return made
}

// list returns the options of a model of the configuration.
func (p *plugin) list(model *config.Model) *listed {
	made := p.defaults
	made.Answer, made.Threshold = answer.Answer(model.Answer), model.Threshold
	made.Classes, made.Output, made.FlatList = model.Classes, model.Output, answer.FlatList(model.FlatList)
	made.isIgnored = model.Answer == config.AnswerNone
	made.Labels = map[string]bool{}
	for _, label := range slices.Concat(model.Labels, model.Classes) {
		made.Labels[label] = true
	}
	made.Bounds = model.Buckets
	return &made
}

func (p *plugin) setSwitches(c *config.Config) {
	p.dropsEncoding = c.AcceptEncoding == config.DropEncoding
	p.countsTopOnly = !c.ScoreSums && !c.Margins && !c.BatchSizes
	p.onlyListed, p.seldonNames = c.OnlyListed, c.SeldonNames
	p.prefixes, p.nextGateways = c.Prefixes, c.NextGateways
}

// options returns the options for a model's replies.
func (p *plugin) options(name *contract.Text) *listed {
	if listed := p.listedOptions(name); listed != nil {
		return listed
	}
	return &p.defaults
}

// counts reports whether a model's replies are counted.
func (p *plugin) counts(name *contract.Text) bool {
	listed := p.listedOptions(name)
	return p.follows(listed)
}

// follows reports whether the replies of a model with these options, or nil, are
// counted.
func (p *plugin) follows(listed *listed) bool {
	return listed == nil && !p.onlyListed || listed != nil && !listed.isIgnored
}

// listedOptions returns the options of a listed model, or nil.
func (p *plugin) listedOptions(name *contract.Text) *listed {
	if len(p.listed) == 0 {
		return nil
	}
	var buffer [contract.MaxLabelBytes]byte
	return p.listed[string(name.Append(buffer[:0]))]
}
