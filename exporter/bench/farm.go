package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/moodring/moodring/contract"
)

// farm serves many gateways in this process, which is not the measured one. Each
// gateway has its own address in 127.0.0.0/8, because real gateways have their own
// hosts too.
type farm struct {
	port                 string
	scrapes, predictions atomic.Int64
}

func startFarm() (*farm, error) {
	listener, err := net.Listen("tcp", ":0")
	if err != nil {
		return nil, err
	}
	f := new(farm)
	if _, f.port, err = net.SplitHostPort(listener.Addr().String()); err != nil {
		return nil, err
	}
	pages := farmPages()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stats/prometheus", func(w http.ResponseWriter, _ *http.Request) {
		page := pages[f.scrapes.Add(1)%int64(len(pages))]
		w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
		_, _ = w.Write(page)
	})
	mux.HandleFunc("POST /v1/models/{model}", f.predict)
	mux.HandleFunc("POST /sink", func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	go func() { _ = http.Serve(listener, mux) }() // until the program ends
	return f, nil
}

// emotions returns the labels of the model behind the gateways.
func emotions() []string { return []string{"joy", "sadness", "anger", "fear", "love", "surprise"} }

// predict serves replies with each emotion in turn, and with all confidences.
func (f *farm) predict(w http.ResponseWriter, _ *http.Request) {
	all, n := emotions(), f.predictions.Add(1)
	at, tenths := int(n)%len(all), int(n)/len(all)%10
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"predictions":[[{"label":%q,"score":%g},{"label":%q,"score":0.01}]]}`, all[at], 0.095+0.1*float64(tenths), all[(at+1)%len(all)])
}

// address returns the address of gateway i.
func (f *farm) address(i int) string { return fmt.Sprintf("127.1.%d.%d:%s", i/250, i%250+1, f.port) }

// farmPages returns a gateway's page at several times: 60 samples in Envoy's default
// format, of a model with three labels.
func farmPages() [][]byte {
	var pages [][]byte
	for i := range 16 {
		pages = append(pages, farmPage(1000+i))
	}
	return pages
}

func farmPage(count int) []byte {
	var page bytes.Buffer
	sample := func(name string, value int) {
		fmt.Fprintf(&page, "# TYPE %[1]s counter\n%[1]s{} %[2]d\n", name, value)
	}
	model := contract.Field{Key: contract.LabelModel, Value: "bert-emotion-model"}
	for i, label := range []string{"joy", "sadness", "love"} {
		field := contract.Field{Key: contract.LabelLabel, Value: label}
		sample(mangled(contract.Predictions, model, field), count*(i+1))
		for j, le := range []string{"0.8", "0.9", "0.95", "0.99"} {
			sample(mangled(contract.Confidence+contract.SuffixBucket, model, field, contract.Field{Key: contract.LabelBucket, Value: le}), count*(i+1)*(j+1)/5)
		}
		sample(mangled(contract.Confidence+contract.SuffixCount, model, field), count*(i+1))
		sample(mangled(contract.Confidence+contract.SuffixSumMillionths, model, field), count*(i+1)*970000)
	}
	for _, outcome := range contract.Outcomes() {
		sample(mangled(contract.Replies, model, contract.Field{Key: contract.LabelOutcome, Value: outcome}), count)
	}
	const manager = `{envoy_http_conn_manager_prefix="ingress_http"}`
	for _, result := range contract.AuthorizationResults() {
		fmt.Fprintf(&page, "# TYPE envoy_http_rbac_%[1]s counter\nenvoy_http_rbac_%[1]s%[2]s %[3]d\n", result, manager, count)
	}
	for _, result := range contract.RateLimitResults() {
		fmt.Fprintf(&page, "# TYPE envoy_cluster_ratelimit_%[1]s counter\nenvoy_cluster_ratelimit_%[1]s{envoy_cluster_name=\"model\"} %[2]d\n", result, count)
	}
	for class := 1; class <= 6; class++ { // the contract uses five of them
		fmt.Fprintf(&page, "envoy_http_downstream_rq_xx{envoy_response_code_class=\"%d\",envoy_http_conn_manager_prefix=\"ingress_http\"} %d\n", class, count)
	}
	return page.Bytes()
}

// mangled returns a name as in /stats/prometheus.
func mangled(name string, fields ...contract.Field) string {
	raw := string(contract.AppendStat(nil, name, fields...))
	return strings.Map(func(r rune) rune {
		if r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return '_'
	}, raw)
}
