// Package preview shows Grafana dashboards in a browser, without a Grafana. It
// serves the JSON of the dashboards, the page in page/, which draws them, and the
// paths of Prometheus's HTTP API that drawing needs.
package preview

import (
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"
	"time"

	"github.com/moodring/moodring/dashgen/internal/dashboard"
	"github.com/moodring/moodring/dashgen/internal/prom"
)

//go:embed page
var embedded embed.FS

// Options of a preview.
type Options struct {
	Dashboards []dashboard.Dashboard // each from Servable
	Prometheus prom.Server
	// ScrapeInterval is that of Prometheus, as in the settings of a Grafana data
	// source: $__rate_interval is at least four times as long, and no step of a
	// query is shorter.
	ScrapeInterval time.Duration
	// Local serves this machine only: requests under foreign host names are
	// refused. Otherwise a web page could point its own name to this machine,
	// and read Prometheus through a visitor's browser (DNS rebinding).
	Local bool
}

// Handler serves each dashboard at /d/UID, as Grafana does. The path / leads to
// the first dashboard.
func Handler(o Options) (http.Handler, error) {
	served, err := byUID(o.Dashboards)
	if err != nil {
		return nil, err
	}
	about, err := o.about()
	if err != nil {
		return nil, err
	}
	page, err := fs.Sub(embedded, "page")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", http.RedirectHandler("/d/"+o.Dashboards[0].UID, http.StatusFound))
	mux.Handle("GET /d/{uid}", dashboardPage(served, page))
	mux.Handle("GET /d/{uid}/{slug}", dashboardPage(served, page))
	mux.Handle("GET /boards/{uid}", dashboardJSON(served))
	mux.Handle("GET /about.json", text("application/json", about))
	mux.Handle("GET /page/", http.StripPrefix("/page/", http.FileServerFS(page)))
	mux.Handle("GET /healthz", text("text/plain; charset=utf-8", []byte("ok\n")))
	newProxy(o.Prometheus).handle(mux)
	return guard(o.Local, mux), nil
}

// about returns the settings that the page reads first.
func (o Options) about() ([]byte, error) {
	type entry struct {
		UID   string   `json:"uid"`
		Title string   `json:"title"`
		Tags  []string `json:"tags"`
	}
	var list []entry
	for _, d := range o.Dashboards {
		list = append(list, entry{d.UID, d.Title, d.Tags})
	}
	return json.Marshal(map[string]any{
		"prometheus":     o.Prometheus.String(),
		"scrapeInterval": o.ScrapeInterval.Seconds(),
		"boards":         list,
	})
}

// dashboardPage serves the same page for every dashboard. The page finds the uid in
// its own address.
func dashboardPage(served map[string]dashboard.Dashboard, page fs.FS) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, ok := served[r.PathValue("uid")]; !ok {
			http.Error(w, "There is no such dashboard here; / leads to the first dashboard.", http.StatusNotFound)
			return
		}
		http.ServeFileFS(w, r, page, "board.html")
	}
}

func dashboardJSON(served map[string]dashboard.Dashboard) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		d, ok := served[r.PathValue("uid")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		text("application/json", d.JSON)(w, r)
	}
}

func text(contentType string, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(body) // the client is gone
	}
}
