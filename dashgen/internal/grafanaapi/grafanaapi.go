// Package grafanaapi saves dashboards to a Grafana over its HTTP API, compares
// them with those in Grafana, and fetches them.
package grafanaapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/grafana-tools/sdk"
	"github.com/rogpeppe/go-internal/diff"

	"github.com/moodring/moodring/dashgen/internal/dashboard"
	"github.com/moodring/moodring/dashgen/internal/web"
)

// State says how a dashboard in Grafana differs from ours.
type State string

// States. Foreign: another program or a person saved the dashboard after dashgen
// did.
const (
	New     State = "new"
	Same    State = "same"
	Changed State = "changed"
	Foreign State = "changed by others"
)

// Change is the difference between a dashboard in Grafana and ours.
type Change struct {
	UID   string
	Title string
	State State
	Diff  string // from Grafana's dashboard to ours; empty if they are the same
	// version is the version of the dashboard in Grafana; 0 for State New.
	version int
	text    []byte // our dashboard
}

// Grafana is a client of a Grafana.
type Grafana struct {
	address  string // without its password and its query
	client   *sdk.Client
	deadline time.Duration
}

// Dial returns a client of the Grafana at an address. It does not connect yet. The
// credentials are a token, or user:password; empty for no authentication. Each
// request has the deadline.
func Dial(at *url.URL, credentials string, deadline time.Duration) (Grafana, error) {
	client, err := sdk.NewClient(at.String(), credentials, web.Client(transport{}, deadline))
	if err != nil {
		return Grafana{}, fmt.Errorf("address of Grafana: %w", err)
	}
	return Grafana{web.Redacted(at), client, deadline}, nil
}

// Plan compares dashboards with those of the same uids in Grafana. It refuses two of
// the same uid, because each would replace the other.
func (g Grafana) Plan(ctx context.Context, dashboards []dashboard.Dashboard) ([]Change, error) {
	var changes []Change
	titles := map[string]string{}
	for _, d := range dashboards {
		if other, taken := titles[d.UID]; taken {
			return nil, fmt.Errorf("dashboards %q and %q have the same uid, %s: change one", other, d.Title, d.UID)
		}
		titles[d.UID] = d.Title
		change, err := g.compare(ctx, d)
		if err != nil {
			return nil, err
		}
		changes = append(changes, change)
	}
	return changes, nil
}

// Check refuses a dashboard without a uid, because it has no counterpart in
// Grafana.
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
	theirs, _, err := g.client.GetRawDashboardByUID(ctx, ours.UID)
	if isStatus(err, http.StatusNotFound) {
		change.Diff, err = compareText(ours.UID, nil, ours.JSON)
		return change, err
	}
	if err != nil {
		return Change{}, g.failed("reading dashboard "+ours.UID, err)
	}
	var saved *struct { // nil for null
		Version  int `json:"version"`
		Revision int `json:"revision"`
	}
	if err := json.Unmarshal(theirs, &saved); err != nil || saved == nil {
		return Change{}, g.failed("reading dashboard "+ours.UID, err)
	}
	if change.Diff, err = compareText(ours.UID, theirs, ours.JSON); err != nil {
		return Change{}, err
	}
	change.version = saved.Version
	switch {
	case change.Diff == "":
		change.State = Same
	case saved.Version != saved.Revision:
		change.State = Foreign
	default:
		change.State = Changed
	}
	return change, nil
}

// compareText returns the lines that differ, in the format of diff -u.
func compareText(uid string, theirs, ours []byte) (string, error) {
	before, err := canonical(theirs)
	if err != nil {
		return "", fmt.Errorf("dashboard %s in Grafana: %w", uid, err)
	}
	after, err := canonical(ours)
	if err != nil {
		return "", fmt.Errorf("dashboard %s: %w", uid, err)
	}
	return string(diff.Diff("grafana/"+uid, before, "dashgen/"+uid, after)), nil
}

// canonical returns a dashboard with sorted keys, and without the fields that
// Grafana sets: the id, which differs between Grafanas, and the counters of
// saves.
func canonical(text []byte) ([]byte, error) {
	if text == nil {
		return nil, nil
	}
	fields, err := decode(text)
	if err != nil {
		return nil, err
	}
	for _, key := range []string{"id", "version", "revision"} {
		delete(fields, key)
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

// Push saves the changed dashboards to a folder. If a dashboard is Foreign and
// overwrite is not set, Push saves no dashboard.
//
// Grafana increments a dashboard's version with each save. dashgen sets the
// revision to the new version. The two stay equal until another client saves the
// dashboard. Each save also names the version to replace, so that Grafana refuses
// the save if another client was faster.
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
	fields["version"], fields["revision"] = c.version, c.version+1
	delete(fields, "id")
	text, err := dashboard.Marshal(fields)
	if err != nil {
		return fmt.Errorf("dashboard %s: %w", c.UID, err)
	}
	saved, err := g.client.SetRawDashboardWithParam(savingTo(ctx, folder), sdk.RawBoardRequest{
		Dashboard: text, Parameters: sdk.SetDashboardParams{FolderID: folder.ID},
	})
	if advice := saveAdvice(err); advice != "" {
		return fmt.Errorf("dashboard %s: %s", c.UID, advice)
	}
	if err == nil && saved.UID == nil && saved.Status == nil {
		err = errOther
	}
	if err != nil {
		return g.failed("saving dashboard "+c.UID, err)
	}
	return nil
}

// saveAdvice returns the cause of a refused save, and the way out; "" for other
// errors (Grafana's documentation, "Dashboard HTTP API", and pkg/services/dashboards
// in its sources).
func saveAdvice(err error) string {
	var refused statusError
	if !errors.As(err, &refused) {
		return ""
	}
	switch {
	case refused.status == "version-mismatch":
		return "it was saved by others just now: run it again"
	case refused.status == "name-exists":
		return "the folder has another dashboard of the same title: rename or delete one of them, or choose another folder with --folder"
	case refused.status == "plugin-dashboard":
		return "it belongs to a plugin of Grafana, which would replace it: give yours another uid"
	case strings.Contains(refused.message, "provisioned"):
		return "Grafana reads it from a file, and refuses other changes: change the file, set allowUiUpdates in its provider, or give yours another uid"
	case refused.code == http.StatusPreconditionFailed:
		return "Grafana refuses it: " + refused.message
	}
	return ""
}

// Pulled is a dashboard from Grafana.
type Pulled struct {
	UID  string
	Text []byte
}

// pathUID matches the uids of all Grafanas, which fit into a path of the API and into
// the name of a file. Since Grafana 12, a uid can have dots.
var pathUID = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}$`)

// Pull fetches the dashboards that have a tag, in canonical form.
func (g Grafana) Pull(ctx context.Context, tag string) ([]Pulled, error) {
	found, err := g.client.Search(ctx, sdk.SearchType(sdk.SearchTypeDashboard), sdk.SearchTag(tag))
	if err != nil {
		return nil, g.failed("looking for dashboards", err)
	}
	var all []Pulled
	for _, f := range found {
		if !pathUID.MatchString(f.UID) {
			return nil, g.failed("looking for dashboards", errOther)
		}
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
