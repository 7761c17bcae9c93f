package grafanaapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/moodring/moodring/dashgen/internal/dashboard"
	"github.com/moodring/moodring/dashgen/internal/web"
)

// messageBytes is how many bytes of an error response are read.
const messageBytes = 4 << 10

// statusError is a response with another status than 200, the status of each success in
// Grafana's documentation, "HTTP API".
type statusError struct {
	code    int
	status  string // Grafana's word for the cause, as name-exists; often empty
	message string
}

func (e statusError) Error() string { return fmt.Sprintf("%d %s", e.code, e.message) }

// errNotGrafana is a 404 without a message. Every Grafana writes a message, so
// the path is unknown rather than the dashboard.
var errNotGrafana = errors.New("404 Not Found from a server that is not Grafana; give --grafana the address of Grafana, with its path if it has one")

func isStatus(err error, code int) bool {
	var status statusError
	return errors.As(err, &status) && status.code == code
}

// transport turns error responses into errors. The SDK handles them differently
// in each method: CreateDatasource takes them for success, and saving a
// dashboard panics if the response has no message.
type transport struct{}

func (transport) RoundTrip(r *http.Request) (*http.Response, error) {
	r, err := withFolder(r)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && isRedirect(response.StatusCode) && r.Method != http.MethodGet {
		return nil, errors.Join(redirected(response), response.Body.Close())
	}
	if err != nil || response.StatusCode == http.StatusOK || isRedirect(response.StatusCode) {
		return response, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, messageBytes))
	if err != nil {
		return nil, err
	}
	var reply struct{ Status, Message string }
	if json.Unmarshal(body, &reply) != nil || reply.Message == "" {
		if response.StatusCode == http.StatusNotFound {
			return nil, errNotGrafana
		}
		reply.Message = http.StatusText(response.StatusCode)
	}
	return nil, statusError{response.StatusCode, reply.Status, strings.Join(strings.Fields(reply.Message), " ")}
}

func isRedirect(code int) bool {
	return code >= http.StatusMultipleChoices && code < http.StatusBadRequest
}

// redirectError is a redirect of a request that changes something. The HTTP client would
// follow it with a GET, and a GET that succeeds has saved nothing.
type redirectError struct{ to string }

func (e redirectError) Error() string {
	return "it redirects to " + e.to + "; give --grafana its own address, with https if it has a certificate"
}

func redirected(response *http.Response) error {
	to, err := response.Location()
	if err != nil {
		return redirectError{"an address that is not valid"}
	}
	to.User = nil
	return redirectError{web.Redacted(to)}
}

// folderKey is the key of a folder's uid in a context.
type folderKey struct{}

// savingTo returns a context in which dashboards are saved to a folder by its
// uid. The SDK only knows the folder's id, which Grafana 13 ignores.
func savingTo(ctx context.Context, f Folder) context.Context {
	return context.WithValue(ctx, folderKey{}, f.UID)
}

// withFolder adds the folder's uid, if the context has one, to a request.
func withFolder(r *http.Request) (*http.Request, error) {
	uid, _ := r.Context().Value(folderKey{}).(string)
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

// failed explains why an action failed, and advises on credentials, or on the address of
// the server.
func (g Grafana) failed(action string, err error) error {
	var status statusError
	var sent *url.Error
	var redirect redirectError
	switch {
	case errors.As(err, &redirect):
		err = redirect
	case isStatus(err, http.StatusUnauthorized), isStatus(err, http.StatusForbidden):
		errors.As(err, &status)
		err = fmt.Errorf("%w; give --credentials a file with a token, or user:password, that may do so", status)
	case errors.As(err, &status):
		err = fmt.Errorf("%w; Grafana's log says more", status)
	case errors.Is(err, errNotGrafana):
		err = errNotGrafana
	case errors.As(err, &sent), errors.Is(err, web.ErrLarge):
		err = web.Failed(err, "--grafana", g.deadline)
	default: // the decoder's: it has the names of Go types
		err = web.Failed(errOther, "--grafana", g.deadline)
	}
	return fmt.Errorf("Grafana at %s: %s: %w", g.address, action, err)
}

// errOther is a reply that cannot be decoded.
var errOther = errors.New("the reply is not of a Grafana")
