package filter

import (
	"bytes"

	"github.com/moodring/moodring/plugin/internal/counters"
)

// cachedPath is the result of reading a path, for a model that has been admitted.
type cachedPath struct {
	route route // holds copies of the names
	model *counters.Model
}

// pathCache holds the paths of repeated requests, so that few paths must be parsed.
type pathCache struct {
	latestPath []byte
	latest     *cachedPath

	paths  counters.Names
	routes []*cachedPath // by the path's number
}

// maxPaths limits the paths in the cache. An admitted model has few plain paths,
// so the limit is rarely reached; all other paths are parsed each time.
const maxPaths = 128

// find returns the cached result for a path, or nil.
func (c *pathCache) find(path []byte) *cachedPath {
	if c.latest != nil && string(c.latestPath) == string(path) {
		return c.latest
	}
	number := c.paths.Find(path, counters.Hash(path))
	if number < 0 {
		return nil
	}
	c.latest, c.latestPath = c.routes[number], c.paths.Text(number)
	return c.latest
}

// add adds a path that is not in the cache yet.
func (c *pathCache) add(path []byte, to route, model *counters.Model) {
	if c.paths.Len() == maxPaths {
		return
	}
	c.paths.Add(path, counters.Hash(path))
	to.name, to.version = bytes.Clone(to.name), bytes.Clone(to.version)
	c.routes = append(c.routes, &cachedPath{to, model})
}
