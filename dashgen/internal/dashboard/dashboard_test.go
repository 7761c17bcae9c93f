package dashboard

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRead(t *testing.T) {
	const one = `{"uid": "one", "title": "One", "tags": ["a"], "panels": []}`
	for _, tc := range []struct {
		name, text string
		want       Dashboard
	}{
		{"plain", one, Dashboard{"one", "One", []string{"a"}, []byte(one)}},
		{"of the HTTP API", `{"meta": {}, "dashboard": ` + one + `}`, Dashboard{"one", "One", []string{"a"}, []byte(one)}},
		{"sent to the HTTP API", `{"dashboard": ` + one + `, "folderUid": "f", "overwrite": true}`, Dashboard{"one", "One", []string{"a"}, []byte(one)}},
		{"a resource", `{"apiVersion": "dashboard.grafana.app/v1", "kind": "Dashboard", "metadata": {"name": "one"}, "spec": {"title": "A < B", "id": 12345678901234567890}}`,
			Dashboard{"one", "A < B", nil, []byte("{\n  \"id\": 12345678901234567890,\n  \"title\": \"A < B\",\n  \"uid\": \"one\"\n}\n")}},
		{"a resource with its uid in the spec", `{"kind": "Dashboard", "metadata": {"name": "one"}, "spec": ` + one + `}`, Dashboard{"one", "One", []string{"a"}, []byte(one)}},
		{"a resource with another uid in the spec", `{"kind": "Dashboard", "metadata": {"name": "one"}, "spec": {"title": "One", "uid": "old"}}`,
			Dashboard{"one", "One", nil, []byte("{\n  \"title\": \"One\",\n  \"uid\": \"one\"\n}\n")}},
		{"a resource without a name", `{"kind": "Dashboard", "spec": ` + one + `}`, Dashboard{"one", "One", []string{"a"}, []byte(one)}},
		{"a resource with access", `{"kind": "DashboardWithAccessInfo", "metadata": {"name": "one"}, "spec": ` + one + `, "access": {}}`, Dashboard{"one", "One", []string{"a"}, []byte(one)}},
		{"no uid", `{"title": "One"}`, Dashboard{"", "One", nil, []byte(`{"title": "One"}`)}},
		{"no title", `{"panels": [{}]}`, Dashboard{"", "", nil, []byte(`{"panels": [{}]}`)}},
		{"rows of before Grafana 5", `{"rows": [{"panels": []}]}`, Dashboard{"", "", nil, []byte(`{"rows": [{"panels": []}]}`)}},
		{"empty envelopes", `{"title": "One", "dashboard": null, "spec": null}`, Dashboard{"", "One", nil, []byte(`{"title": "One", "dashboard": null, "spec": null}`)}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Read([]byte(tc.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	const v2 = "the v2 schema of Grafana is not supported: export the dashboard as Classic or V1 Resource"
	for _, tc := range []struct{ name, text, want string }{
		{"no JSON", `title: D`, "no JSON: invalid character 'i' in literal true (expecting 'r'); export the dashboard from Grafana as JSON"},
		{"half a file", `{"title": "D"`, "no JSON: unexpected end of JSON input; export the dashboard from Grafana as JSON"},
		{"an empty file", " \n", "no JSON: it is empty"},
		{"UTF-16", "\xff\xfe{\x00}\x00", "no JSON: it is UTF-16; save it as UTF-8"},
		{"a list", `[]`, "no dashboard: it is a JSON array, and not an object"},
		{"another file", `{"groups": []}`, "no dashboard: it has neither a title nor panels"},
		{"another object", `{"kind": "Deployment", "spec": {"title": "D"}}`, "no dashboard: it is a Kubernetes object of kind Deployment; give a file with one dashboard"},
		{"an object without a spec", `{"kind": "DashboardList", "items": []}`, "no dashboard: it is a Kubernetes object of kind DashboardList; give a file with one dashboard"},
		{"a number for a title", `{"title": 1, "panels": []}`, "no dashboard: its title is a JSON number"},
		{"a list in an envelope", `{"dashboard": []}`, "no dashboard: it is a JSON array, and not an object"},
		{"v2, plain", `{"title": "D", "elements": {"panel-1": {"kind": "Panel"}}}`, v2},
		{"v2 of the HTTP API", `{"dashboard": {"title": "D", "elements": {}}}`, v2},
		{"v2 as a resource", `{"apiVersion": "dashboard.grafana.app/v2", "kind": "Dashboard", "spec": {"title": "D"}}`, v2},
		{"v2 as a resource of no version", `{"kind": "Dashboard", "spec": {"title": "D", "elements": {}}}`, v2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := Read([]byte(tc.text)); err == nil || err.Error() != tc.want {
				t.Errorf("got error %v, want %q", err, tc.want)
			}
		})
	}
}

// TestNamed: a dashboard without a uid gets one from its file, always the same, that
// Grafana accepts.
func TestNamed(t *testing.T) {
	valid := regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)
	seen := map[string]string{}
	for _, name := range []string{"board", "my board", "情绪", "😀", strings.Repeat("long", 30), strings.Repeat("long", 30) + "er", "a/b"} {
		d, err := Dashboard{JSON: []byte(`{"title": "T"}`)}.Named(name)
		if err != nil || !valid.MatchString(d.UID) || seen[d.UID] != "" {
			t.Errorf("%q gets the uid %q, as does %q; error %v", name, d.UID, seen[d.UID], err)
		}
		if !strings.Contains(string(d.JSON), `"uid": "`+d.UID+`"`) {
			t.Errorf("%q: its JSON is %s", name, d.JSON)
		}
		seen[d.UID] = name
	}
	if d, err := (Dashboard{UID: "own", JSON: []byte(`{}`)}).Named("other"); err != nil || d.UID != "own" {
		t.Errorf("got %q, %v", d.UID, err)
	}
}

func TestReadFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "windows.json")
	if err := os.WriteFile(name, []byte("\xef\xbb\xbf"+`{"title": "D"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if d, err := ReadFile(name); err != nil || d.Title != "D" {
		t.Errorf("got %q and error %v for a file with a byte order mark", d.Title, err)
	}
	// A file without an end, as a device, is not read whole.
	want := "/dev/zero: no dashboard: it has more than 16777216 bytes"
	if _, err := ReadFile("/dev/zero"); err == nil || err.Error() != want {
		t.Errorf("got error %v, want %q", err, want)
	}
}

func TestNamedRefuses(t *testing.T) {
	d, err := Read([]byte(`{"uid": "../a", "title": "D"}`))
	if err != nil {
		t.Fatal(err)
	}
	want := `the uid "../a" is not valid in Grafana: use 1 to 40 of A-Z, a-z, 0-9, _ and -`
	if _, err := d.Named("a.json"); err == nil || err.Error() != want {
		t.Errorf("got error %v, want %q", err, want)
	}
}
