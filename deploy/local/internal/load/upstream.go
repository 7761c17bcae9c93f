package load

import (
	"encoding/json"
	"net"
	"net/http"
	"time"
)

// order is the body of a request: it tells the upstream how to reply. The upstream
// stands in for a model server, because a real model cannot be told its answers.
type order struct {
	Input  string   `json:"input"`  // the caller's text, which the reply repeats
	Labels []string `json:"labels"` // of the predictions in the reply
	Reset  bool     `json:"reset"`  // ends the connection in the middle of the reply
}

// Text is the caller's text of every request. A search for Text finds replies that
// a program passes on.
const Text = "Ada Lovelace of St James's Square is happy"

// score is a label's score.
type score struct {
	Label string  `json:"label"`
	Score float64 `json:"score"`
}

// reply is a reply of KServe's V1 protocol.
type reply struct {
	Predictions [][]score `json:"predictions"`
	Input       string    `json:"input"`
}

// reply returns the body that an order asks for. Each prediction has scores of all
// labels, as a classifier's.
func (o order) reply() ([]byte, error) {
	predictions := make([][]score, len(o.Labels))
	for i, label := range o.Labels {
		predictions[i] = []score{{label, 0.75}}
		for _, other := range emotions {
			if other != label {
				predictions[i] = append(predictions[i], score{other, 0.05})
			}
		}
	}
	return json.Marshal(reply{predictions, o.Input})
}

// Upstream is an HTTP server that replies as ordered.
type Upstream struct {
	server *http.Server
	Port   int
}

// StartUpstream listens on a port of 127.0.0.1; 0 takes a free one.
func StartUpstream(port int) (*Upstream, error) {
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		return nil, err
	}
	u := &Upstream{
		server: &http.Server{Handler: http.HandlerFunc(serveOrder), ReadTimeout: time.Minute},
		Port:   listener.Addr().(*net.TCPAddr).Port,
	}
	go func() { _ = u.server.Serve(listener) }() // ErrServerClosed after Stop
	return u, nil
}

// Stop closes all connections at once, as a killed server's kernel does.
func (u *Upstream) Stop() error { return u.server.Close() }

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
