package preview

import (
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"
	"time"

	"github.com/moodring/moodring/dashgen/internal/prom"
)

//go:embed page
var embedded embed.FS

// Options of a preview.
type Options struct {
	Boards     []Board
	Prometheus prom.Server
	// ScrapeInterval is what a Grafana's data source is told: $__rate_interval
	// is at least four of it, and no step is shorter.
	ScrapeInterval time.Duration
	// Local says that only this machine is served. Then a request under any
	// other name than this machine's is refused: a web page elsewhere could
	// have its own name point here, and read Prometheus through its visitor.
	Local bool
}

// Handler serves the boards of o at /d/UID, as a Grafana does, and the first of
// them at /.
func Handler(o Options) (http.Handler, error) {
	boards, err := byUID(o.Boards)
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
	mux.Handle("GET /{$}", http.RedirectHandler("/d/"+o.Boards[0].UID, http.StatusFound))
	mux.Handle("GET /d/{uid}", boardPage(boards, page))
	mux.Handle("GET /d/{uid}/{slug}", boardPage(boards, page))
	mux.Handle("GET /boards/{uid}", boardJSON(boards))
	mux.Handle("GET /about.json", text("application/json", about))
	mux.Handle("GET /page/", http.StripPrefix("/page/", http.FileServerFS(page)))
	mux.Handle("GET /healthz", text("text/plain; charset=utf-8", []byte("ok\n")))
	newProxy(o.Prometheus).handle(mux)
	return guard(o.Local, mux), nil
}

// about is what the page must know before it opens a board.
func (o Options) about() ([]byte, error) {
	type entry struct {
		UID   string   `json:"uid"`
		Title string   `json:"title"`
		Tags  []string `json:"tags"`
	}
	var list []entry
	for _, b := range o.Boards {
		list = append(list, entry{b.UID, b.Title, b.Tags})
	}
	return json.Marshal(map[string]any{
		"prometheus":     o.Prometheus.String(),
		"scrapeInterval": o.ScrapeInterval.Seconds(),
		"boards":         list,
	})
}

// boardPage is the same page for every board: the page reads its own address.
func boardPage(boards map[string]Board, page fs.FS) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, ok := boards[r.PathValue("uid")]; !ok {
			http.Error(w, "There is no such dashboard here; / leads to the first.", http.StatusNotFound)
			return
		}
		http.ServeFileFS(w, r, page, "board.html")
	}
}

func boardJSON(boards map[string]Board) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		board, ok := boards[r.PathValue("uid")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		text("application/json", board.JSON)(w, r)
	}
}

func text(contentType string, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(body) // a client that went away needs no answer
	}
}
