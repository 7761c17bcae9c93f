package deliver

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

// Folder finds a folder by its uid, and makes it when it is not there.
func (g Grafana) Folder(ctx context.Context, uid, title string) (Folder, error) {
	found, err := g.client.GetFolderByUID(ctx, uid)
	if isCode(err, http.StatusNotFound) {
		found, err = g.client.CreateFolder(ctx, sdk.Folder{UID: uid, Title: title})
	}
	if err != nil {
		return Folder{}, g.failed("folder "+title, err)
	}
	return Folder{found.UID, found.Title, found.ID}, nil
}

// DataSource makes a data source for the Prometheus at url, when there is none
// of that name. One that asks elsewhere it leaves as it is, and refuses.
func (g Grafana) DataSource(ctx context.Context, name, url string) error {
	found, err := g.client.GetDatasourceByName(ctx, name)
	if err == nil {
		if found.URL != url || found.Type != "prometheus" {
			return fmt.Errorf("data source %s in Grafana asks %s at %s, not Prometheus at %s: change it there, or choose another name", name, found.Type, found.URL, url)
		}
		return nil
	}
	if !isCode(err, http.StatusNotFound) {
		return g.failed("data source "+name, err)
	}
	if _, err := g.client.CreateDatasource(ctx, sdk.Datasource{Name: name, Type: "prometheus", Access: "proxy", URL: url}); err != nil {
		return g.failed("data source "+name, err)
	}
	return nil
}
