package soak

import (
	"encoding/json"
	"net"
	"net/http"
	"time"
)

// order is the body of a request: it tells the upstream how to reply. The upstream
// stands in for a model server, because a real model cannot be told its answers.
type order struct {
	Labels []string `json:"labels"` // of the predictions in the reply
	Reset  bool     `json:"reset"`  // ends the connection in the middle of the reply
}

// score is a label's score in a reply of KServe's V1 protocol.
type score struct {
	Label string  `json:"label"`
	Score float64 `json:"score"`
}

// reply returns the body that an order asks for.
func (o order) reply() ([]byte, error) {
	predictions := make([][]score, len(o.Labels))
	for i, label := range o.Labels {
		predictions[i] = []score{{label, 0.75}, {"rest", 0.25}}
	}
	return json.Marshal(map[string]any{"predictions": predictions})
}

// upstream is an HTTP server that replies as ordered.
type upstream struct {
	server *http.Server
	port   int
}

// startUpstream listens on a port of 127.0.0.1; 0 takes a free one.
func startUpstream(port int) (*upstream, error) {
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		return nil, err
	}
	u := &upstream{
		server: &http.Server{Handler: http.HandlerFunc(serveOrder), ReadTimeout: time.Minute},
		port:   listener.Addr().(*net.TCPAddr).Port,
	}
	go func() { _ = u.server.Serve(listener) }() // ErrServerClosed after stop
	return u, nil
}

// stop closes all connections at once, as a killed server's kernel does.
func (u *upstream) stop() error { return u.server.Close() }

func serveOrder(w http.ResponseWriter, r *http.Request) {
	var o order
	if err := json.NewDecoder(r.Body).Decode(&o); err != nil {
		http.Error(w, "not an order", http.StatusBadRequest)
		return
	}
	body, err := o.reply()
	if err != nil {
		http.Error(w, "no reply", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if o.Reset {
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler) // closes the connection
	}
	_, _ = w.Write(body)
}
