// Package dashboard reads a Grafana dashboard from a file, in any envelope.
// Grafana's documentation, "Dashboard JSON model", describes the schemas.
package dashboard

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

// Dashboard is a dashboard of the classic schema.
type Dashboard struct {
	UID   string // empty if the file has none
	Title string
	Tags  []string
	// JSON is the dashboard without its envelope. If UID is set, it has that uid.
	JSON []byte
}

// envelope is a file's outermost object. Grafana's HTTP API answers with the
// dashboard under "dashboard". Grafana 12 and later also write a Kubernetes-style
// resource: the name of such a resource is the dashboard's uid.
type envelope struct {
	Dashboard  json.RawMessage `json:"dashboard"`
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Metadata   struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec json.RawMessage `json:"spec"`
}

// errV2 refuses the schema that Grafana calls v2, or dynamic dashboards.
var errV2 = errors.New("the v2 schema of Grafana is not supported: export the dashboard as Classic or V1 Resource")

// fileBytes is how many bytes a file may have. Grafana's own largest dashboards have a
// few MB, and a device or a wrong file can have no end.
const fileBytes = 16 << 20

// ReadFile reads the dashboard in a file. The error names the file.
func ReadFile(name string) (Dashboard, error) {
	file, err := os.Open(name)
	if err != nil {
		return Dashboard{}, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, fileBytes+1))
	if err != nil {
		return Dashboard{}, err
	}
	if len(text) > fileBytes {
		return Dashboard{}, fmt.Errorf("%s: no dashboard: it has more than %d bytes", name, fileBytes)
	}
	d, err := Read(text)
	if err != nil {
		return Dashboard{}, fmt.Errorf("%s: %w", name, err)
	}
	return d, nil
}

// Read reads a dashboard: plain, as the "dashboard" of Grafana's HTTP API, or as
// the spec of a Kubernetes-style resource.
func Read(text []byte) (Dashboard, error) {
	if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
		return Dashboard{}, errors.New("no JSON: it is UTF-16; save it as UTF-8")
	}
	inner, uid, err := open(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))) // the mark that Windows puts before UTF-8
	if err != nil {
		return Dashboard{}, err
	}
	var d struct {
		UID      string            `json:"uid"`
		Title    string            `json:"title"`
		Tags     []string          `json:"tags"`
		Panels   []json.RawMessage `json:"panels"`
		Rows     []json.RawMessage `json:"rows"` // before Grafana 5, panels were in rows
		Elements json.RawMessage   `json:"elements"`
	}
	if err := decode(inner, &d); err != nil {
		return Dashboard{}, err
	}
	if isPresent(d.Elements) {
		return Dashboard{}, errV2
	}
	if d.Title == "" && len(d.Panels) == 0 && len(d.Rows) == 0 {
		return Dashboard{}, errors.New("no dashboard: it has neither a title nor panels")
	}
	if uid != "" && uid != d.UID {
		d.UID = uid
		if inner, err = withUID(inner, uid); err != nil {
			return Dashboard{}, err
		}
	}
	return Dashboard{d.UID, d.Title, d.Tags, inner}, nil
}

// maxUID is the number of characters of the longest uid that Grafana accepts.
const maxUID = 40

// notInUID matches runs of characters that a uid cannot have.
var notInUID = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

// validUID matches the uids that Grafana takes, which also fit into a path.
var validUID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)

// Named returns the dashboard with a uid that Grafana takes, or an error. A dashboard without one, such as an export
// for sharing, gets it from the name of its file: the same file always has the same
// uid. A long name is cut, and gets its hash.
func (d Dashboard) Named(name string) (Dashboard, error) {
	if d.UID != "" && !validUID.MatchString(d.UID) {
		return Dashboard{}, fmt.Errorf("the uid %q is not valid in Grafana: use 1 to 40 of A-Z, a-z, 0-9, _ and -", d.UID)
	}
	if d.UID != "" {
		return d, nil
	}
	d.UID = strings.Trim(notInUID.ReplaceAllString(name, "-"), "-")
	if d.UID == "" || len(d.UID) > maxUID {
		sum := sha256.Sum256([]byte(name))
		hash := hex.EncodeToString(sum[:4])
		d.UID = strings.Trim(d.UID[:min(len(d.UID), maxUID-len(hash)-1)]+"-"+hash, "-")
	}
	var err error
	d.JSON, err = withUID(d.JSON, d.UID)
	return d, err
}

// open takes a dashboard out of its envelope. The uid is the envelope's, if any.
func open(text []byte) (inner []byte, uid string, err error) {
	var e envelope
	if err := decode(text, &e); err != nil {
		return nil, "", err
	}
	switch {
	case isPresent(e.Dashboard):
		return e.Dashboard, "", nil
	case e.Kind == "" && !isPresent(e.Spec):
		return text, "", nil
	case e.Kind != "" && !strings.HasPrefix(e.Kind, "Dashboard") || !isPresent(e.Spec):
		return nil, "", fmt.Errorf("no dashboard: it is a Kubernetes object of kind %s; give a file with one dashboard", e.Kind)
	case strings.HasPrefix(e.APIVersion, "dashboard.grafana.app/v2"):
		return nil, "", errV2
	}
	return e.Spec, e.Metadata.Name, nil
}

func isPresent(value json.RawMessage) bool { return len(value) > 0 && string(value) != "null" }

// decode reads a JSON object.
func decode(text []byte, into any) error {
	err := json.Unmarshal(text, into)
	var other *json.UnmarshalTypeError
	switch {
	case errors.As(err, &other) && other.Field == "":
		return fmt.Errorf("no dashboard: it is a JSON %s, and not an object", other.Value)
	case errors.As(err, &other):
		return fmt.Errorf("no dashboard: its %s is a JSON %s", other.Field, other.Value)
	case len(bytes.TrimSpace(text)) == 0:
		return errors.New("no JSON: it is empty")
	case err != nil:
		return fmt.Errorf("no JSON: %w; export the dashboard from Grafana as JSON", err)
	}
	return nil
}

// withUID sets the uid of a dashboard, and leaves all its other values as they
// are written.
func withUID(text []byte, uid string) ([]byte, error) {
	fields := map[string]json.RawMessage{}
	if err := decode(text, &fields); err != nil {
		return nil, err
	}
	quoted, err := json.Marshal(uid)
	if err != nil {
		return nil, err
	}
	fields["uid"] = quoted
	return Marshal(fields)
}

// Marshal writes JSON as the files of dashgen have it: indented, and with <, >
// and & as they are.
func Marshal(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(value)
	return out.Bytes(), err
}
