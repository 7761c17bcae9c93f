// Package prom reads from a Prometheus, or from an exporter's page of metrics.
// Each request has a deadline, and all errors have the same wording.
package prom

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/dashgen/internal/web"
)

// Deadline is the usual deadline of a request. Prometheus itself gives up after
// two minutes by default, but a panel that loads for so long is of no use.
const Deadline = 30 * time.Second

// Server is a Prometheus or an exporter.
type Server struct {
	URL      *url.URL      // a user and password in the URL are sent as basic auth
	Flag     string        // the command-line flag that sets URL, for errors
	Deadline time.Duration // of a request, with its whole response; 0 is Deadline
}

// deadline returns the deadline of a request.
func (s Server) deadline() time.Duration {
	if s.Deadline == 0 {
		return Deadline
	}
	return s.Deadline
}

// WithDeadline returns a context for one request.
func (s Server) WithDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, s.deadline())
}

// String returns the server's URL without its password and its query.
func (s Server) String() string { return web.Redacted(s.URL) }

// Failed explains why a request to Prometheus failed. An error about the query
// itself says all that there is to say. Other errors get advice on the flag.
func (s Server) Failed(err error) error {
	return s.failed(fmt.Sprintf("asking Prometheus at %s", s), err)
}

func (s Server) failed(doing string, err error) error {
	var refused *promv1.Error
	switch {
	case IsAboutQuery(err):
		return fmt.Errorf("%s: %w", doing, err)
	case errors.Is(err, errDenied):
		return fmt.Errorf("%s: %w; write a user and a password into %s, as http://USER:PASSWORD@HOST:PORT", doing, errDenied, s.Flag)
	case errors.As(err, &refused) && refused.Type == promv1.ErrBadResponse:
		err = errOther
	}
	return fmt.Errorf("%s: %w", doing, web.Failed(err, s.Flag, s.deadline()))
}

var (
	errDenied = errors.New("these credentials may not read it")
	// errOther hides the error of the JSON decoder, which has the names of Go types and
	// a part of the reply.
	errOther = errors.New("the reply is not of a Prometheus")
)

// refuseDenied turns a reply to wrong credentials into an error. The client library
// repeats a refused POST as a GET, because some proxies only let GET pass.
type refuseDenied struct{}

func (refuseDenied) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusForbidden && r.Method == http.MethodGet {
		return nil, errors.Join(errDenied, response.Body.Close())
	}
	return response, nil
}

// IsAboutQuery reports whether err is Prometheus's refusal of a single query,
// so that other queries may succeed.
func IsAboutQuery(err error) bool {
	var refused *promv1.Error
	if !errors.As(err, &refused) {
		return false
	}
	return refused.Type == promv1.ErrBadData || refused.Type == promv1.ErrExec || refused.Type == promv1.ErrTimeout
}

// Client reads from one Server.
type Client struct {
	server   Server
	http     *http.Client
	api      promv1.API
	warnings *[]string // each once
}

// Dial returns a client of a server. It does not connect yet.
func Dial(s Server) (Client, error) {
	bounded := web.Client(refuseDenied{}, s.deadline())
	client, err := api.NewClient(api.Config{Address: s.URL.String(), Client: bounded})
	if err != nil {
		return Client{}, fmt.Errorf("address of Prometheus %s: %w", s, err)
	}
	return Client{s, bounded, promv1.NewAPI(client), new([]string)}, nil
}

// Warnings returns the warnings of all queries so far, each as one line. A result with a
// warning may be a part of the whole, as if a store behind Thanos does not reply.
func (c Client) Warnings() []string { return *c.warnings }

func (c Client) warned(warnings promv1.Warnings) {
	for _, text := range warnings {
		if line := strings.Join(strings.Fields(text), " "); !slices.Contains(*c.warnings, line) {
			*c.warnings = append(*c.warnings, line)
		}
	}
}

// String returns the server's URL without its password and its query.
func (c Client) String() string { return c.server.String() }

// Query evaluates an expression at a time; the zero time is Prometheus's now.
// The notes are Prometheus's remarks on the query.
func (c Client) Query(ctx context.Context, expr string, at time.Time) (_ model.Value, notes []string, _ error) {
	value, warnings, infos, err := c.api.Query(ctx, expr, at)
	if err = check(value, err); err != nil {
		return nil, nil, c.server.Failed(err)
	}
	c.warned(warnings)
	return value, slices.Concat([]string(warnings), []string(infos)), nil
}

// check refuses a value that the client library accepts from another server: nothing at
// all, or series that are null or without samples.
func check(value model.Value, err error) error {
	if err != nil {
		return err
	}
	isWhole := value != nil
	switch v := value.(type) {
	case model.Vector:
		isWhole = !slices.Contains(v, nil)
	case model.Matrix:
		isWhole = !slices.ContainsFunc(v, func(s *model.SampleStream) bool { return s == nil || len(s.Values)+len(s.Histograms) == 0 })
	}
	if !isWhole {
		return errOther
	}
	return nil
}

// Vector evaluates an expression whose result is an instant vector.
func (c Client) Vector(ctx context.Context, expr string, at time.Time) (model.Vector, error) {
	value, _, err := c.Query(ctx, expr, at)
	if err != nil {
		return nil, err
	}
	vector, ok := value.(model.Vector)
	if !ok {
		return nil, fmt.Errorf("asking Prometheus at %s: the result of %s is a %s, not a vector", c, expr, value.Type())
	}
	return vector, nil
}

// QueryRange evaluates an expression over a range of time.
func (c Client) QueryRange(ctx context.Context, expr string, over promv1.Range) (_ model.Value, notes []string, _ error) {
	value, warnings, infos, err := c.api.QueryRange(ctx, expr, over)
	if err = check(value, err); err != nil {
		return nil, nil, c.server.Failed(err)
	}
	c.warned(warnings)
	return value, slices.Concat([]string(warnings), []string(infos)), nil
}

// Now returns the time by Prometheus's clock.
func (c Client) Now(ctx context.Context) (time.Time, error) {
	value, _, err := c.Query(ctx, "time()", time.Time{})
	if err != nil {
		return time.Time{}, err
	}
	scalar, ok := value.(*model.Scalar)
	if !ok {
		return time.Time{}, fmt.Errorf("asking Prometheus at %s: its time is a %s, not a scalar", c, value.Type())
	}
	return scalar.Timestamp.Time(), nil
}

// Metadata returns the metadata that Prometheus scraped, by metric name. A
// metric has several entries if its targets disagree.
func (c Client) Metadata(ctx context.Context) (map[string][]promv1.Metadata, error) {
	metadata, err := c.api.Metadata(ctx, "", "")
	if err == nil && metadata == nil {
		err = errOther
	}
	if err != nil {
		return nil, c.server.failed(fmt.Sprintf("asking Prometheus at %s for its metadata", c), err)
	}
	return metadata, nil
}

// Page returns an exporter's page of metrics, in the format that accept names.
func (c Client) Page(ctx context.Context, accept string) ([]byte, error) {
	page, err := c.page(ctx, accept)
	if err != nil {
		return nil, c.server.failed(fmt.Sprintf("reading metrics at %s", c), err)
	}
	return page, nil
}

func (c Client) page(ctx context.Context, accept string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.server.URL.String(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", accept)
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%d %s", response.StatusCode, http.StatusText(response.StatusCode))
	}
	return io.ReadAll(response.Body)
}
