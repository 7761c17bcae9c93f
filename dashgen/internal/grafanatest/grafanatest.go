// Package grafanatest provides Grafanas for tests. One is in memory and has the part
// of Grafana's HTTP API that dashgen uses, as documented (Developers, HTTP API:
// dashboard, folder, data source, folder/dashboard search, service account). The other
// is a real Grafana, if the environment variable GRAFANA names its binary.
package grafanatest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Credentials that the server accepts.
const (
	Token    = "glsa_secret"
	User     = "admin"
	Password = "pass:word"
)

type object = map[string]any

// grafana is the state of the server. The mutex guards all fields.
type grafana struct {
	mu          sync.Mutex
	dashboards  map[string]object // by uid
	folderOf    map[string]string // by uid
	folders     map[string]object
	datasources map[string]object
	ids         int
}

// Server starts an empty Grafana in memory. It ends with the test.
func Server(t testing.TB) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler())
	t.Cleanup(server.Close)
	return server
}

func handler() http.Handler {
	g := &grafana{
		dashboards: map[string]object{}, folderOf: map[string]string{}, folders: map[string]object{}, datasources: map[string]object{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/dashboards/uid/{uid}", g.dashboard)
	mux.HandleFunc("POST /api/dashboards/db", g.saveDashboard)
	mux.HandleFunc("GET /api/search", g.search)
	mux.HandleFunc("GET /api/folders/{uid}", func(w http.ResponseWriter, r *http.Request) {
		find(w, g.folders, r.PathValue("uid"), "folder not found")
	})
	mux.HandleFunc("POST /api/folders", g.createFolder)
	mux.HandleFunc("GET /api/datasources/name/{name}", func(w http.ResponseWriter, r *http.Request) {
		find(w, g.datasources, r.PathValue("name"), "Data source not found")
	})
	mux.HandleFunc("GET /api/folders", g.allFolders)
	mux.HandleFunc("POST /api/datasources", g.createDatasource)
	mux.HandleFunc("POST /api/serviceaccounts", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusCreated, object{"id": g.id(), "name": "tests", "role": "Admin"})
	})
	mux.HandleFunc("POST /api/serviceaccounts/{id}/tokens", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, object{"id": g.id(), "name": "tests", "key": Token})
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		defer g.mu.Unlock()
		if r.URL.Path == "/api/health" {
			reply(w, http.StatusOK, object{"database": "ok"})
			return
		}
		if !allowed(r) {
			refuse(w, http.StatusUnauthorized, "Unauthorized")
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func allowed(r *http.Request) bool {
	user, password, ok := r.BasicAuth()
	return r.Header.Get("Authorization") == "Bearer "+Token || ok && user == User && password == Password
}

func reply(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // the client may have disconnected
}

func refuse(w http.ResponseWriter, code int, message string) {
	reply(w, code, object{"message": message})
}

func find(w http.ResponseWriter, in map[string]object, key, absent string) {
	found, ok := in[key]
	if !ok {
		refuse(w, http.StatusNotFound, absent)
		return
	}
	reply(w, http.StatusOK, found)
}

func (g *grafana) id() int {
	g.ids++
	return g.ids
}

func (g *grafana) dashboard(w http.ResponseWriter, r *http.Request) {
	found, ok := g.dashboards[r.PathValue("uid")]
	if !ok {
		refuse(w, http.StatusNotFound, "Dashboard not found")
		return
	}
	reply(w, http.StatusOK, object{
		"dashboard": found,
		"meta":      object{"version": found["version"], "folderUid": g.folderOf[r.PathValue("uid")], "canSave": true},
	})
}

// saveDashboard refuses a dashboard with 412 if it is based on another version than the
// stored one. Like Grafana 13 it ignores folderId: without folderUid, the dashboard is
// not in a folder.
func (g *grafana) saveDashboard(w http.ResponseWriter, r *http.Request) {
	var sent struct {
		Dashboard object
		FolderUID string
		Overwrite bool
	}
	if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
		refuse(w, http.StatusBadRequest, "bad request data")
		return
	}
	uid, _ := sent.Dashboard["uid"].(string)
	if title, _ := sent.Dashboard["title"].(string); title == "" {
		reply(w, http.StatusBadRequest, object{"message": "Dashboard title cannot be empty", "status": "empty-name"})
		return
	}
	if sent.FolderUID != "" && g.folders[sent.FolderUID] == nil {
		refuse(w, http.StatusNotFound, "folder not found")
		return
	}
	if refusal, ok := g.refuses(uid, sent.FolderUID, sent.Dashboard); ok {
		reply(w, refusal["code"].(int), refusal)
		return
	}
	version := 0
	if stored, ok := g.dashboards[uid]; ok {
		version = stored["version"].(int)
		if base, _ := sent.Dashboard["version"].(float64); int(base) != version && !sent.Overwrite {
			reply(w, http.StatusPreconditionFailed, object{"message": "The dashboard has been changed by someone else", "status": "version-mismatch"})
			return
		}
		sent.Dashboard["id"] = stored["id"]
	} else {
		sent.Dashboard["id"] = g.id()
	}
	sent.Dashboard["version"] = version + 1
	g.dashboards[uid], g.folderOf[uid] = sent.Dashboard, sent.FolderUID
	reply(w, http.StatusOK, object{"id": sent.Dashboard["id"], "uid": uid, "url": "/d/" + uid, "status": "success", "version": version + 1, "slug": uid})
}

// refuses returns the reply to a dashboard that Grafana never saves: one of a plugin
// or of a file, by their uids, or one of a title that another dashboard in the folder
// has.
func (g *grafana) refuses(uid, folder string, sent object) (object, bool) {
	switch uid {
	case "of-a-plugin":
		return object{"code": http.StatusPreconditionFailed, "status": "plugin-dashboard", "message": "The dashboard belongs to plugin x."}, true
	case "of-a-file":
		return object{"code": http.StatusBadRequest, "message": "Cannot save provisioned dashboard"}, true
	}
	for other, d := range g.dashboards {
		if other != uid && g.folderOf[other] == folder && d["title"] == sent["title"] && d["unique"] == true {
			return object{"code": http.StatusPreconditionFailed, "status": "name-exists", "message": "A dashboard with the same name in the folder already exists"}, true
		}
	}
	return nil, false
}

func (g *grafana) allFolders(w http.ResponseWriter, _ *http.Request) {
	all := []object{}
	for _, folder := range g.folders {
		all = append(all, folder)
	}
	reply(w, http.StatusOK, all)
}

func (g *grafana) search(w http.ResponseWriter, r *http.Request) {
	found := []object{}
	for uid, d := range g.dashboards {
		var tags []string
		for _, tag := range d["tags"].([]any) {
			tags = append(tags, fmt.Sprint(tag))
		}
		if slices.Contains(tags, r.FormValue("tag")) && r.FormValue("type") == "dash-db" {
			found = append(found, object{"id": d["id"], "uid": uid, "title": d["title"], "type": "dash-db", "tags": tags, "folderUid": g.folderOf[uid]})
		}
	}
	slices.SortFunc(found, func(a, b object) int { return strings.Compare(a["uid"].(string), b["uid"].(string)) })
	reply(w, http.StatusOK, found)
}

func (g *grafana) createFolder(w http.ResponseWriter, r *http.Request) {
	var sent struct{ UID, Title string }
	if err := json.NewDecoder(r.Body).Decode(&sent); err != nil || sent.Title == "" {
		refuse(w, http.StatusBadRequest, "folder title cannot be empty")
		return
	}
	if g.folders[sent.UID] != nil {
		refuse(w, http.StatusConflict, "a folder with that uid already exists")
		return
	}
	g.folders[sent.UID] = object{"id": g.id(), "uid": sent.UID, "title": sent.Title, "version": 1}
	reply(w, http.StatusOK, g.folders[sent.UID])
}

func (g *grafana) createDatasource(w http.ResponseWriter, r *http.Request) {
	var sent object
	if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
		refuse(w, http.StatusBadRequest, "bad request data")
		return
	}
	name, _ := sent["name"].(string)
	if g.datasources[name] != nil {
		refuse(w, http.StatusConflict, "data source with the same name already exists")
		return
	}
	sent["id"] = g.id()
	g.datasources[name] = sent
	reply(w, http.StatusOK, object{"id": sent["id"], "message": "Datasource added", "name": name, "datasource": sent})
}
