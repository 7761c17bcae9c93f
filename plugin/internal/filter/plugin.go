package filter

import (
	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/answer"
	"github.com/moodring/moodring/plugin/internal/config"
)

// plugin is one configuration of the filter.
type plugin struct {
	root      uint32 // its context
	shortcuts shortcuts
	isTicking bool

	dropsEncoding  bool
	countsTopsOnly bool // of each answer the top label and its score, and nothing else

	config config.Config
	paths  map[string][]byte // model by path, besides KServe's routes
	listed map[string]*answer.Options
	others answer.Options
}

func newPlugin(root uint32, config config.Config) *plugin {
	made := &plugin{root: root, config: config, paths: map[string][]byte{}, listed: map[string]*answer.Options{}}
	made.setSwitches()
	made.others.Scores, made.others.Margins = config.ScoreSums, config.Margins
	for name, model := range config.Models {
		made.listed[name] = &answer.Options{
			Classes:  model.Classes,
			Output:   model.Output,
			FlatList: answer.FlatList(model.FlatList),
			Scores:   config.ScoreSums,
			Margins:  config.Margins,
		}
		for _, path := range model.Paths {
			made.paths[path] = []byte(name)
		}
	}
	return made
}

func (p *plugin) setSwitches() {
	p.dropsEncoding = p.config.AcceptEncoding == config.DropEncoding
	p.countsTopsOnly = !p.config.ScoreSums && !p.config.Margins && !p.config.BatchSizes
}

// options returns how to read a model's replies.
func (p *plugin) options(name *contract.Text) *answer.Options {
	if listed := p.find(name); listed != nil {
		return listed
	}
	return &p.others
}

// follows tells whether a model's replies are to be counted.
func (p *plugin) follows(name *contract.Text) bool {
	return !p.config.OnlyListed || p.find(name) != nil
}

// find returns a listed model's options, or nil.
func (p *plugin) find(name *contract.Text) *answer.Options {
	if len(p.listed) == 0 {
		return nil
	}
	var buffer [contract.MaxLabelBytes]byte
	return p.listed[string(name.Append(buffer[:0]))]
}
