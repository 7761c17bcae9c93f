package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/moodring/moodring/modelserver/internal/modeltest"
	"github.com/moodring/moodring/modelserver/internal/oip"
)

// The test model's answers to the texts "very good", "bad", and texts without a known word.
const (
	good  = `[{"label":"good","score":0.9046505},{"label":"bad","score":0.09534947}]`
	bad   = `[{"label":"bad","score":0.8807971},{"label":"good","score":0.11920292}]`
	equal = `[{"label":"good","score":0.5},{"label":"bad","score":0.5}]`
)

// try sends "METHOD PATH BODY" and compares the reply's status and body.
func (p *process) try(t *testing.T, request, want string) {
	t.Helper()
	method, rest, _ := strings.Cut(request, " ")
	path, body, _ := strings.Cut(rest, " ")
	got, header := p.call(t, method, path, body)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%.200s (-want +got):\n%s", request, diff)
	}
	if kind := header.Get("Content-Type"); kind != "application/json" {
		t.Errorf("content-type %q", kind)
	}
	if header.Get("Content-Length") == "" {
		t.Error("no content-length")
	}
}

func TestV1(t *testing.T) {
	p := start(t, "--model_dir", modeltest.Folder().Write(t), "--model_name", "m.v1")
	const predict = "POST /v1/models/m.v1:predict "
	for name, test := range map[string]struct{ request, want string }{
		"alive":           {"GET / ", `200 {"status":"alive"}`},
		"list":            {"GET /v1/models ", `200 {"models":["m.v1"]}`},
		"ready":           {"GET /v1/models/m.v1 ", `200 {"name":"m.v1","ready":"True"}`},
		"unknown":         {"GET /v1/models/x ", `404 {"error":"Model with name x does not exist."}`},
		"head":            {"HEAD /v1/models/m.v1 ", `200 `},
		"no path":         {"GET /v3 ", `404 {"error":"no such path; try /v1/models or /v2"}`},
		"no path in v1":   {"GET /v1/models/m.v1/x ", `404 {"error":"no such path; try /v1/models or /v2"}`},
		"escaped name":    {"GET /v1/models/m%2Ev1 ", `200 {"name":"m.v1","ready":"True"}`},
		"method ready":    {"POST /v1/models/m.v1 {}", `405 {"error":"wrong method for this path; want GET, HEAD"}`},
		"method predict":  {"GET /v1/models/m.v1:predict ", `405 {"error":"wrong method for this path; want POST"}`},
		"unknown model":   {`POST /v1/models/x:predict {"input":"a"}`, `404 {"error":"Model with name x does not exist."}`},
		"explain":         {`POST /v1/models/m.v1:explain {"input":"a"}`, `501 {"error":"the model has no explainer; the protocol's :predict gives every label's score"}`},
		"explain unknown": {`POST /v1/models/x:explain {"input":"a"}`, `404 {"error":"Model with name x does not exist."}`},
		"input":           {predict + `{"input":"very good"}`, `200 {"predictions":[` + good + `]}`},
		"input list":      {predict + `{"input":["bad","very good"]}`, `200 {"predictions":[` + bad + `,` + good + `]}`},
		"instances":       {predict + `{"instances":["very good","bad","very good"]}`, `200 {"predictions":[` + good + `,` + bad + `,` + good + `]}`},
		"empty instances": {predict + `{"instances":[]}`, `200 {"predictions":[]}`},
		"empty text":      {predict + `{"input":""}`, `200 {"predictions":[` + equal + `]}`},
		"other keys":      {predict + `{"parameters":{"top_k":1},"input":"bad"}`, `200 {"predictions":[` + bad + `]}`},
		"other case":      {predict + `{"INPUT":"x","input":"bad"}`, `200 {"predictions":[` + bad + `]}`},
		"no body":         {predict, `400 {"error":"the body is not JSON (byte 0)"}`},
		"not JSON":        {predict + `{"input":"secret" oops}`, `400 {"error":"the body is not JSON (byte 19)"}`},
		"cut":             {predict + `{"input":"secr`, `400 {"error":"the body is not JSON (byte 14)"}`},
		"two objects":     {predict + `{"input":"a"}{"input":"secret"}`, `400 {"error":"the body is not JSON (byte 14)"}`},
		"not an object":   {predict + `["secret"]`, `400 {"error":"the body is not a JSON object"}`},
		"not UTF-8":       {predict + "{\"input\":\"secret\xff\"}", `400 {"error":"the body is not UTF-8"}`},
		"lone surrogate":  {predict + `{"input":"secret\ud83d"}`, `400 {"error":"the body has half of a surrogate pair (byte 16); write the character whole"}`},
		"no texts":        {predict + `{"inptu":"secret"}`, `400 {"error":"the body has no texts; want {\"input\": \"...\"} or {\"instances\": [\"...\", ...]}"}`},
		"both keys":       {predict + `{"input":"secret","instances":[]}`, `400 {"error":"the body has both \"input\" and \"instances\"; want one of them"}`},
		"input number":    {predict + `{"input":7}`, `400 {"error":"\"input\" must be a string or a list of strings"}`},
		"input null":      {predict + `{"input":null}`, `400 {"error":"\"input\" must be a string or a list of strings"}`},
		"instances text":  {predict + `{"instances":"secret"}`, `400 {"error":"\"instances\" must be a list of strings"}`},
		"instances mixed": {predict + `{"instances":["secret",1]}`, `400 {"error":"\"instances\" must be a list of strings"}`},
		"instances null":  {predict + `{"instances":["secret",null]}`, `400 {"error":"\"instances\" must be a list of strings; number 2 is null"}`},
		"too many texts":  {predict + `{"instances":["a"` + strings.Repeat(`,"a"`, 1024) + `]}`, `413 {"error":"1025 texts in one request; send at most 1024"}`},
		"too many values": {predict + `{"instances":[1` + strings.Repeat(`,1`, 1<<20) + `]}`, `413 {"error":"the body has more than 16384 values; send fewer texts at once"}`},
		"body too large":  {predict + `{"input":"` + strings.Repeat("a", 4<<20) + `"}`, `413 {"error":"the body is larger than 4194304 bytes; send fewer texts at once"}`},
	} {
		t.Run(name, func(t *testing.T) { p.try(t, test.request, test.want) })
	}
}

func TestV2(t *testing.T) {
	p := start(t, "--model", "m="+modeltest.Folder().Write(t))
	const infer = "POST /v2/models/m/infer "
	labels := `{"name":"label","datatype":"BYTES","shape":[2],"data":["good","bad"]}`
	scores := `{"name":"scores","datatype":"FP32","shape":[2,2],"data":[0.9046505,0.09534947,0.11920292,0.8807971]}`
	input := func(fields string) string { return infer + `{"inputs":[{"name":"text",` + fields + `}]}` }
	text := `"datatype":"BYTES","shape":[1]`
	for name, test := range map[string]struct{ request, want string }{
		"server":          {"GET /v2 ", `200 {"extensions":["binary_tensor_data"],"name":"moodring-modelserver","version":"unknown"}`},
		"live":            {"GET /v2/health/live ", `200 {"live":true}`},
		"ready":           {"GET /v2/health/ready ", `200 {"ready":true}`},
		"models":          {"GET /v2/models ", `200 {"models":["m"]}`},
		"model ready":     {"GET /v2/models/m/ready ", `200 {"name":"m","ready":true}`},
		"version ready":   {"GET /v2/models/m/versions/1/ready ", `200 {"name":"m","ready":true}`},
		"unknown version": {"GET /v2/models/m/versions/2/ready ", `404 {"error":"the model has one version, 1"}`},
		"unknown model":   {"GET /v2/models/x/ready ", `404 {"error":"Model with name x does not exist."}`},
		"no metadata":     {"GET /v2/models/x ", `404 {"error":"Model with name x does not exist."}`},
		"no path":         {"GET /v2/models/m/x ", `404 {"error":"no such path; try /v1/models or /v2"}`},
		"method":          {"GET /v2/models/m/infer ", `405 {"error":"wrong method for this path; want POST"}`},
		"metadata": {"GET /v2/models/m ", `200 {"name":"m","versions":["1"],"platform":"onnxruntime_onnx","inputs":[{"name":"text","datatype":"BYTES","shape":[-1]}],` +
			`"outputs":[{"name":"label","datatype":"BYTES","shape":[-1]},{"name":"scores","datatype":"FP32","shape":[-1,2]}],` +
			`"parameters":{"batching":"up to 16 texts of similar length","labels":["good","bad"],"max_tokens":16}}`},
		"infer":          {infer + `{"id":"7","inputs":[{"name":"text","datatype":"BYTES","shape":[2],"data":["very good","bad"]}]}`, `200 {"model_name":"m","id":"7","outputs":[` + labels + `,` + scores + `]}`},
		"rows":           {infer + `{"inputs":[{"name":"x","datatype":"BYTES","shape":[2,1],"data":[["very good"],["bad"]]}]}`, `200 {"model_name":"m","outputs":[` + labels + `,` + scores + `]}`},
		"version":        {strings.Replace(infer, "m/", "m/versions/1/", 1) + `{"inputs":[{"name":"x","datatype":"BYTES","shape":[2],"data":["very good","bad"]}],"outputs":[{"name":"label"}]}`, `200 {"model_name":"m","model_version":"1","outputs":[` + labels + `]}`},
		"no texts":       {infer + `{"inputs":[{"name":"x","datatype":"BYTES","shape":[0],"data":[]}]}`, `200 {"model_name":"m","outputs":[{"name":"label","datatype":"BYTES","shape":[0],"data":[]},{"name":"scores","datatype":"FP32","shape":[0,2],"data":[]}]}`},
		"not JSON":       {infer + `secret`, `400 {"error":"the body is not JSON (byte 1)"}`},
		"no inputs":      {infer + `{}`, `400 {"error":"the body has no \"inputs\"; want one input of datatype BYTES"}`},
		"inputs null":    {infer + `{"inputs":null}`, `400 {"error":"the body has 0 inputs; the model has one, \"text\""}`},
		"inputs text":    {infer + `{"inputs":"secret"}`, `400 {"error":"\"inputs\" must be a list of objects"}`},
		"inputs [null]":  {infer + `{"inputs":[null]}`, `400 {"error":"\"inputs\" must be a list of objects; number 1 is null"}`},
		"two inputs":     {infer + `{"inputs":[{},{}]}`, `400 {"error":"the body has 2 inputs; the model has one, \"text\""}`},
		"id":             {infer + `{"id":7,"inputs":[{}]}`, `400 {"error":"\"id\" must be a string"}`},
		"parameters":     {infer + `{"parameters":[],"inputs":[{}]}`, `400 {"error":"\"parameters\" must be an object"}`},
		"no name":        {infer + `{"inputs":[{"datatype":"BYTES","shape":[1],"data":["secret"]}]}`, `400 {"error":"an input has no name; want \"text\""}`},
		"name":           {infer + `{"inputs":[{"name":7}]}`, `400 {"error":"\"name\" must be a string"}`},
		"datatype":       {input(`"datatype":"FP32","shape":[1],"data":[1]`), `400 {"error":"the input's datatype must be \"BYTES\", because the model reads texts"}`},
		"no datatype":    {input(`"shape":[1],"data":["secret"]`), `400 {"error":"the input's datatype must be \"BYTES\", because the model reads texts"}`},
		"no shape":       {input(`"datatype":"BYTES","data":["secret"]`), `400 {"error":"the input has no shape; want [number of texts]"}`},
		"shape text":     {input(`"datatype":"BYTES","shape":"1"`), `400 {"error":"\"shape\" must be a list of whole numbers"}`},
		"shape float":    {input(`"datatype":"BYTES","shape":[1.5]`), `400 {"error":"\"shape\" must be a list of whole numbers"}`},
		"shape negative": {input(`"datatype":"BYTES","shape":[-1],"data":["secret"]`), `400 {"error":"the input's shape has a negative size"}`},
		"shape of rows":  {input(`"datatype":"BYTES","shape":[1,2],"data":["a","b"]`), `400 {"error":"the input's shape must be [number of texts] or [number of texts, 1]"}`},
		"shape and data": {input(`"datatype":"BYTES","shape":[2],"data":["secret"]`), `400 {"error":"the input's shape holds 2 texts, and its data 1"}`},
		"no data":        {input(text), `400 {"error":"the input has no \"data\""}`},
		"data text":      {input(text + `,"data":"secret"`), `400 {"error":"\"data\" must be a list of strings"}`},
		"data null":      {input(text + `,"data":null`), `400 {"error":"\"data\" must be a list of strings"}`},
		"data number":    {input(text + `,"data":[7]`), `400 {"error":"\"data\" must be a list of strings; number 1 is none"}`},
		"data [null]":    {input(text + `,"data":[null]`), `400 {"error":"\"data\" must be a list of strings; number 1 is none"}`},
		"data wide":      {input(text + `,"data":[["a","b"]]`), `400 {"error":"\"data\" must be a list of strings; number 1 is none"}`},
		"surrogate":      {input(text + `,"data":["\udc00"]`), `400 {"error":"the body has half of a surrogate pair (byte 66); write the character whole"}`},
		"output":         {infer + `{"inputs":[{"name":"x","datatype":"BYTES","shape":[1],"data":["a"]}],"outputs":[{"name":"secret"}]}`, `400 {"error":"a requested output is unknown; the model has \"label\" and \"scores\""}`},
		"output twice":   {infer + `{"inputs":[{"name":"x","datatype":"BYTES","shape":[1],"data":["a"]}],"outputs":[{"name":"scores"},{"name":"scores"}]}`, `400 {"error":"the output \"scores\" is requested twice"}`},
		"many inputs":    {infer + `{"inputs":[{}` + strings.Repeat(`,{}`, 1<<20) + `]}`, `413 {"error":"the body has more than 16384 values; send fewer texts at once"}`},
		"outputs text":   {infer + `{"inputs":[{"name":"x","datatype":"BYTES","shape":[1],"data":["a"]}],"outputs":"secret"}`, `400 {"error":"\"outputs\" must be a list of objects"}`},
		"classes":        {infer + `{"inputs":[{"name":"x","datatype":"BYTES","shape":[1],"data":["a"]}],"outputs":[{"name":"label","parameters":{"classification":1}}]}`, `400 {"error":"the output parameter \"classification\" is not offered; the output \"label\" has the names"}`},
		"binary size":    {input(text + `,"parameters":{"binary_data_size":5}`), `400 {"error":"the input has 0 bytes of binary data, and its binary_data_size is 5"}`},
		"binary flag":    {infer + `{"parameters":{"binary_data_output":"yes"},"inputs":[{}]}`, `400 {"error":"\"binary_data_output\" must be true or false"}`},
	} {
		t.Run(name, func(t *testing.T) { p.try(t, test.request, test.want) })
	}
}

// packed returns the binary form of texts.
func packed(texts ...string) string {
	var out []byte
	for _, text := range texts {
		out = binary.LittleEndian.AppendUint32(out, uint32(len(text)))
		out = append(out, text...)
	}
	return string(out)
}

func TestV2Binary(t *testing.T) {
	p := start(t, "--model", "m="+modeltest.Folder().Write(t))
	header := func(size int) string {
		return fmt.Sprintf(`{"inputs":[{"name":"text","datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":%d}}]}`, size)
	}
	for name, test := range map[string]struct {
		json, binary, length, want string
	}{
		"text":           {header(7), packed("bad"), "", `200 {"model_name":"m","outputs":[{"name":"label","datatype":"BYTES","shape":[1],"data":["bad"]},`},
		"no binary":      {strings.Replace(header(0), `"parameters":{"binary_data_size":0}`, `"data":["bad"]`, 1), packed("bad"), "", `400 {"error":"the body has binary data, and no input has a binary_data_size"}`},
		"both":           {strings.Replace(header(7), `"parameters"`, `"data":["bad"],"parameters"`, 1), packed("bad"), "", `400 {"error":"the input has both \"data\" and binary data; want one of them"}`},
		"length no text": {header(2), "\x01\x00", "", `400 {"error":"the input's binary data end inside a length"}`},
		"cut text":       {header(6), packed("bad")[:6], "", `400 {"error":"the input's binary data end inside text 1"}`},
		"huge length":    {header(4), "\xff\xff\xff\xff", "", `400 {"error":"the input's binary data end inside text 1"}`},
		"not UTF-8":      {header(5), packed("\xff"), "", `400 {"error":"text 1 is not UTF-8"}`},
		"many texts":     {header(4 * 1025), strings.Repeat(packed(""), 1025), "", `413 {"error":"more than 1024 texts in one request; send fewer"}`},
		"two texts":      {header(10), packed("a", "b"), "", `400 {"error":"the input's shape holds 1 texts, and its data 2"}`},
		"wrong size":     {header(8), packed("bad"), "", `400 {"error":"the input has 7 bytes of binary data, and its binary_data_size is 8"}`},
		"long header":    {header(7), packed("bad"), "9999", `400 {"error":"the header Inference-Header-Content-Length is no length within the body"}`},
		"no number":      {header(7), packed("bad"), "x", `400 {"error":"the header Inference-Header-Content-Length is no length within the body"}`},
		"negative":       {header(7), packed("bad"), "-1", `400 {"error":"the header Inference-Header-Content-Length is no length within the body"}`},
	} {
		t.Run(name, func(t *testing.T) {
			length := test.length
			if length == "" {
				length = fmt.Sprint(len(test.json))
			}
			got, _ := p.call(t, "POST", "/v2/models/m/infer", test.json+test.binary, "Inference-Header-Content-Length", length)
			if !strings.HasPrefix(got, test.want) {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
	got, out := p.call(t, "POST", "/v2/models/m/infer", `{"parameters":{"binary_data_output":true},"inputs":[{"name":"text","datatype":"BYTES","shape":[1],"data":["bad"]}]}`)
	want := `{"model_name":"m","outputs":[{"name":"label","datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":7}},{"name":"scores","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}}]}`
	if !strings.HasPrefix(got, "200 "+want+packed("bad")) || out.Get("Inference-Header-Content-Length") != fmt.Sprint(len(want)) || out.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("got %q, %v", got, out)
	}
}

func TestCompression(t *testing.T) {
	p := start(t, "--model_dir", modeltest.Folder().Write(t))
	var body bytes.Buffer
	w := gzip.NewWriter(&body)
	fmt.Fprint(w, `{"input":"bad"}`)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got, _ := p.call(t, "POST", "/v1/models/model:predict", body.String(), "Content-Encoding", "gzip"); got != `200 {"predictions":[`+bad+`]}` {
		t.Error(got)
	}
	if got, _ := p.call(t, "POST", "/v1/models/model:predict", "x", "Content-Encoding", "br"); !strings.HasPrefix(got, "415 ") {
		t.Error(got)
	}
	long := `{"instances":["bad"` + strings.Repeat(`,"bad"`, 99) + `]}`
	for accept, want := range map[string]string{"gzip": "gzip", "deflate, gzip": "deflate", "br;q=1, gzip;q=0.5": "gzip", "gzip;q=0": "", "identity": "", "gzip; q=0.0, deflate": "deflate"} {
		if _, header := p.call(t, "POST", "/v1/models/model:predict", long, "Accept-Encoding", accept); header.Get("Content-Encoding") != want {
			t.Errorf("%s gave %q, want %q", accept, header.Get("Content-Encoding"), want)
		}
	}
	if _, header := p.call(t, "POST", "/v1/models/model:predict", `{"input":"bad"}`, "Accept-Encoding", "gzip"); header.Get("Content-Encoding") != "" {
		t.Error("a short reply was compressed")
	}
}

// TestTruncated: a reply tells how many texts were cut; --truncate=false refuses them.
func TestTruncated(t *testing.T) {
	long := strings.Repeat("good ", 20)
	p := start(t, "--model_dir", modeltest.Folder().Write(t))
	if _, header := p.call(t, "POST", "/v1/models/model:predict", `{"instances":["good","`+long+`"]}`); header.Get("X-Truncated-Texts") != "1" {
		t.Errorf("header %v", header)
	}
	v2 := `{"inputs":[{"name":"text","datatype":"BYTES","shape":[1],"data":["` + long + `"]}],"outputs":[{"name":"label"}]}`
	if got, _ := p.call(t, "POST", "/v2/models/model/infer", v2); !strings.Contains(got, `"parameters":{"truncated_texts":1}`) {
		t.Error(got)
	}
	if got := p.metrics(t, "modelserver_truncated_texts_total"); got[`modelserver_truncated_texts_total{model="model"}`] != 2 {
		t.Error(got)
	}
	refuses := start(t, "--model_dir", modeltest.Folder().Write(t), "--truncate=false")
	refuses.try(t, `POST /v1/models/model:predict {"input":"`+long+`"}`, `400 {"error":"text 1 is longer than the model's 16 tokens; send a shorter text, or start the server with --truncate=true"}`)
}

func TestMetrics(t *testing.T) {
	p := start(t, "--model_dir", modeltest.Folder().Write(t))
	p.predict(t, "good", "bad", "good")
	p.call(t, "POST", "/v1/models/model:predict", `{"instances":[7]}`)
	p.call(t, "POST", "/v1/models/nobody:predict", `{"instances":[7]}`)
	got := p.metrics(t, "")
	for series, want := range map[string]float64{
		`modelserver_answers_total{label="good",model="model"}`:                              2,
		`modelserver_answers_total{label="bad",model="model"}`:                               1,
		`modelserver_request_duration_seconds_count{code="200",model="model",protocol="v1"}`: 1,
		`modelserver_request_duration_seconds_count{code="400",model="model",protocol="v1"}`: 1,
		`request_predict_seconds_count{model_name="model"}`:                                  1,
		`modelserver_tokens_total{model="model"}`:                                            9,
		`modelserver_queue_tokens{model="model"}`:                                            0,
		`modelserver_queue_calls{model="model"}`:                                             0,
		`modelserver_refused_total{model="model"}`:                                           0,
		`modelserver_truncated_texts_total{model="model"}`:                                   0,
		`modelserver_reloads_total{result="success"}`:                                        0,
	} {
		if value, ok := got[series]; !ok || value != want {
			t.Errorf("%s is %v, want %v", series, value, want)
		}
	}
	for _, series := range []string{`modelserver_load_seconds{model="model"}`, `modelserver_batch_texts_count{model="model"}`, `modelserver_queue_wait_seconds_count{model="model"}`} {
		if got[series] == 0 {
			t.Errorf("%s is missing or 0", series)
		}
	}
	for series := range got {
		if strings.Contains(series, "nobody") {
			t.Errorf("a caller made the series %s", series)
		}
	}
}

func dial(t *testing.T, address string) *grpc.ClientConn {
	t.Helper()
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	return connection
}

func TestGRPC(t *testing.T) {
	p := start(t, "--model", "m="+modeltest.Folder().Write(t))
	connection := dial(t, p.grpc)
	client := oip.NewGRPCInferenceServiceClient(connection)
	tensor := func(shape ...int64) *oip.ModelInferRequest {
		return &oip.ModelInferRequest{ModelName: "m", Id: "7", Inputs: []*oip.ModelInferRequest_InferInputTensor{{Name: "text", Datatype: "BYTES", Shape: shape}}}
	}
	typed := func(request *oip.ModelInferRequest, texts ...string) *oip.ModelInferRequest {
		contents := &oip.InferTensorContents{}
		for _, text := range texts {
			contents.BytesContents = append(contents.BytesContents, []byte(text))
		}
		request.Inputs[0].Contents = contents
		return request
	}
	raw := func(request *oip.ModelInferRequest, contents ...string) *oip.ModelInferRequest {
		for _, content := range contents {
			request.RawInputContents = append(request.RawInputContents, []byte(content))
		}
		return request
	}
	named := func(request *oip.ModelInferRequest, model, version, output string) *oip.ModelInferRequest {
		request.ModelName, request.ModelVersion = model, version
		if output != "" {
			request.Outputs = []*oip.ModelInferRequest_InferRequestedOutputTensor{{Name: output}}
		}
		return request
	}
	twice := func(request *oip.ModelInferRequest) *oip.ModelInferRequest {
		request.Outputs = append(request.Outputs, request.GetOutputs()...)
		return request
	}
	for name, test := range map[string]struct {
		request *oip.ModelInferRequest
		code    codes.Code
		message string
	}{
		"typed":         {typed(tensor(1), "bad"), codes.OK, ""},
		"typed rows":    {typed(tensor(1, 1), "bad"), codes.OK, ""},
		"raw":           {raw(tensor(1), packed("bad")), codes.OK, ""},
		"unknown model": {named(typed(tensor(1), "bad"), "x", "", ""), codes.NotFound, "Model with name x does not exist."},
		"version":       {named(typed(tensor(1), "bad"), "m", "3", ""), codes.NotFound, "the model has one version, 1"},
		"output":        {named(typed(tensor(1), "bad"), "m", "", "x"), codes.InvalidArgument, "a requested output is unknown"},
		"no input":      {&oip.ModelInferRequest{ModelName: "m"}, codes.InvalidArgument, "the request must have one input"},
		"no shape":      {typed(tensor(), "secret"), codes.InvalidArgument, "the input has no shape"},
		"shape":         {typed(tensor(2), "secret"), codes.InvalidArgument, "the input's shape holds 2 texts, and its data 1"},
		"both":          {raw(typed(tensor(1), "bad"), packed("bad")), codes.InvalidArgument, "the input has both raw and typed contents"},
		"two raws":      {raw(tensor(1), packed("bad"), packed("bad")), codes.InvalidArgument, "more raw contents than inputs"},
		"cut raw":       {raw(tensor(1), packed("bad")[:5]), codes.InvalidArgument, "the input's binary data end inside text 1"},
		"not UTF-8":     {typed(tensor(1), "secret\xff"), codes.InvalidArgument, "text 1 is not UTF-8"},
		"no contents":   {tensor(1), codes.InvalidArgument, "the input's shape holds 1 texts, and its data 0"},
		"output twice":  {twice(named(typed(tensor(1), "bad"), "m", "", "scores")), codes.InvalidArgument, `the output "scores" is requested twice`},
		"many raws":     {raw(tensor(1), strings.Repeat(packed(""), 1025)), codes.InvalidArgument, "more than 1024 texts"},
		"many values":   {typed(tensor(1<<20), make([]string, 1<<20)...), codes.Internal, "the message has more than 16384 values"},
		"too many":      {typed(tensor(1025), make([]string, 1025)...), codes.InvalidArgument, "1025 texts in one request"},
	} {
		t.Run(name, func(t *testing.T) {
			response, err := client.ModelInfer(t.Context(), test.request)
			if status.Code(err) != test.code || !strings.Contains(status.Convert(err).Message(), test.message) {
				t.Fatalf("got %v, want %v %s", err, test.code, test.message)
			}
			if err == nil && (response.GetId() != "7" || string(response.GetRawOutputContents()[0]) != packed("bad") || len(response.GetRawOutputContents()[1]) != 8) {
				t.Errorf("got %v", response)
			}
		})
	}
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	if _, err := client.ModelInfer(late, typed(tensor(1), "bad")); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("past its deadline a call got %v", err)
	}
	long, err := client.ModelInfer(t.Context(), typed(tensor(1), strings.Repeat("good ", 20)))
	if err != nil || long.GetParameters()["truncated_texts"].GetInt64Param() != 1 {
		t.Errorf("a cut text got %v, %v", long, err)
	}
	for _, service := range []string{"", "inference.GRPCInferenceService"} {
		health, err := healthpb.NewHealthClient(connection).Check(t.Context(), &healthpb.HealthCheckRequest{Service: service})
		if err != nil || health.GetStatus() != healthpb.HealthCheckResponse_SERVING {
			t.Errorf("health of %q is %v, %v", service, health, err)
		}
	}
	if _, err := client.ModelReady(t.Context(), &oip.ModelReadyRequest{Name: "x"}); status.Code(err) != codes.NotFound {
		t.Errorf("an unknown model's readiness is %v", err)
	}
}
