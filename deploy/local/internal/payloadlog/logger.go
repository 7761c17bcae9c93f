// Package payloadlog stands in for the payload logging of KServe: the logger of its
// agent, which runs beside a model server and posts each reply as a CloudEvent, and
// a collector that counts the predictions in these events.
//
// The logger follows pkg/logger and cmd/agent of KServe 0.16 in the work for a
// reply. It writes the headers of an event itself in place of the CloudEvents SDK,
// and has no log, where KServe's has two lines for each event. KServe's default mode
// also posts the requests. So this logger costs less than KServe's.
package payloadlog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"github.com/google/uuid"
)

const (
	queueLength = 100 // as LoggerWorkerQueueSize
	senders     = 5   // as the agent's default for its flag workers
)

// Logger is a reverse proxy in front of a model server.
type Logger struct {
	model  http.Handler
	sink   string // URL of the collector
	queue  chan event
	failed func(error) // gets each error of a post
}

// event is a reply to post.
type event struct {
	id, contentType string
	body            []byte
}

// NewLogger returns a Logger that posts to sink, and starts its senders. They run
// until the program ends.
func NewLogger(model *url.URL, sink string, failed func(error)) *Logger {
	proxy := httputil.NewSingleHostReverseProxy(model)
	proxy.FlushInterval = -1 // at once, as knative.dev/networking has it
	l := &Logger{model: proxy, sink: sink, queue: make(chan event, queueLength), failed: failed}
	go l.dispatch()
	return l
}

// ServeHTTP forwards a request, and queues a copy of the reply.
func (l *Logger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "can't read body", http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(request))
	copied := &copier{ResponseWriter: w}
	l.model.ServeHTTP(copied, r)
	if copied.status == http.StatusOK {
		l.queue <- event{uuid.NewString(), r.Header.Get("Content-Type"), copied.body.Bytes()}
	}
}

// copier keeps a copy of the response.
type copier struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (c *copier) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

func (c *copier) Write(chunk []byte) (int, error) {
	c.body.Write(chunk)
	return c.ResponseWriter.Write(chunk)
}

// Unwrap lets the proxy flush the response.
func (c *copier) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// dispatch posts the queued events, a few at a time. As in KServe, events wait for a
// sender in any number, and are lost when the process ends.
func (l *Logger) dispatch() {
	slots := make(chan struct{}, senders)
	for e := range l.queue {
		go func() {
			slots <- struct{}{}
			if err := l.post(e); err != nil {
				l.failed(err)
			}
			<-slots
		}()
	}
}

// post sends one event in CloudEvents' binary mode. A failed post is not repeated.
func (l *Logger) post(e event) error {
	request, err := http.NewRequest(http.MethodPost, l.sink, bytes.NewReader(e.body))
	if err != nil {
		return err
	}
	for name, value := range e.attributes() {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, response.Body)
	err = errors.Join(err, response.Body.Close())
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("the collector answered %s", response.Status)
	}
	return err
}

// attributes returns the headers of an event.
func (e event) attributes() map[string]string {
	return map[string]string{
		"Content-Type":            e.contentType,
		"Ce-Specversion":          "1.0",
		"Ce-Id":                   e.id,
		"Ce-Type":                 "org.kubeflow.serving.inference.response",
		"Ce-Source":               "http://localhost:9081/",
		"Ce-Time":                 time.Now().UTC().Format(time.RFC3339Nano),
		"Ce-Inferenceservicename": "bert-model",
		"Ce-Namespace":            "default",
		"Ce-Component":            "predictor",
		"Ce-Endpoint":             "default",
		"Ce-Metadata":             "{}",
	}
}
