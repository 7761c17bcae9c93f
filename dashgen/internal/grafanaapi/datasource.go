package grafanaapi

import (
	"context"
	"fmt"
	"net/http"

	"github.com/grafana-tools/sdk"
)

// HasDataSource reports whether a data source called name exists for the Prometheus
// at url. If the data source is for another server, it returns an error.
func (g Grafana) HasDataSource(ctx context.Context, name, url string) (bool, error) {
	found, err := g.client.GetDatasourceByName(ctx, name)
	if isStatus(err, http.StatusNotFound) {
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

// EnsureDataSource creates the data source if it is missing. It never changes an
// existing data source.
func (g Grafana) EnsureDataSource(ctx context.Context, name, url string) error {
	exists, err := g.HasDataSource(ctx, name, url)
	if err != nil || exists {
		return err
	}
	if _, err := g.client.CreateDatasource(ctx, sdk.Datasource{Name: name, Type: "prometheus", Access: "proxy", URL: url}); err != nil {
		return g.failed("data source "+name, err)
	}
	return nil
}
