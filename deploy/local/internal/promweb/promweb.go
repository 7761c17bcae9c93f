// Package promweb serves pages about a Prometheus for people: a query, the
// targets, the rules and the alerts. Prometheus's own web interface is a program
// in JavaScript that its Go module does not contain.
package promweb

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"time"

	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/deploy/local/internal/promapi"
)

//go:embed page
var embedded embed.FS

// policy lets a page load its style, and nothing else. The pages have no script.
const policy = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Options are the contents of the pages.
type Options struct {
	API        promapi.Options
	Dashboards string           // URL, or "" for no link
	Now        func() time.Time // for ages and queries
}

// site is the pages.
type site struct {
	Options
	templates map[string]*template.Template // by the name of the page
}

// page is the data of a template.
type page struct {
	Name       string // of the page, to mark it in the list of pages
	Dashboards string
	At         time.Time
	Content    any
}

// Handler serves the pages. The path / leads to the query, and so does /graph,
// the address that Prometheus writes into alerts.
func Handler(options Options) (http.Handler, error) {
	s := site{options, map[string]*template.Template{}}
	mux := http.NewServeMux()
	for name, content := range map[string]func(*http.Request) any{
		"query":   s.query,
		"targets": func(*http.Request) any { return options.API.ActiveTargets() },
		"rules":   func(*http.Request) any { return options.API.RuleGroups() },
		"alerts":  func(*http.Request) any { return alertsOf(options.API.RuleGroups()) },
	} {
		parsed, err := template.New("layout.html").Funcs(s.functions()).ParseFS(embedded, "page/layout.html", "page/"+name+".html")
		if err != nil {
			return nil, err
		}
		s.templates[name] = parsed
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) { s.serve(w, name, content(r)) })
	}
	files, err := fs.Sub(embedded, "page")
	if err != nil {
		return nil, err
	}
	mux.Handle("GET /style.css", http.FileServerFS(files))
	mux.Handle("GET /{$}", http.RedirectHandler("/query", http.StatusFound))
	mux.HandleFunc("GET /graph", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, queryPath(r.FormValue("g0.expr")), http.StatusFound)
	})
	return mux, nil
}

// serve writes a page, or the error of its template.
func (s site) serve(w http.ResponseWriter, name string, content any) {
	var body bytes.Buffer
	if err := s.templates[name].Execute(&body, page{name, s.Dashboards, s.Now(), content}); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", policy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	_, _ = w.Write(body.Bytes()) // a client that has left needs no answer
}

// functions are the functions that templates call.
func (s site) functions() template.FuncMap {
	return template.FuncMap{
		"age":       func(at time.Time) string { return age(s.Now().Sub(at), at.IsZero()) },
		"duration":  func(seconds float64) string { return model.Duration(seconds * float64(time.Second)).String() },
		"queryPath": queryPath,
		"short":     func(seconds float64) string { return short(time.Duration(seconds * float64(time.Second))) },
	}
}

// age says how long ago something happened.
func age(passed time.Duration, never bool) string {
	if never {
		return "never"
	}
	return short(max(passed, 0).Round(100*time.Millisecond)) + " ago"
}

// short returns a duration with the two or three digits that matter.
func short(d time.Duration) string {
	for _, precision := range []time.Duration{time.Minute, time.Second, 100 * time.Millisecond, 100 * time.Microsecond} {
		if d >= 10*precision {
			return d.Round(precision).String()
		}
	}
	return d.Round(time.Microsecond).String()
}

// queryPath returns the path of the page that runs a query.
func queryPath(expression string) string {
	return "/query?" + url.Values{"query": {expression}}.Encode()
}
