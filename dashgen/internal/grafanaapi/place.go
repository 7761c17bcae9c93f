package grafanaapi

import (
	"context"
	"fmt"
	"net/http"

	"github.com/grafana-tools/sdk"
)

// Folder is where dashboards are kept.
type Folder struct {
	UID, Title string
	ID         int // in one Grafana
}

// FindFolder finds a folder by its uid, and tells whether it is there.
func (g Grafana) FindFolder(ctx context.Context, uid, title string) (Folder, bool, error) {
	found, err := g.client.GetFolderByUID(ctx, uid)
	if isCode(err, http.StatusNotFound) {
		return Folder{}, false, nil
	}
	if err != nil {
		return Folder{}, false, g.failed("folder "+title, err)
	}
	return Folder{found.UID, found.Title, found.ID}, true, nil
}

// Folder finds a folder by its uid, and makes it when it is not there.
func (g Grafana) Folder(ctx context.Context, uid, title string) (Folder, error) {
	folder, isThere, err := g.FindFolder(ctx, uid, title)
	if err != nil || isThere {
		return folder, err
	}
	made, err := g.client.CreateFolder(ctx, sdk.Folder{UID: uid, Title: title})
	if err != nil {
		return Folder{}, g.failed("folder "+title, err)
	}
	return Folder{made.UID, made.Title, made.ID}, nil
}

// FindDataSource tells whether there is a data source of that name for the
// Prometheus at url. One that asks elsewhere it refuses.
func (g Grafana) FindDataSource(ctx context.Context, name, url string) (bool, error) {
	found, err := g.client.GetDatasourceByName(ctx, name)
	if isCode(err, http.StatusNotFound) {
		return false, nil
	}
	if err != nil {
		return false, g.failed("data source "+name, err)
	}
	if found.URL != url || found.Type != "prometheus" {
		return false, fmt.Errorf("data source %s in Grafana asks %s at %s, not Prometheus at %s: change it there, or choose another name", name, found.Type, found.URL, url)
	}
	return true, nil
}

// DataSource makes a data source for the Prometheus at url, when there is none
// of that name. One that asks elsewhere it leaves as it is, and refuses.
func (g Grafana) DataSource(ctx context.Context, name, url string) error {
	isThere, err := g.FindDataSource(ctx, name, url)
	if err != nil || isThere {
		return err
	}
	if _, err := g.client.CreateDatasource(ctx, sdk.Datasource{Name: name, Type: "prometheus", Access: "proxy", URL: url}); err != nil {
		return g.failed("data source "+name, err)
	}
	return nil
}
