package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/moodring/moodring/deploy/local/internal/client"
	"github.com/moodring/moodring/deploy/local/internal/stack"
)

const (
	workers      = 8
	requestLimit = 10 * time.Second
	oddOnceIn    = 100 // of so many requests the client aborts one and the upstream resets one
	maxBatch     = 3   // predictions in a reply
	clientEvery  = 500 // requests after which a worker connects anew
)

var emotions = []string{"joy", "sadness", "anger", "fear", "love", "surprise"}

// Traffic sends requests from several workers. Half of the workers use HTTP/2.
type Traffic struct {
	ledger  *Ledger
	gateway func() string
	gate    sync.RWMutex // held by each request, so that Pause waits for all
	stopAll context.CancelFunc
	group   sync.WaitGroup

	mu     sync.Mutex
	flight context.Context // of the requests in flight
	drop   context.CancelFunc
}

// StartTraffic sends requests until Stop. The same seed gives the same requests.
func StartTraffic(seed uint64, l *Ledger, gateway func() string) *Traffic {
	ctx, cancel := context.WithCancel(context.Background())
	t := &Traffic{ledger: l, gateway: gateway, stopAll: cancel}
	t.flight, t.drop = context.WithCancel(ctx)
	for n := range workers {
		w := &worker{Traffic: t, random: rand.New(rand.NewPCG(seed, uint64(n)+1)), isHTTP2: n%2 == 1}
		t.group.Go(func() { w.run(ctx) })
	}
	return t
}

// Pause waits for the requests in flight and keeps the workers from sending more.
func (t *Traffic) Pause() { t.gate.Lock() }

// Resume ends a pause.
func (t *Traffic) Resume() { t.gate.Unlock() }

// DropClients ends all requests in flight, as killed clients would.
func (t *Traffic) DropClients() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop()
	t.flight, t.drop = context.WithCancel(context.Background())
}

func (t *Traffic) inFlight() context.Context {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.flight
}

// Stop waits for the requests in flight.
func (t *Traffic) Stop() {
	t.stopAll()
	t.group.Wait()
}

// SendOnce sends one prediction of a label, also during a pause.
func (t *Traffic) SendOnce(ctx context.Context, label string) error {
	w := &worker{Traffic: t, http: newHTTPClient(false)}
	status, err := w.send(ctx, order{Input: Text, Labels: []string{label}}, false)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the gateway answered %d", status)
	}
	if err == nil {
		t.ledger.Read([]string{label})
	}
	return err
}

// worker sends one request after the other.
type worker struct {
	*Traffic
	random  *rand.Rand
	isHTTP2 bool
	http    *http.Client
	sent    int
}

func (w *worker) run(ctx context.Context) {
	for ctx.Err() == nil {
		w.gate.RLock()
		w.request()
		w.gate.RUnlock()
	}
}

// request sends one request and enters its reply into the ledger.
func (w *worker) request() {
	if w.sent%clientEvery == 0 {
		w.http = newHTTPClient(w.isHTTP2)
	}
	w.sent++
	o := w.order()
	isAborted := w.random.IntN(oddOnceIn) == 0
	ctx, cancel := context.WithTimeout(w.inFlight(), requestLimit)
	defer cancel()
	status, err := w.send(ctx, o, isAborted)
	switch {
	case err == nil && status == http.StatusOK:
		w.ledger.Read(o.Labels)
		return
	case err != nil && !o.Reset && !isDialError(err):
		w.ledger.Lose(o.Labels)
	}
	time.Sleep(refusedWait)
}

// refusedWait keeps a worker from sending without a pause to a gateway that is down.
const refusedWait = 20 * time.Millisecond

// isDialError reports whether the gateway got no request.
func isDialError(err error) bool {
	var operation *net.OpError
	return errors.As(err, &operation) && operation.Op == "dial"
}

func (w *worker) order() order {
	o := order{Input: Text, Reset: w.random.IntN(oddOnceIn) == 0}
	for range 1 + w.random.IntN(maxBatch) {
		o.Labels = append(o.Labels, emotions[w.random.IntN(len(emotions))])
	}
	return o
}

var errAborted = errors.New("aborted by the client")

// send returns the status of a reply that was read whole.
func (w *worker) send(ctx context.Context, o order, isAborted bool) (status int, err error) {
	body, err := json.Marshal(o)
	if err != nil {
		return 0, err
	}
	request, err := client.Client{Gateway: w.gateway()}.Request(ctx, client.Caller{IsAuthorized: true, Key: stack.UnlimitedKey}, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	response, err := w.http.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if isAborted {
		return response.StatusCode, errAborted
	}
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

// newHTTPClient returns a client with connections of its own.
func newHTTPClient(isHTTP2 bool) *http.Client {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!isHTTP2)
	protocols.SetUnencryptedHTTP2(isHTTP2)
	return &http.Client{Transport: &http.Transport{Protocols: protocols, MaxIdleConnsPerHost: 1, IdleConnTimeout: 5 * time.Second}}
}
