package transform

import (
	"slices"
	"strings"
)

// upstream says which other times on a page are related to an upstream time. Envoy
// records each time up to four times: as cluster.NAME.upstream_rq_time, then with
// internal or external before upstream_rq_time, and sometimes with canary or with a
// pair of zones (source/common/http/codes.cc, chargeResponseTiming). But a cluster's
// own name can end in the same words. Only the whole page tells the two apart.
type upstream struct {
	key      string   // of this time in Transformer.upstreams
	clusters []string // keys of the clusters whose times this time may repeat
	repeats  []string // keys of times that repeat this time, if it is a cluster's own
}

// origins are the words before upstream_rq_time that say where a request came from.
// Each request has one of the first two.
func origins() []string { return []string{"internal", "external", "canary"} }

// newUpstream returns the relations of a time. before is the text before the stat's
// member, as in envoyName.match.
func newUpstream(n envoyName, before string) *upstream {
	key := func(before string) string { return n.owner + "\n" + before }
	u := &upstream{key: key(before)}
	addCluster := func(before string) {
		if n.owner != "" || before != "" {
			u.clusters = append(u.clusters, key(before))
		}
	}
	for _, origin := range origins() {
		if cluster, ok := strings.CutSuffix(before, n.separator+origin); ok {
			addCluster(cluster)
		}
	}
	if at := strings.LastIndex(before, n.separator+"zone"+n.separator); at >= 0 {
		addCluster(before[:at])
	}
	if len(u.clusters) > 0 {
		u.repeats = []string{key(before + n.separator + origins()[0]), key(before + n.separator + origins()[1])}
	}
	return u
}

// mayRepeat reports whether the entry may be a time that repeats a cluster's time.
func (e *entry) mayRepeat() bool { return e.upstream != nil && len(e.upstream.clusters) > 0 }

// isRepetition reports whether an entry on the page repeats a cluster's time: the
// cluster's time is on the page, and no time repeats the entry in turn.
func (t *Transformer) isRepetition(e *entry) bool {
	isOnPage := func(key string) bool {
		other := t.upstreams[key]
		return other != nil && other.page == t.page
	}
	return e.mayRepeat() && slices.ContainsFunc(e.upstream.clusters, isOnPage) && !slices.ContainsFunc(e.upstream.repeats, isOnPage)
}

// relate notes the relations of an entry for an upstream time.
func (t *Transformer) relate(e *entry, n envoyName, before string) {
	if e.upstream == nil {
		e.upstream = newUpstream(n, before)
		t.upstreams[e.upstream.key] = e
	}
}
