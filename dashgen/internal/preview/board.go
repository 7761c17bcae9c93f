// Package preview serves Grafana dashboards in a browser without a Grafana: the
// dashboards' own JSON, drawn by the page in page/, over the few paths of
// Prometheus's HTTP API that drawing needs.
package preview

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
)

// Board is a dashboard as Grafana exports and imports it.
type Board struct {
	UID   string
	Title string
	Tags  []string
	JSON  []byte
}

// uids are what a Grafana takes as a dashboard's uid, and what a path can hold.
var uids = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)

// wrapped is a dashboard as Grafana's APIs have it: under "dashboard", or as an
// object whose name is the uid.
type wrapped struct {
	Dashboard json.RawMessage `json:"dashboard"`
	Metadata  struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec json.RawMessage `json:"spec"`
}

// Read takes a dashboard out of text: the dashboard itself, or the answer of one
// of Grafana's APIs. A dashboard without a uid, as one made to be imported, gets
// name.
func Read(name string, text []byte) (Board, error) {
	var outer wrapped
	if err := json.Unmarshal(text, &outer); err != nil {
		return Board{}, fmt.Errorf("%s is no JSON object: %w", name, err)
	}
	if outer.Dashboard != nil {
		text = outer.Dashboard
	}
	if outer.Spec != nil {
		text = outer.Spec
	}
	var known struct {
		UID      string            `json:"uid"`
		Title    string            `json:"title"`
		Tags     []string          `json:"tags"`
		Panels   []json.RawMessage `json:"panels"`
		Elements json.RawMessage   `json:"elements"`
	}
	if err := json.Unmarshal(text, &known); err != nil {
		return Board{}, fmt.Errorf("%s is no Grafana dashboard: %w", name, err)
	}
	if known.Elements != nil {
		return Board{}, fmt.Errorf("%s is of Grafana's v2 schema: export it in the classic one", name)
	}
	if known.Panels == nil {
		return Board{}, fmt.Errorf("%s is no Grafana dashboard of the classic schema: it has no panels", name)
	}
	if known.UID == "" {
		known.UID = outer.Metadata.Name
	}
	if known.UID == "" {
		known.UID = unfit.ReplaceAllString(name, "-")
	}
	if !uids.MatchString(known.UID) {
		return Board{}, fmt.Errorf("%s: the uid %q is none that Grafana takes: 1 to 40 of A-Z, a-z, 0-9, _ and -", name, known.UID)
	}
	return Board{UID: known.UID, Title: known.Title, Tags: known.Tags, JSON: text}, nil
}

var unfit = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

// byUID refuses two boards at one address.
func byUID(boards []Board) (map[string]Board, error) {
	if len(boards) == 0 {
		return nil, errors.New("no dashboards")
	}
	found := map[string]Board{}
	for _, b := range boards {
		if other, taken := found[b.UID]; taken {
			return nil, fmt.Errorf("dashboards %q and %q have the same uid, %s: change one", other.Title, b.Title, b.UID)
		}
		found[b.UID] = b
	}
	return found, nil
}
