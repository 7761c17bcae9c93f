package grafanaapi

import (
	"context"
	"fmt"
	"net/http"

	"github.com/grafana-tools/sdk"
)

// HasDataSource reports whether there is a data source of that name for the
// Prometheus at url. It refuses one of that name for another server.
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

// EnsureDataSource creates a data source for the Prometheus at url, unless there
// is one. It never changes a data source.
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
