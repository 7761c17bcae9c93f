package grafanaapi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/grafana-tools/sdk"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/dashboard"
	"github.com/moodring/moodring/dashgen/internal/grafana"
	"github.com/moodring/moodring/dashgen/internal/grafanatest"
)

// They are of a schema that no Grafana brings up to date when it is asked.
var (
	first  = of(`{"uid":"moodring-a","title":"A","tags":["moodring"],"schemaVersion":42,"panels":[{"title":"P"}]}`)
	second = of(`{"uid":"moodring-a","title":"A","tags":["moodring"],"schemaVersion":42,"panels":[{"title":"Q"}]}`)
	theirs = of(`{"uid":"moodring-a","title":"Mine now","tags":["moodring"],"schemaVersion":42,"panels":[{"title":"P"}]}`)
)

// of returns the dashboard in a text.
func of(text string) []dashboard.Dashboard {
	d, err := dashboard.Read([]byte(text))
	if err != nil {
		panic(err)
	}
	return []dashboard.Dashboard{d}
}

func dial(t *testing.T, to grafanatest.Grafana) Grafana {
	t.Helper()
	g, err := Dial(parseURL(t, to.URL), to.Token, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func memory(t *testing.T) grafanatest.Grafana {
	t.Helper()
	return grafanatest.Grafana{URL: grafanatest.Server(t).URL, Token: grafanatest.Token}
}

func plan(t *testing.T, g Grafana, dashboards []dashboard.Dashboard) []Change {
	t.Helper()
	changes, err := g.Plan(t.Context(), dashboards)
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

func push(t *testing.T, g Grafana, dashboards []dashboard.Dashboard, overwrite bool) error {
	t.Helper()
	folder, err := g.EnsureFolder(t.Context(), "moodring", "Moodring")
	if err != nil {
		t.Fatal(err)
	}
	return g.Push(t.Context(), plan(t, g, dashboards), folder, overwrite)
}

// edit saves a dashboard as a person does in Grafana: what was there, changed,
// with its revision kept and its version counted up.
func edit(t *testing.T, g Grafana) {
	t.Helper()
	there, _, err := g.client.GetRawDashboardByUID(t.Context(), "moodring-a")
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(there), `"title":"A"`, `"title":"Mine now"`, 1)
	if changed == string(there) {
		t.Fatalf("no title to change in %s", there)
	}
	if _, err := g.client.SetRawDashboard(t.Context(), []byte(changed)); err != nil {
		t.Fatal(err)
	}
}

func TestPush(t *testing.T) { grafanatest.Each(t, testPush) }

func testPush(t *testing.T, to grafanatest.Grafana) {
	g := dial(t, to)
	if got := plan(t, g, first)[0]; got.State != New || !strings.Contains(got.Diff, `+  "uid": "moodring-a"`) {
		t.Errorf("before: got %s:\n%s", got.State, got.Diff)
	}
	if err := push(t, g, first, false); err != nil {
		t.Fatal(err)
	}
	if got := plan(t, g, first)[0]; got.State != Same || got.Diff != "" || got.version != 1 {
		t.Errorf("pushed: got %s, version %d:\n%s", got.State, got.version, got.Diff)
	}
	found, err := g.client.Search(t.Context(), sdk.SearchType(sdk.SearchTypeDashboard), sdk.SearchTag("moodring"))
	if err != nil || len(found) != 1 || found[0].FolderUID != "moodring" {
		t.Errorf("pushed: got %+v, want it in the folder moodring: %v", found, err)
	}
	if err := push(t, g, first, false); err != nil {
		t.Fatal(err)
	}
	got := plan(t, g, second)[0]
	if got.State != Changed || got.version != 1 || !strings.Contains(got.Diff, "-      \"title\": \"P\"\n+      \"title\": \"Q\"") {
		t.Errorf("pushed twice, then changed: got %s, version %d, want it not saved again:\n%s", got.State, got.version, got.Diff)
	}
	if err := push(t, g, second, false); err != nil {
		t.Fatal(err)
	}
	if got := plan(t, g, second)[0]; got.State != Same || got.version != 2 {
		t.Errorf("pushed anew: got %s, version %d", got.State, got.version)
	}
}

// TestPushOurs: what dashgen writes comes back from Grafana as it was sent.
func TestPushOurs(t *testing.T) { grafanatest.Each(t, testPushOurs) }

func testPushOurs(t *testing.T, to grafanatest.Grafana) {
	var ours []dashboard.Dashboard
	for _, b := range board.All().Boards {
		text, err := grafana.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		ours = append(ours, of(string(text))...)
	}
	g := dial(t, to)
	if err := push(t, g, ours, false); err != nil {
		t.Fatal(err)
	}
	for _, c := range plan(t, g, ours) {
		if c.State != Same {
			t.Errorf("%s: got %s:\n%s", c.UID, c.State, c.Diff)
		}
	}
}

func TestPushRefusesWhatOthersChanged(t *testing.T) {
	grafanatest.Each(t, testPushRefusesWhatOthersChanged)
}

func testPushRefusesWhatOthersChanged(t *testing.T, to grafanatest.Grafana) {
	g := dial(t, to)
	if err := push(t, g, first, false); err != nil {
		t.Fatal(err)
	}
	edit(t, g)
	if got := plan(t, g, first)[0]; got.State != Foreign {
		t.Errorf("edited: got %s", got.State)
	}
	if got := plan(t, g, theirs)[0]; got.State != Same {
		t.Errorf("edited to what is ours too: got %s:\n%s", got.State, got.Diff)
	}
	if err := push(t, g, second, false); err == nil || !strings.Contains(err.Error(), "dashboard moodring-a in Grafana was changed by others") {
		t.Errorf("got error %v", err)
	}
	if err := push(t, g, second, true); err != nil {
		t.Fatal(err)
	}
	if got := plan(t, g, second)[0]; got.State != Same || got.version != 3 {
		t.Errorf("overwritten: got %s, version %d", got.State, got.version)
	}
}

// TestPushInBetween: somebody saves after the plan was made.
func TestPushInBetween(t *testing.T) { grafanatest.Each(t, testPushInBetween) }

func testPushInBetween(t *testing.T, to grafanatest.Grafana) {
	g := dial(t, to)
	if err := push(t, g, first, false); err != nil {
		t.Fatal(err)
	}
	changes := plan(t, g, second)
	edit(t, g)
	err := g.Push(t.Context(), changes, Folder{}, true)
	if err == nil || err.Error() != "dashboard moodring-a: it was saved by others just now: run it again" {
		t.Errorf("got error %v", err)
	}
}

func TestPull(t *testing.T) { grafanatest.Each(t, testPull) }

func testPull(t *testing.T, to grafanatest.Grafana) {
	g := dial(t, to)
	if err := push(t, g, first, false); err != nil {
		t.Fatal(err)
	}
	got, err := g.Pull(t.Context(), "moodring")
	if err != nil {
		t.Fatal(err)
	}
	want := []Pulled{{"moodring-a", []byte("{\n  \"panels\": [\n    {\n      \"title\": \"P\"\n    }\n  ],\n  \"schemaVersion\": 42,\n  \"tags\": [\n    \"moodring\"\n  ],\n  \"title\": \"A\",\n  \"uid\": \"moodring-a\"\n}\n")}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if other, err := g.Pull(t.Context(), "other"); err != nil || len(other) != 0 {
		t.Errorf("got %v, %v", other, err)
	}
}

func TestFolder(t *testing.T) { grafanatest.Each(t, testFolder) }

func testFolder(t *testing.T, to grafanatest.Grafana) {
	g := dial(t, to)
	made, err := g.EnsureFolder(t.Context(), "moodring", "Moodring")
	if err != nil || made.ID == 0 {
		t.Fatalf("got %+v, %v", made, err)
	}
	found, err := g.EnsureFolder(t.Context(), "moodring", "Moodring")
	if err != nil || found != made {
		t.Errorf("got %+v, want %+v: %v", found, made, err)
	}
}

func TestDataSource(t *testing.T) { grafanatest.Each(t, testDataSource) }

func testDataSource(t *testing.T, to grafanatest.Grafana) {
	g := dial(t, to)
	for range 2 {
		if err := g.EnsureDataSource(t.Context(), "Moodring", "http://prometheus:9090", "15s"); err != nil {
			t.Fatal(err)
		}
	}
	err := g.EnsureDataSource(t.Context(), "Moodring", "http://other:9090", "15s")
	if err == nil || !strings.Contains(err.Error(), "asks prometheus at http://prometheus:9090, not Prometheus at http://other:9090") {
		t.Errorf("got error %v", err)
	}
}

func TestCredentials(t *testing.T) {
	url := grafanatest.Server(t).URL
	for name, tc := range map[string]struct{ credentials, want string }{
		"token":    {grafanatest.Token, ""},
		"password": {grafanatest.User + ":" + grafanatest.Password, ""},
		"none":     {"", "Grafana at " + url + ": folder Moodring: 401 Unauthorized; give --credentials"},
		"wrong":    {"admin:nonsense", "401 Unauthorized; give --credentials"},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := Dial(parseURL(t, url), tc.credentials, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			_, err = g.EnsureFolder(t.Context(), "moodring", "Moodring")
			if (tc.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want %q", err, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), "nonsense") {
				t.Errorf("the error tells the password: %v", err)
			}
		})
	}
}

// calls are all methods that send a request.
var calls = map[string]func(context.Context, Grafana) error{
	"plan": func(ctx context.Context, g Grafana) error { _, err := g.Plan(ctx, first); return err },
	"save": func(ctx context.Context, g Grafana) error {
		return g.Push(ctx, []Change{{UID: "u", State: New, text: first[0].JSON}}, Folder{}, false)
	},
	"folder":      func(ctx context.Context, g Grafana) error { _, err := g.EnsureFolder(ctx, "f", "F"); return err },
	"data source": func(ctx context.Context, g Grafana) error { return g.EnsureDataSource(ctx, "d", "http://p", "15s") },
	"pull":        func(ctx context.Context, g Grafana) error { _, err := g.Pull(ctx, "moodring"); return err },
}

// TestSickGrafana: a proxy in front of it answers instead.
func TestSickGrafana(t *testing.T) {
	g := answering(t, http.StatusBadGateway, "<html>upstream connect error</html>")
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			if err := call(t.Context(), g); err == nil || !strings.HasSuffix(err.Error(), ": 502 Bad Gateway; Grafana's log says more") {
				t.Errorf("got error %v", err)
			}
		})
	}
}

// TestWrongReply: a reply of another server gives an error that says so, without Go types
// and without a part of the reply.
func TestWrongReply(t *testing.T) {
	const want = ": the reply is not of a Grafana; is it there, and is --grafana its address?"
	for _, reply := range []string{"", "<html>secret</html>", "null", "5", `["secret"]`, `{"dashboard":null}`, `{"dashboard":"secret"}`, `{"dashboard":{"version":"secret"}}`, `{"status":`} {
		g := answering(t, http.StatusOK, reply)
		for name, call := range calls {
			if name == "pull" && reply == "null" { // no dashboards
				continue
			}
			t.Run(name+" "+reply, func(t *testing.T) {
				if err := call(t.Context(), g); err == nil || !strings.HasSuffix(err.Error(), want) || strings.Contains(err.Error(), "secret") {
					t.Errorf("got error %v, want one that ends with %q", err, want)
				}
			})
		}
	}
}

// TestNoContent: a status without a reply is no success.
func TestNoContent(t *testing.T) {
	g := answering(t, http.StatusNoContent, "")
	for name, call := range calls {
		if err := call(t.Context(), g); err == nil || !strings.Contains(err.Error(), ": 204 No Content; ") {
			t.Errorf("%s: got error %v", name, err)
		}
	}
}

func TestRedirects(t *testing.T) {
	server := httptest.NewServer(http.RedirectHandler("/login", http.StatusFound))
	t.Cleanup(server.Close)
	_, err := dial(t, grafanatest.Grafana{URL: server.URL}).Plan(t.Context(), first)
	if want := ": stopped after 10 redirects; is it there, and is --grafana its address?"; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got error %v, want one that ends with %q", err, want)
	}
}

// TestRedirectedSave: a save that is redirected is no save, and says where to.
func TestRedirectedSave(t *testing.T) {
	server := httptest.NewServer(http.RedirectHandler("https://u:secret@grafana.example/login?token=secret", http.StatusFound))
	t.Cleanup(server.Close)
	g := dial(t, grafanatest.Grafana{URL: server.URL})
	err := g.save(t.Context(), Change{UID: "moodring-a", text: first[0].JSON}, Folder{UID: "f"})
	if want := ": it redirects to https://grafana.example/login?xxxxx; give --grafana its own address, with https if it has a certificate"; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got error %v, want one that ends with %q", err, want)
	}
}

// TestPullRefusesUIDs: a uid is part of a path and of a file's name.
func TestPullRefusesUIDs(t *testing.T) {
	for _, uid := range []string{"", ".", "..", "../../x", "a/b", "a\x00b", strings.Repeat("a", 300)} {
		text, err := json.Marshal([]map[string]string{{"uid": uid, "title": "T", "type": "dash-db"}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := answering(t, http.StatusOK, string(text)).Pull(t.Context(), "x"); err == nil || !strings.Contains(err.Error(), "the reply is not of a Grafana") {
			t.Errorf("%q: got error %v", uid, err)
		}
	}
}

// answering returns a client of a server that gives each request the same reply.
func answering(t *testing.T, code int, reply string) Grafana {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = w.Write([]byte(reply))
	}))
	t.Cleanup(server.Close)
	return dial(t, grafanatest.Grafana{URL: server.URL, Token: grafanatest.Token})
}

// TestAnotherServer: what it does not know is not new to a Grafana.
func TestAnotherServer(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	_, err := dial(t, grafanatest.Grafana{URL: server.URL}).Plan(t.Context(), first)
	if err == nil || !strings.Contains(err.Error(), "404 Not Found from a server that is not Grafana") {
		t.Errorf("got error %v", err)
	}
}

func TestPlanRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`{"title":"A"}`: "no uid",
		`{"uid":"a","title":"A"} {"uid":"a","title":"B"}`: `dashboards "A" and "B" have the same uid, a: change one`,
	} {
		var all []dashboard.Dashboard
		for decoder := json.NewDecoder(strings.NewReader(text)); decoder.More(); {
			var one json.RawMessage
			if err := decoder.Decode(&one); err != nil {
				t.Fatal(err)
			}
			all = append(all, of(string(one))...)
		}
		if _, err := dial(t, memory(t)).Plan(t.Context(), all); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q", err, want)
		}
	}
}

func parseURL(t *testing.T, address string) *url.URL {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}
