package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/moodring/moodring/contract"
)

// oddLabels are unusual labels.
var oddLabels = []string{
	"joy", "sadness", oddLabel, "", "line\nbreak", "trailing.", "a=.=b;.;c", "é 😀", "back\\slash\t", "0x41", "other",
	"moodring_predictions_total", "__", strings.Repeat("long ", 80), strings.Repeat("é", 64),
}

// classes are the class names of models with the option classes.
var classes = []string{"joy", "so \"happy\"/", "é", "surprise.", "\n", "5"}

// answered is a prediction, chosen before its reply is written.
type answered struct {
	labels []string
	scores []float64 // of each label; empty for a label without a score
	top    int

	isPlural bool // every label with a score of threshold or more is predicted
	isValue  bool // scores holds a number, and there are no labels
}

// threshold is the plugin's default.
const threshold = 0.5

// generator chooses predictions and writes replies with them.
type generator struct {
	*rand.Rand
	text strings.Builder
}

// shape is the reply format of a model.
type shape struct {
	model, version string // as counted
	path           string
	config         object // of the model
	most           int    // predictions in a reply; 100 if 0
	choose         func(*generator) answered
	write          func(*generator, shape, []answered) (body []byte, jsonBytes int)
}

const grpcPath = "/inference.GRPCInferenceService/ModelInfer"

func v1(model string, config object, choose func(*generator) answered, write func(*generator, []answered)) shape {
	return shape{model: model, path: "/v1/models/" + model + ":predict", config: config, choose: choose, write: inJSON(`{"predictions":`, write, `}`)}
}

func task(model, path string, most int, write func(*generator, []answered)) shape {
	return shape{model: model, path: path, config: object{"paths": list{path}}, most: most, choose: scoredLabels, write: inJSON("", write, "")}
}

func inJSON(before string, write func(*generator, []answered), after string) func(*generator, shape, []answered) ([]byte, int) {
	return func(g *generator, _ shape, batch []answered) ([]byte, int) {
		g.text.Reset()
		g.put(before)
		write(g, batch)
		g.put(after)
		return []byte(g.text.String()), 0
	}
}

// shapes lists all reply formats that the filter reads.
func shapes() []shape {
	withClasses := object{"classes": classes}
	all := []shape{
		v1("nested", nil, scoredLabels, (*generator).nested),
		v1("flat", nil, scoredLabel, (*generator).flat),
		v1("scores", object{"flatList": "scores"}, scoredLabels, (*generator).first),
		v1("single", nil, scoredLabel, func(g *generator, batch []answered) { g.label(batch[0], 0) }),
		v1("strings", nil, label, func(g *generator, batch []answered) {
			g.list(len(batch), func(i int) { g.quote(batch[i].labels[0]) })
		}),
		v1("indices", withClasses, class, func(g *generator, batch []answered) {
			g.list(len(batch), func(i int) { g.put(strconv.Itoa(batch[i].top)) })
		}),
		v1("vectors", withClasses, vector, func(g *generator, batch []answered) {
			g.list(len(batch), func(i int) { g.scores(batch[i]) })
		}),
		v1("estimators", withClasses, vector, func(g *generator, batch []answered) {
			g.list(len(batch), func(i int) { g.estimator(batch[i]) })
		}),
		v1("samples", withClasses, vector, func(g *generator, batch []answered) {
			g.list(len(batch), func(i int) { g.sample(batch[i]) })
		}),
		v1("probabilities", withClasses, vector, func(g *generator, batch []answered) {
			g.list(len(batch), func(i int) { g.probabilities(batch[i]) })
		}),
		task("task", "/", 0, (*generator).nested),
		task("flat task", "/predict", 1, (*generator).first),
	}
	all[2].most, all[3].most = 1, 1
	all = append(all, otherShapes()...)
	for _, framing := range []struct {
		name  string
		write func(*generator, shape, tensor) ([]byte, int)
	}{{"json", (*generator).tensorInJSON}, {"binary", (*generator).tensorBehindJSON}, {"grpc", (*generator).tensorInContents}, {"raw", (*generator).tensorInRaw}} {
		for _, kind := range []struct {
			name   string
			choose func(*generator) answered
			tensor func([]answered) tensor
		}{{"bytes", label, bytesOf}, {"int64", class, indicesOf}, {"fp32", floats, matrixOf}, {"scored", scoredLabel32, scoredOf}} {
			s := shape{model: framing.name + "-" + kind.name, config: withClasses, choose: kind.choose}
			if kind.name == "scored" {
				s.most = 16 // more labels are read without their scores
			}
			if s.path = grpcPath; framing.name == "json" || framing.name == "binary" {
				s.path = "/v2/models/" + s.model + "/infer"
			}
			if s.version = "3"; framing.name == "binary" {
				s.version = "2.0"
				s.path = "/v2/models/" + s.model + "/versions/2.0/infer"
			}
			s.write = func(g *generator, s shape, batch []answered) ([]byte, int) {
				return framing.write(g, s, kind.tensor(batch))
			}
			all = append(all, s)
		}
	}
	return all
}

var everyOption = object{"margins": true, "scoreSums": true, "batchSizes": true}

// pluginConfig returns the configuration for all shapes, with more members.
func pluginConfig(all []shape, more object) string {
	models := object{}
	for _, s := range all {
		models[s.model] = listed(s.config)
	}
	whole := object{"models": models, "maxModels": 100}
	maps.Copy(whole, more)
	config, err := json.Marshal(whole)
	if err != nil {
		panic(err)
	}
	return string(config)
}

// listed adds the labels that a configuration can hold, unless the model answers
// numbers. Listed labels are counted whatever they look like.
func listed(config object) object {
	if config["answer"] == "number" {
		return config
	}
	var labels list
	for _, label := range slices.Concat(oddLabels, classes) {
		if len(label) <= contract.MaxLabelBytes {
			labels = append(labels, label)
		}
	}
	added := object{"labels": labels}
	maps.Copy(added, config)
	return added
}

// batch chooses 1 to most predictions. Small batches are more likely.
func (g *generator) batch(s shape) []answered {
	most := s.most
	if most == 0 {
		most = []int{1, 4, 4, 100}[g.IntN(4)]
		most = []int{1, 3, most}[g.IntN(3)]
	}
	batch := make([]answered, 1+g.IntN(most))
	for i := range batch {
		batch[i] = s.choose(g)
	}
	return batch
}

func label(g *generator) answered { return answered{labels: []string{g.oddLabel()}} }

func (g *generator) oddLabel() string {
	if g.IntN(500) == 0 {
		return strings.Repeat("x", 10_000)
	}
	return oddLabels[g.IntN(len(oddLabels))]
}

func class(g *generator) answered {
	top := g.IntN(len(classes))
	return answered{labels: classes, top: top}
}

func scoredLabel(g *generator) answered {
	return answered{labels: []string{g.oddLabel()}, scores: []float64{g.score(1)}}
}

func scoredLabel32(g *generator) answered {
	return answered{labels: []string{oddLabels[g.IntN(len(oddLabels)-2)]}, scores: []float64{float64(float32(g.score(1)))}}
}

func scoredLabels(g *generator) answered {
	a := answered{}
	for range 1 + g.IntN(4) {
		a.labels = append(a.labels, g.oddLabel())
	}
	return a.win(g)
}

func vector(g *generator) answered { return answered{labels: classes}.win(g) }

func floats(g *generator) answered {
	a := vector(g)
	for i := range a.scores {
		a.scores[i] = float64(float32(a.scores[i]))
	}
	return a
}

// win gives a label the top score. All other scores are at least 0.001 lower.
func (a answered) win(g *generator) answered {
	a.top = g.IntN(len(a.labels))
	top := 0.1 + 0.9*g.score(1)
	for range a.labels {
		a.scores = append(a.scores, g.score(top-0.001))
	}
	a.scores[a.top] = top
	return a
}

// score returns a score of at most most, sometimes a bound of the histogram.
func (g *generator) score(most float64) float64 {
	if bounds := contract.Bounds(contract.Confidence); g.IntN(10) == 0 {
		if bound := bounds[g.IntN(len(bounds))].Value; bound <= most {
			return bound
		}
	}
	return most * g.Float64()
}

// Writing JSON.

func (g *generator) put(token string) {
	if g.IntN(30) == 0 {
		g.text.WriteString([]string{" ", "\n", "\t\r\n"}[g.IntN(3)])
	}
	g.text.WriteString(token)
}

func (g *generator) list(n int, member func(int)) {
	g.put("[")
	for i := range n {
		if i > 0 {
			g.put(",")
		}
		member(i)
	}
	g.put("]")
}

// quote writes a string, sometimes with unnecessary escapes. It never replaces
// bytes.
func (g *generator) quote(value string) {
	g.put(`"`)
	for at, r := range value {
		switch {
		case r == utf8.RuneError:
			g.text.WriteByte(value[at])
		case r < ' ' || r == '"' || r == '\\' || r < 0x10000 && g.IntN(30) == 0:
			fmt.Fprintf(&g.text, `\u%04x`, r)
		default:
			g.text.WriteRune(r)
		}
	}
	g.text.WriteString(`"`)
}

func (g *generator) number(value float64) {
	g.put(strconv.FormatFloat(value, "fge"[g.IntN(3)], -1, 64))
}

func (g *generator) label(a answered, i int) {
	if g.IntN(4) == 0 {
		g.put(`{"score":`)
		g.number(a.scores[i])
		g.put(`,"extra":[{"label":null}],"label":`)
		g.quote(a.labels[i])
	} else {
		g.put(`{"label":`)
		g.quote(a.labels[i])
		g.put(`,"score":`)
		g.number(a.scores[i])
	}
	g.put("}")
}

func (g *generator) labels(a answered) { g.list(len(a.labels), func(i int) { g.label(a, i) }) }

func (g *generator) first(batch []answered) { g.labels(batch[0]) }

func (g *generator) nested(batch []answered) {
	g.list(len(batch), func(i int) { g.labels(batch[i]) })
}

func (g *generator) flat(batch []answered) {
	g.list(len(batch), func(i int) { g.label(batch[i], 0) })
}

func (g *generator) scores(a answered) {
	g.list(len(a.scores), func(i int) { g.number(a.scores[i]) })
}

func (g *generator) estimator(a answered) {
	g.put(`{"classes":[`)
	g.quote(a.labels[a.top])
	g.put(`],"probabilities":`)
	g.scores(a)
	g.put(`}`)
}

func (g *generator) sample(a answered) {
	g.put(`{"scores":`)
	g.scores(a)
	g.put(`,"prediction":` + strconv.Itoa(a.top) + `}`)
}

func (g *generator) probabilities(a answered) {
	g.put("{")
	for i, score := range a.scores {
		if i > 0 {
			g.put(",")
		}
		g.put(strconv.Quote(strconv.Itoa(i)) + ":")
		g.number(score)
	}
	g.put("}")
}

// Writing tensors.

// tensor is a V2 output. Its elements are in one of the three lists.
type tensor struct {
	datatype string
	shape    []int
	texts    []string
	indices  []int
	floats   []float64
	scores   []float64 // of a second output, or nil
}

// second returns the output with the scores.
func (of tensor) second() tensor {
	return tensor{datatype: "FP32", shape: []int{len(of.scores)}, floats: of.scores}
}

func bytesOf(batch []answered) tensor {
	of := tensor{datatype: "BYTES", shape: []int{len(batch)}}
	for _, a := range batch {
		of.texts = append(of.texts, a.labels[0])
	}
	return of
}

func scoredOf(batch []answered) tensor {
	of := bytesOf(batch)
	for _, a := range batch {
		of.scores = append(of.scores, a.scores[0])
	}
	return of
}

func indicesOf(batch []answered) tensor {
	of := tensor{datatype: "INT64", shape: []int{len(batch), 1}}
	for _, a := range batch {
		of.indices = append(of.indices, a.top)
	}
	return of
}

func matrixOf(batch []answered) tensor {
	of := tensor{datatype: "FP32", shape: []int{len(batch), len(classes)}}
	for _, a := range batch {
		of.floats = append(of.floats, a.scores...)
	}
	return of
}

func (of tensor) len() int { return len(of.texts) + len(of.indices) + len(of.floats) }

func (of tensor) raw() (raw []byte) {
	for _, text := range of.texts {
		raw = append(binary.LittleEndian.AppendUint32(raw, uint32(len(text))), text...)
	}
	for _, index := range of.indices {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(index))
	}
	for _, value := range of.floats {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(value)))
	}
	return raw
}

func (g *generator) beginJSON(s shape, of tensor) {
	g.text.Reset()
	g.put(`{"model_name":"` + s.model + `","outputs":[`)
	g.headerInJSON("output", of)
}

func (g *generator) headerInJSON(name string, of tensor) {
	shape := strings.ReplaceAll(strings.Trim(fmt.Sprint(of.shape), "[]"), " ", ",")
	g.put(`{"name":"` + name + `","shape":[` + shape + `],"datatype":"` + of.datatype + `",`)
}

func (g *generator) tensorInJSON(s shape, of tensor) ([]byte, int) {
	g.beginJSON(s, of)
	g.dataInJSON(of)
	if of.scores != nil {
		g.put(`},`)
		g.headerInJSON(secondName, of.second())
		g.dataInJSON(of.second())
	}
	g.put(`}],"model_version":"` + s.version + `"}`)
	return []byte(g.text.String()), 0
}

const secondName = "top_score"

func (g *generator) dataInJSON(of tensor) {
	g.put(`"data":`)
	g.list(of.len(), func(i int) {
		switch of.datatype {
		case "BYTES":
			g.quote(of.texts[i])
		case "INT64":
			g.put(strconv.Itoa(of.indices[i]))
		default:
			g.number(of.floats[i])
		}
	})
}

func (g *generator) tensorBehindJSON(s shape, of tensor) ([]byte, int) {
	g.beginJSON(s, of)
	raw := of.raw()
	g.put(`"parameters":{"binary_data_size":` + strconv.Itoa(len(raw)) + `}}`)
	if of.scores != nil {
		g.put(`,`)
		g.headerInJSON(secondName, of.second())
		g.put(`"parameters":{"binary_data_size":` + strconv.Itoa(len(of.second().raw())) + `}}`)
		raw = append(raw, of.second().raw()...)
	}
	g.put(`]}`)
	return append([]byte(g.text.String()), raw...), g.text.Len()
}

func (g *generator) tensorInContents(s shape, of tensor) ([]byte, int) {
	outputs := [][]byte{outputInContents("output", of)}
	if of.scores != nil {
		outputs = append(outputs, outputInContents(secondName, of.second()))
	}
	return frame(response(s, outputs...)), 0
}

func outputInContents(name string, of tensor) []byte {
	const int64Contents, fp32Contents, bytesContents = 3, 6, 8
	var contents, packed []byte
	for _, text := range of.texts {
		contents = appendField(contents, bytesContents, []byte(text))
	}
	for _, index := range of.indices {
		packed = protowire.AppendVarint(packed, uint64(index))
	}
	if packed != nil {
		contents = appendField(contents, int64Contents, packed)
	}
	if of.floats != nil {
		contents = appendField(contents, fp32Contents, of.raw())
	}
	const contentsField = 5
	return appendField(header(name, of), contentsField, contents)
}

func (g *generator) tensorInRaw(s shape, of tensor) ([]byte, int) {
	const rawField = 6
	if of.scores == nil {
		return frame(appendField(response(s, header("output", of)), rawField, of.raw())), 0
	}
	both := response(s, header("output", of), header(secondName, of.second()))
	return frame(appendField(appendField(both, rawField, of.raw()), rawField, of.second().raw())), 0
}

func appendField(message []byte, number protowire.Number, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(message, number, protowire.BytesType), value)
}

// header writes an InferOutputTensor without contents.
func header(called string, of tensor) []byte {
	const name, datatype, shape = 1, 2, 3
	var dimensions []byte
	for _, dimension := range of.shape {
		dimensions = protowire.AppendVarint(dimensions, uint64(dimension))
	}
	message := appendField(nil, name, []byte(called))
	return appendField(appendField(message, datatype, []byte(of.datatype)), shape, dimensions)
}

// response writes a ModelInferResponse with these outputs.
func response(s shape, all ...[]byte) []byte {
	const name, version, id, outputs = 1, 2, 3, 5
	message := appendField(appendField(nil, name, []byte(s.model)), version, []byte(s.version))
	message = appendField(message, id, []byte("7"))
	for _, output := range all {
		message = appendField(message, outputs, output)
	}
	return message
}

// frame writes a gRPC message.
func frame(message []byte) []byte {
	return slices.Concat(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message)
}
