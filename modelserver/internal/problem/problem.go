// Package problem names the reasons for which a call is refused, with their HTTP statuses and gRPC codes.
package problem

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"google.golang.org/grpc/codes"
)

// Kind is a reason for a refusal.
type Kind int

// The kinds of refusals.
const (
	Internal       Kind = iota // the server is at fault
	Invalid                    // the request breaks the protocol
	NotFound                   // no model or path has this name
	Method                     // the path exists, but not for this HTTP method
	Slow                       // the body did not arrive in time
	TooLarge                   // the request is larger than a limit
	Media                      // the encoding of the body is unknown
	NotImplemented             // the protocol has the call, this server does not
	Busy                       // the server has no capacity now; the same call may succeed later
	Gone                       // the caller has left
	Expired                    // the caller's own deadline has passed
)

// codesOf holds the HTTP status and the gRPC code of each kind. 499 is nginx's status for a caller that left; no caller
// sees it.
var codesOf = map[Kind]struct {
	http int
	grpc codes.Code
}{
	Internal:       {http.StatusInternalServerError, codes.Internal},
	Invalid:        {http.StatusBadRequest, codes.InvalidArgument},
	NotFound:       {http.StatusNotFound, codes.NotFound},
	Method:         {http.StatusMethodNotAllowed, codes.Unimplemented},
	Slow:           {http.StatusRequestTimeout, codes.DeadlineExceeded},
	TooLarge:       {http.StatusRequestEntityTooLarge, codes.InvalidArgument},
	Media:          {http.StatusUnsupportedMediaType, codes.InvalidArgument},
	NotImplemented: {http.StatusNotImplemented, codes.Unimplemented},
	Busy:           {http.StatusServiceUnavailable, codes.Unavailable},
	Gone:           {499, codes.Canceled},
	Expired:        {http.StatusGatewayTimeout, codes.DeadlineExceeded},
}

// Error is a refusal. Its message is sent to the caller, so it quotes nothing from the request's texts.
type Error struct {
	Kind    Kind
	Message string
}

func (e *Error) Error() string { return e.Message }

// New returns an Error with a formatted message.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{kind, fmt.Sprintf(format, args...)}
}

// Refuse returns an error of reading a request as an Error, of kind Invalid unless the error has a kind.
func Refuse(err error) *Error {
	if known := new(Error); errors.As(err, &known) {
		return known
	}
	return New(Invalid, "%s", err)
}

// Of returns err as an Error. Errors of a context become Gone and Expired. All other errors are the server's fault: their
// text is for the log, so the caller gets a general message.
func Of(err error) *Error {
	if known := new(Error); errors.As(err, &known) {
		return known
	}
	switch {
	case errors.Is(err, context.Canceled):
		return New(Gone, "the caller ended the call")
	case errors.Is(err, context.DeadlineExceeded):
		return New(Expired, "the call's deadline passed before its turn")
	}
	return New(Internal, "the model failed; the model server's log has the cause")
}

// HTTP returns the HTTP status.
func (e *Error) HTTP() int { return codesOf[e.Kind].http }

// GRPC returns the gRPC code.
func (e *Error) GRPC() codes.Code { return codesOf[e.Kind].grpc }
