package grafanaapi

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/grafana-tools/sdk"

	"github.com/moodring/moodring/dashgen/internal/web"
)

// HasDataSource reports whether a data source called name exists for the Prometheus
// at an address. If the data source is for another server, it returns an error.
func (g Grafana) HasDataSource(ctx context.Context, name, address string) (bool, error) {
	found, err := g.client.GetDatasourceByName(ctx, name)
	if isStatus(err, http.StatusNotFound) {
		return false, nil
	}
	if err == nil && found.Type == "" {
		err = errOther
	}
	if err != nil {
		return false, g.failed("data source "+name, err)
	}
	if found.URL != address || found.Type != "prometheus" {
		return false, fmt.Errorf("data source %s in Grafana asks %s at %s, not Prometheus at %s: change it there, or choose another name", name, found.Type, redacted(found.URL), redacted(address))
	}
	return true, nil
}

// EnsureDataSource creates the data source if it is missing. It never changes an
// existing data source. $__rate_interval is at least four times the scrape interval.
func (g Grafana) EnsureDataSource(ctx context.Context, name, address, scrapeInterval string) error {
	exists, err := g.HasDataSource(ctx, name, address)
	if err != nil || exists {
		return err
	}
	if _, err := g.client.CreateDatasource(ctx, sdk.Datasource{Name: name, Type: "prometheus", Access: "proxy", URL: address, JSONData: map[string]string{"timeInterval": scrapeInterval, "httpMethod": "POST"}}); err != nil {
		return g.failed("data source "+name, err)
	}
	return nil
}

// redacted returns an address without its password and its query.
func redacted(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return "an address that is not valid"
	}
	return web.Redacted(parsed)
}
