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
	paths    counters.Names // of models besides KServe's routes
	named    []string       // the models' names, by the path's number; empty for the service's name
	prefixes []string       // of KServe's routes

	nextGateways []string       // Services of gateways with the plugin
	models       counters.Names // that are listed
	listed       []*listed      // their options, by the name's number
	defaults     listed         // options of models that are not listed
}

// listed holds the options of a model.
type listed struct {
	answer.Options
	counters.Listed
	isIgnored bool
}

func newPlugin(root uint32, config *config.Config) *plugin {
	made := &plugin{root: root}
	made.setSwitches(config)
	made.counting = counters.Options{
		MaxServices:   config.MaxServices,
		MaxModels:     config.MaxModels,
		MaxLabels:     config.MaxLabels,
		PlainCounters: config.PlainCounters,
		BatchSizes:    config.BatchSizes,
	}
	made.defaults.Options = answer.Options{Scores: config.ScoreSums, Margins: config.Margins}
	for _, path := range config.ServicePaths {
		made.addPath(path, "")
	}
	for i := range config.Models {
		model := &config.Models[i]
		addName(&made.models, model.Name)
		made.listed = append(made.listed, made.list(model))
		for _, path := range model.Paths {
			made.addPath(path, model.Name)
		}
	}
	return made
}

func (p *plugin) addPath(path, name string) {
	addName(&p.paths, path)
	p.named = append(p.named, name)
}

func addName(to *counters.Names, name string) { to.Add([]byte(name), counters.Hash(name)) }

// list returns the options of a model of the configuration.
func (p *plugin) list(model *config.Model) *listed {
	made := p.defaults
	made.Answer, made.Threshold = meaning(model.Answer), model.Threshold
	made.Classes, made.Output, made.FlatList = model.Classes, model.Output, answer.FlatList(model.FlatList)
	made.isIgnored = model.Answer == config.AnswerNone
	for _, labels := range [][]string{model.Labels, model.Classes} {
		for _, label := range labels {
			if !made.Labels.Has(label) {
				addName(&made.Labels, label)
			}
		}
	}
	made.Bounds = model.Buckets
	return &made
}

// meaning returns the meaning of answers that the configuration gives.
func meaning(answers string) answer.Answer {
	switch answers {
	case config.AnswerClass:
		return answer.Class
	case config.AnswerProbability:
		return answer.Positive
	case config.AnswerLabels:
		return answer.Labels
	case config.AnswerNumber:
		return answer.Number
	}
	return answer.Unexplained
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
	return p.optionsOf(name.Append(buffer[:0]))
}

func (p *plugin) optionsOf(name []byte) *listed {
	if number := p.models.Find(name, counters.Hash(name)); number >= 0 {
		return p.listed[number]
	}
	return nil
}
