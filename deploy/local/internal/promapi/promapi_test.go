package promapi

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
)

// series are a counter, a native histogram and a label value outside ASCII, one
// sample a minute from the epoch.
const series = `
load 1m
  joy{model="bert"} 0 1.5 NaN
  joy{model="größe"} 3
  latency {{schema:0 sum:5 count:4 buckets:[1 2 1]}}
`

// newServer serves the storage and the engine; scrapes and rules are tested with
// a running Prometheus in package prometheus.
func newServer(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(Handler(Options{
		Engine:  promqltest.NewTestEngine(t, false, 0, 1000),
		Storage: promqltest.LoadedStorage(t, series),
		Parser:  parser.NewParser(parser.Options{}),
	}))
	t.Cleanup(server.Close)
	return server
}

// TestHandler checks whole bodies, so that a change of format is seen.
func TestHandler(t *testing.T) {
	const success = `{"status":"success","data":`
	tests := []struct {
		name, path, params string
		status             int
		want               string
	}{
		{"vector", "query", "query=sort(joy)&time=60", 200, success + `{"resultType":"vector","result":[{"metric":{"__name__":"joy","model":"bert"},"value":[60,"1.5"]},{"metric":{"__name__":"joy","model":"größe"},"value":[60,"3"]}]}}`},
		{"vector, NaN", "query", `query=joy{model="bert"}&time=120`, 200, success + `{"resultType":"vector","result":[{"metric":{"__name__":"joy","model":"bert"},"value":[120,"NaN"]}]}}`},
		{"vector, empty", "query", "query=sadness&time=60", 200, success + `{"resultType":"vector","result":[]}}`},
		{"vector, histogram", "query", "query=latency&time=0", 200, success + `{"resultType":"vector","result":[{"metric":{"__name__":"latency"},"histogram":[0,{"count":"4","sum":"5","buckets":[[0,"0.5","1","1"],[0,"1","2","2"],[0,"2","4","1"]]}]}]}}`},
		{"scalar, at a time with milliseconds", "query", "query=1e30&time=1.5", 200, success + `{"resultType":"scalar","result":[1.500,"1e+30"]}}`},
		{"string", "query", `query="a\"b"&time=1970-01-01T00:01:00Z`, 200, success + `{"resultType":"string","result":[60,"a\"b"]}}`},
		{"matrix of a selector", "query", `query=joy{model="bert"}[2m]&time=60`, 200, success + `{"resultType":"matrix","result":[{"metric":{"__name__":"joy","model":"bert"},"values":[[0,"0"],[60,"1.5"]]}]}}`},
		{"warning", "query", "query=quantile(2,joy)&time=60", 200, success + `{"resultType":"vector","result":[{"metric":{},"value":[60,"+Inf"]}]},"warnings":["PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)"]}`},
		{"info", "query", "query=rate(joy[2m])&time=60", 200, success + `{"resultType":"vector","result":[{"metric":{"model":"bert"},"value":[60,"0.0125"]}]},"infos":["PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"joy\" (1:6)"]}`},
		{"wrong query", "query", "query=joy{", 400, `{"status":"error","errorType":"bad_data","error":"invalid parameter \"query\": 1:5: parse error: unexpected end of input inside braces"}`},
		{"wrong time", "query", "query=joy&time=now", 400, `{"status":"error","errorType":"bad_data","error":"invalid parameter \"time\": cannot parse \"now\" to a valid timestamp"}`},
		{"failed query", "query", `query=label_replace(joy,"model","","","")&time=60`, 422, `{"status":"error","errorType":"execution","error":"vector cannot contain metrics with the same labelset"}`},

		{"range", "query_range", `query=joy{model="bert"}&start=0&end=60&step=30s`, 200, success + `{"resultType":"matrix","result":[{"metric":{"__name__":"joy","model":"bert"},"values":[[0,"0"],[30,"0"],[60,"1.5"]]}]}}`},
		{"range, histograms", "query_range", "query=latency&start=0&end=60&step=60", 200, success + `{"resultType":"matrix","result":[{"metric":{"__name__":"latency"},"histograms":[[0,{"count":"4","sum":"5","buckets":[[0,"0.5","1","1"],[0,"1","2","2"],[0,"2","4","1"]]}],[60,{"count":"4","sum":"5","buckets":[[0,"0.5","1","1"],[0,"1","2","2"],[0,"2","4","1"]]}]]}]}}`},
		{"range without a start", "query_range", "query=joy&end=60&step=30", 400, `{"status":"error","errorType":"bad_data","error":"invalid parameter \"start\": cannot parse \"\" to a valid timestamp"}`},
		{"range, backwards", "query_range", "query=joy&start=60&end=0&step=30", 400, `{"status":"error","errorType":"bad_data","error":"invalid parameter \"end\": end timestamp must not be before start time"}`},
		{"range, no step", "query_range", "query=joy&start=0&end=60&step=0", 400, `{"status":"error","errorType":"bad_data","error":"invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer"}`},
		{"range, too many steps", "query_range", "query=joy&start=0&end=11001&step=1", 400, `{"status":"error","errorType":"bad_data","error":"exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"}`},

		{"series", "series", "match[]=joy&match[]={model=\"bert\"}", 200, success + `[{"__name__":"joy","model":"bert"},{"__name__":"joy","model":"größe"}]}`},
		{"series, limited", "series", "match[]=joy&limit=1", 200, success + `[{"__name__":"joy","model":"bert"}],"warnings":["results truncated due to limit"]}`},
		{"series, without a selector", "series", "", 400, `{"status":"error","errorType":"bad_data","error":"no match[] parameter provided"}`},
		{"series, everything", "series", `match[]={model=~".*"}`, 400, `{"status":"error","errorType":"bad_data","error":"invalid parameter \"match[]\": match[] must contain at least one non-empty matcher"}`},
		{"labels", "labels", "start=0&end=60", 200, success + `["__name__","model"]}`},
		{"labels, of some series", "labels", "match[]=latency&match[]=sadness", 200, success + `["__name__"]}`},
		{"labels, wrong limit", "labels", "limit=-1", 400, `{"status":"error","errorType":"bad_data","error":"invalid parameter \"limit\": strconv.ParseUint: parsing \"-1\": invalid syntax"}`},
		{"label values", "label/__name__/values", "", 200, success + `["joy","latency"]}`},
		{"label values, of some series", "label/model/values", `match[]={model!="bert",model!=""}&match[]=latency`, 200, success + `["größe"]}`},
		{"label values, unknown label", "label/mood/values", "", 200, success + `[]}`},
		{"label values, no label", "label/%ff/values", "", 400, `{"status":"error","errorType":"bad_data","error":"invalid label name: \"\\xff\""}`},
	}
	server := newServer(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			response, err := http.Get(server.URL + "/api/v1/" + test.path + "?" + encoded(t, test.params))
			check(t, response, err, test.status, test.want)
			if strings.HasPrefix(test.path, "label/") {
				return // Prometheus has no POST for label values
			}
			response, err = http.Post(server.URL+"/api/v1/"+test.path, "application/x-www-form-urlencoded", strings.NewReader(encoded(t, test.params)))
			check(t, response, err, test.status, test.want)
		})
	}
}

// encoded percent-encodes the values of parameters that are written plainly.
func encoded(t *testing.T, params string) string {
	t.Helper()
	values := url.Values{}
	for _, param := range strings.Split(params, "&") {
		name, value, _ := strings.Cut(param, "=")
		values.Add(name, value)
	}
	return values.Encode()
}

func check(t *testing.T, response *http.Response, err error, status int, want string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(body)); diff != "" || response.StatusCode != status {
		t.Errorf("status %d, want %d; body (-want +got):\n%s", response.StatusCode, status, diff)
	}
}

func TestPlainText(t *testing.T) {
	server := newServer(t)
	for path, want := range map[string]string{
		"/-/ready":   "Prometheus Server is Ready.\n",
		"/-/healthy": "Prometheus Server is Healthy.\n",
	} {
		response, err := http.Get(server.URL + path)
		check(t, response, err, http.StatusOK, want)
	}
}
