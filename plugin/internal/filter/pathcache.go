package filter

import (
	"slices"

	"github.com/moodring/moodring/plugin/internal/ascii"
	"github.com/moodring/moodring/plugin/internal/counters"
)

// cachedPath is the result of reading a path that has led to an admitted model.
type cachedPath struct {
	route  route // holds copies of the names
	models []*pathModel
	latest *pathModel // that was found, or nil

	// isShared says whether routes of two owners lead from the path to one cluster.
	// The cluster does not tell them apart then.
	isShared bool
}

// pathModel is the model that a path means behind one owner.
type pathModel struct {
	cluster []byte // through which the owner was reached
	owner   *owner
	model   *counters.Model

	// The owner's route is read again for the first replies, and then for one reply
	// between two flushes.
	checks int
	flush  int // number of flushes before the latest check
}

// trusted is the number of checks after which an owner is taken from its cluster
// alone until the next flush.
const trusted = 64

// byCluster returns the model behind a cluster if its owner need not be checked, or
// nil.
func (p *cachedPath) byCluster(cluster []byte, flush int) *pathModel {
	if p.isShared {
		return nil
	}
	known := p.latest
	if known == nil || !ascii.Equal(known.cluster, cluster) {
		known = p.search(cluster)
	}
	if known == nil || known.checks < trusted || known.flush != flush {
		return nil
	}
	p.latest = known
	return known
}

func (p *cachedPath) search(cluster []byte) *pathModel {
	for _, known := range p.models {
		if ascii.Equal(known.cluster, cluster) {
			return known
		}
	}
	return nil
}

// byOwner returns the model behind an owner, or nil.
func (p *cachedPath) byOwner(of *owner, flush int) *counters.Model {
	for _, known := range p.models {
		if known.owner == of {
			known.checks++
			known.flush = flush
			p.latest = known
			return known.model
		}
	}
	return nil
}

// add adds the model behind an owner that has none yet. If there are too many
// owners, it forgets the others.
func (p *cachedPath) add(cluster []byte, of *owner, model *counters.Model) {
	if len(p.models) == maxOwnersOfPath {
		p.models, p.latest = nil, nil
	}
	p.isShared = p.isShared || p.search(cluster) != nil
	p.models = append(p.models, &pathModel{cluster: slices.Clone(cluster), owner: of, model: model})
}

// pathCache holds the paths of repeated requests, so that few paths must be parsed.
type pathCache struct {
	latestPath []byte
	latest     *cachedPath

	paths  counters.Names
	routes []*cachedPath // by the path's number
}

// Limits of the cache. An admitted model has few plain paths, and a path has few
// owners, so the limits are rarely reached. All other paths are parsed each time.
const (
	maxPaths        = 128
	maxOwnersOfPath = 32
)

// find returns the cached result for a path, or nil.
func (c *pathCache) find(path []byte) *cachedPath {
	if c.latest != nil && ascii.Equal(c.latestPath, path) {
		return c.latest
	}
	number := c.paths.Find(path, counters.Hash(path))
	if number < 0 {
		return nil
	}
	c.latest, c.latestPath = c.routes[number], c.paths.Text(number)
	return c.latest
}

// add returns the cached result for a path, and adds a missing one. If the cache is
// full, add returns nil.
func (c *pathCache) add(path []byte, to route) *cachedPath {
	if known := c.find(path); known != nil || c.paths.Len() == maxPaths {
		return known
	}
	c.paths.Add(path, counters.Hash(path))
	to.name, to.version = slices.Clone(to.name), slices.Clone(to.version)
	added := &cachedPath{route: to}
	c.routes = append(c.routes, added)
	return added
}
