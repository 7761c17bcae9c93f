package expose

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"
	"time"
)

//go:embed targets.html
var targetsTemplate string

// targetsHandler serves the list of gateways, in HTML or in JSON.
type targetsHandler struct {
	targets  func() []Snapshot
	dropped  func() []DroppedTarget
	template *template.Template
}

func newTargetsHandler(targets func() []Snapshot, dropped func() []DroppedTarget) (*targetsHandler, error) {
	parsed, err := template.New("targets").Funcs(template.FuncMap{"age": age}).Parse(targetsTemplate)
	return &targetsHandler{targets, dropped, parsed}, err
}

// age says how long ago a scrape was.
func age(at *time.Time) string {
	return max(time.Since(*at), 0).Round(time.Second).String() + " ago"
}

// targetLists are the contents of /targets.
type targetLists struct {
	Targets []targetRow     `json:"targets"`
	Dropped []DroppedTarget `json:"dropped"`
}

// DroppedTarget is a gateway that was found and is not scraped.
type DroppedTarget struct {
	Gateway string `json:"gateway"`
	Source  string `json:"source"`
	Address string `json:"address"`
	Reason  string `json:"reason"`
}

// targetRow is a gateway on /targets.
type targetRow struct {
	Gateway      string     `json:"gateway"`
	URL          string     `json:"url"`
	State        string     `json:"state"`
	LastError    string     `json:"last_error"`
	LastScrape   *time.Time `json:"last_scrape"` // null before the first scrape
	LastDuration float64    `json:"last_duration_seconds"`
	Bytes        int64      `json:"bytes"`
	Samples      int        `json:"samples"` // series after the transform; a histogram is one series
	Dropped      int        `json:"dropped"`
}

func newTargetRow(s Snapshot) targetRow {
	row := targetRow{
		Gateway: s.Gateway, URL: s.URL, State: s.state(), LastDuration: s.Duration.Seconds(),
		Bytes: s.Bytes, Samples: len(s.exported().Series()), Dropped: s.Dropped,
	}
	if s.Err != nil {
		row.LastError = s.Err.Error()
	}
	if !s.At.IsZero() {
		row.LastScrape = &s.At
	}
	return row
}

// state returns "gone" for a removed gateway, and "unknown" before the first scrape.
func (s Snapshot) state() string {
	switch {
	case s.IsGone:
		return "gone"
	case s.At.IsZero():
		return "unknown"
	case s.Up:
		return "up"
	}
	return "down"
}

// ServeHTTP responds in JSON if ?format=json or the Accept header says so.
func (h *targetsHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	lists := targetLists{Targets: []targetRow{}, Dropped: append([]DroppedTarget{}, h.dropped()...)} // not null in JSON
	for _, s := range h.targets() {
		lists.Targets = append(lists.Targets, newTargetRow(s))
	}
	var body bytes.Buffer
	contentType := "text/html; charset=utf-8"
	var err error
	if r.FormValue("format") == "json" || strings.HasPrefix(r.Header.Get("Accept"), "application/json") {
		contentType = "application/json"
		err = json.NewEncoder(&body).Encode(lists)
	} else {
		err = h.template.Execute(&body, lists)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(body.Bytes()) // the client may have gone
}
