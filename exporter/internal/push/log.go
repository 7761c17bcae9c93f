package push

import (
	"errors"
	"log/slog"
	"net/url"

	"github.com/go-logr/logr"
)

// sink writes the messages of OpenTelemetry's library to the exporter's log. It leaves
// out their values: one of them is a part of OTEL_EXPORTER_OTLP_HEADERS that is not
// well-formed, and can be an API key.
type sink struct{ logger *slog.Logger }

func (sink) Init(logr.RuntimeInfo) {}

func (sink) Enabled(int) bool { return false } // only errors

func (sink) Info(int, string, ...any) {}

func (s sink) Error(err error, message string, _ ...any) {
	s.logger.Warn("OpenTelemetry's library: "+message, "err", shortened(err))
}

func (s sink) WithValues(...any) logr.LogSink { return s }

func (s sink) WithName(string) logr.LogSink { return s }

// errorBytes is how many bytes of an error are logged. A receiver's error has its whole
// response.
const errorBytes = 500

// shortError is an error with a long text.
type shortError struct{ error }

func (e shortError) Error() string { return e.error.Error()[:errorBytes] + "..." }

func (e shortError) Unwrap() error { return e.error }

// shortened returns an error with a short text, without the address of a request: a
// redirect's address can hold a token.
func shortened(err error) error {
	var sent *url.Error
	if errors.As(err, &sent) {
		err = sent.Err
	}
	if err == nil || len(err.Error()) <= errorBytes {
		return err
	}
	return shortError{err}
}
