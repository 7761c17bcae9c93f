package grafanaapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/moodring/moodring/dashgen/internal/dashboard"
)

// messageBytes is how many bytes of an error response are read.
const messageBytes = 4 << 10

// refusal is an answer with a status of 400 or more.
type refusal struct {
	code    int
	message string
}

func (r refusal) Error() string { return fmt.Sprintf("%d %s", r.code, r.message) }

// errNoGrafana is a 404 without a message, which every Grafana writes: the
// path is unknown, and not the dashboard.
var errNoGrafana = errors.New("404 Not Found, but no Grafana says so: is --grafana its address, with the path that it is served under?")

func isCode(err error, code int) bool {
	var r refusal
	return errors.As(err, &r) && r.code == code
}

// strict turns refusals into errors. The client's own handling of them differs
// from call to call: CreateDatasource takes them for success, and saving a
// dashboard panics on one without a message.
type strict struct{}

func (strict) RoundTrip(r *http.Request) (*http.Response, error) {
	r, err := placed(r)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || response.StatusCode < http.StatusBadRequest {
		return response, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, messageBytes))
	if err != nil {
		return nil, err
	}
	var told struct{ Message string }
	if json.Unmarshal(body, &told) != nil || told.Message == "" {
		if response.StatusCode == http.StatusNotFound {
			return nil, errNoGrafana
		}
		told.Message = http.StatusText(response.StatusCode)
	}
	return nil, refusal{response.StatusCode, strings.Join(strings.Fields(told.Message), " ")}
}

// inFolder is the key of the uid that into adds to a context.
type inFolder struct{}

// into has a dashboard that is saved put into a folder by the folder's uid. The
// client knows no more than its id, which Grafana 13 ignores.
func into(ctx context.Context, f Folder) context.Context {
	return context.WithValue(ctx, inFolder{}, f.UID)
}

func placed(r *http.Request) (*http.Request, error) {
	uid, _ := r.Context().Value(inFolder{}).(string)
	if uid == "" {
		return r, nil
	}
	body, err := io.ReadAll(r.Body)
	if err := errors.Join(err, r.Body.Close()); err != nil {
		return nil, err
	}
	fields, err := decode(body)
	if err != nil {
		return nil, err
	}
	fields["folderUid"] = uid
	text, err := dashboard.Marshal(fields)
	if err != nil {
		return nil, err
	}
	changed := r.Clone(r.Context())
	changed.Body, changed.ContentLength, changed.GetBody = io.NopCloser(bytes.NewReader(text)), int64(len(text)), nil
	return changed, nil
}

// failed says what failed, and what to do about credentials or a server that is
// not there.
func (g Grafana) failed(what string, err error) error {
	var sent *url.Error
	if errors.As(err, &sent) {
		err = sent.Err
	}
	advice := ""
	if isCode(err, http.StatusUnauthorized) || isCode(err, http.StatusForbidden) {
		advice = "; give --credentials a file with a token, or user:password, that may do so"
	}
	var failed net.Error
	switch {
	case errors.As(err, &failed) && failed.Timeout():
		err, advice = fmt.Errorf("no reply within %s", g.deadline), "; is it overloaded, or is --grafana not its address?"
	case errors.As(err, &failed):
		advice = "; is it there, and is --grafana its address?"
	}
	return fmt.Errorf("Grafana at %s: %s: %w%s", g.URL, what, err, advice)
}
