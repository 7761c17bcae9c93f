// Package deliver brings dashboards into a Grafana over its HTTP API, says how
// what is there differs, and fetches it.
package grafanaapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/grafana-tools/sdk"
	"github.com/rogpeppe/go-internal/diff"

	"github.com/moodring/moodring/dashgen/internal/dashboard"
)

// State is how a dashboard in Grafana relates to ours.
type State string

// States. Foreign is one that somebody saved after dashgen did.
const (
	New     State = "new"
	Same    State = "same"
	Changed State = "changed"
	Foreign State = "changed by others"
)

// Change is one dashboard and what there is to do about it.
type Change struct {
	UID   string
	Title string
	State State
	Diff  string // from what is there to ours; empty when it is the same
	// there is Grafana's version of what is there; 0 for none.
	there int
	text  []byte
}

// Grafana is a server that keeps dashboards.
type Grafana struct {
	URL      string
	client   *sdk.Client
	deadline time.Duration
}

// Dial prepares to ask the Grafana at url; it does not connect yet. Credentials
// are a token, or user:password; empty for no authentication. The deadline is
// that of each request.
func Dial(url, credentials string, deadline time.Duration) (Grafana, error) {
	client, err := sdk.NewClient(url, credentials, &http.Client{Transport: strict{}, Timeout: deadline})
	if err != nil {
		return Grafana{}, fmt.Errorf("address of Grafana: %w", err)
	}
	return Grafana{url, client, deadline}, nil
}

// Plan compares dashboards with those of the same uids in Grafana.
func (g Grafana) Plan(ctx context.Context, dashboards []dashboard.Dashboard) ([]Change, error) {
	var changes []Change
	for _, d := range dashboards {
		change, err := g.compare(ctx, d)
		if err != nil {
			return nil, err
		}
		changes = append(changes, change)
	}
	return changes, nil
}

// Check refuses a dashboard without a uid, which cannot be compared.
func Check(d dashboard.Dashboard) error {
	if d.UID == "" {
		return errors.New("no uid: give the dashboard one, so that it can be found again")
	}
	return nil
}

func (g Grafana) compare(ctx context.Context, ours dashboard.Dashboard) (Change, error) {
	if err := Check(ours); err != nil {
		return Change{}, err
	}
	change := Change{UID: ours.UID, Title: ours.Title, State: New, text: ours.JSON}
	there, _, err := g.client.GetRawDashboardByUID(ctx, ours.UID)
	if isCode(err, http.StatusNotFound) {
		change.Diff, err = differ(ours.UID, nil, ours.JSON)
		return change, err
	}
	if err != nil {
		return Change{}, g.failed("reading dashboard "+ours.UID, err)
	}
	var theirs struct {
		Version  int `json:"version"`
		Revision int `json:"revision"`
	}
	if err := json.Unmarshal(there, &theirs); err != nil {
		return Change{}, g.failed("reading dashboard "+ours.UID, err)
	}
	if change.Diff, err = differ(ours.UID, there, ours.JSON); err != nil {
		return Change{}, err
	}
	change.there = theirs.Version
	switch {
	case change.Diff == "":
		change.State = Same
	case theirs.Version != theirs.Revision:
		change.State = Foreign
	default:
		change.State = Changed
	}
	return change, nil
}

// differ returns the lines that differ, without what Grafana itself counts.
func differ(uid string, there, ours []byte) (string, error) {
	before, err := canonical(there)
	if err != nil {
		return "", fmt.Errorf("dashboard %s in Grafana: %w", uid, err)
	}
	after, err := canonical(ours)
	if err != nil {
		return "", fmt.Errorf("dashboard %s: %w", uid, err)
	}
	return string(diff.Diff("grafana/"+uid, before, "dashgen/"+uid, after)), nil
}

// canonical is a dashboard with its keys in order, without its id in one
// Grafana and how often it was saved there.
func canonical(text []byte) ([]byte, error) {
	if text == nil {
		return nil, nil
	}
	fields, err := decode(text)
	if err != nil {
		return nil, err
	}
	for _, own := range []string{"id", "version", "revision"} {
		delete(fields, own)
	}
	return dashboard.Marshal(fields)
}

func decode(text []byte) (map[string]any, error) {
	var fields map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	err := decoder.Decode(&fields)
	return fields, err
}

// Push saves what changed in the folder. What others changed it
// saves only when told to overwrite.
//
// Grafana counts a dashboard's version up with each save. dashgen writes the
// version that its own save makes into the dashboard's revision, so that the
// two are equal until somebody else saves. And each save names the version it
// was made for, so that Grafana itself refuses one that comes in between.
func (g Grafana) Push(ctx context.Context, changes []Change, folder Folder, overwrite bool) error {
	for _, c := range changes {
		if c.State == Foreign && !overwrite {
			return fmt.Errorf("dashboard %s in Grafana was changed by others: dashgen diff shows how, dashgen pull fetches it, --overwrite replaces it", c.UID)
		}
	}
	for _, c := range changes {
		if c.State == Same {
			continue
		}
		if err := g.save(ctx, c, folder); err != nil {
			return err
		}
	}
	return nil
}

func (g Grafana) save(ctx context.Context, c Change, folder Folder) error {
	fields, err := decode(c.text)
	if err != nil {
		return fmt.Errorf("dashboard %s: %w", c.UID, err)
	}
	fields["version"], fields["revision"] = c.there, c.there+1
	delete(fields, "id")
	text, err := dashboard.Marshal(fields)
	if err != nil {
		return fmt.Errorf("dashboard %s: %w", c.UID, err)
	}
	_, err = g.client.SetRawDashboardWithParam(into(ctx, folder), sdk.RawBoardRequest{
		Dashboard: text, Parameters: sdk.SetDashboardParams{FolderID: folder.ID},
	})
	if isCode(err, http.StatusPreconditionFailed) {
		return fmt.Errorf("dashboard %s was saved by others just now: run it again", c.UID)
	}
	if err != nil {
		return g.failed("saving dashboard "+c.UID, err)
	}
	return nil
}

// Pulled is a dashboard as it is in Grafana.
type Pulled struct {
	UID  string
	Text []byte
}

// Pull fetches the dashboards that have the tag, without what Grafana itself
// counts.
func (g Grafana) Pull(ctx context.Context, tag string) ([]Pulled, error) {
	found, err := g.client.Search(ctx, sdk.SearchType(sdk.SearchTypeDashboard), sdk.SearchTag(tag))
	if err != nil {
		return nil, g.failed("looking for dashboards", err)
	}
	var all []Pulled
	for _, f := range found {
		text, _, err := g.client.GetRawDashboardByUID(ctx, f.UID)
		if err != nil {
			return nil, g.failed("reading dashboard "+f.UID, err)
		}
		if text, err = canonical(text); err != nil {
			return nil, g.failed("reading dashboard "+f.UID, err)
		}
		all = append(all, Pulled{f.UID, text})
	}
	return all, nil
}
