package filter

import (
	"github.com/moodring/moodring/plugin/internal/ascii"
	"github.com/moodring/moodring/plugin/internal/counters"
)

// route is the result of parsing a request's path. Its slices point into the path.
type route struct {
	isGRPC  bool   // if the media type is gRPC's too
	isV2    bool   // V2 over REST
	name    []byte // of the model, or empty if only the reply names the model
	version []byte // likewise

	isService bool // whether the model has the name of its service
	isRenamed bool // whether a name in the reply takes precedence, if the configuration lists it
}

// namesModel reports whether the request says which model answers.
func (r *route) namesModel() bool { return (len(r.name) > 0 || r.isService) && !r.isRenamed }

// grpcPath is the path of KServe's V2 protocol over gRPC
// (docs/predict-api/v2/grpc_predict_v2.proto in kserve/open-inference-protocol).
const grpcPath = "/inference.GRPCInferenceService/ModelInfer"

// route parses a decoded path. isPredict is false if the path is not a predict
// route, or if its model is not counted.
func (p *plugin) route(path []byte) (to route, isPredict bool) {
	if number := p.paths.Find(path, counters.Hash(path)); number >= 0 {
		name := []byte(p.named[number])
		return route{name: name, isService: len(name) == 0}, len(name) == 0 || p.follows(p.optionsOf(name))
	}
	if to, isPredict = p.knownRoute(path); isPredict {
		return to, to.isService || p.follows(p.optionsOf(to.name))
	}
	return route{isGRPC: true}, string(path) == grpcPath
}

// decode decodes a path in place, without its query. isPlain reports whether the
// path is unchanged.
func decode(path []byte) (decoded []byte, isPlain bool) {
	isPlain = true
	for i, c := range path {
		if c == '?' {
			return unescape(path[:i]), false
		}
		isPlain = isPlain && c != '%'
	}
	if isPlain {
		return path, true
	}
	return unescape(path), false
}

// knownRoute parses a route of KServe or of OpenAI's API, with any of the configured
// prefixes or without.
func (p *plugin) knownRoute(path []byte) (to route, isPredict bool) {
	to, isPredict = modelRoute(path)
	for i := 0; !isPredict && i < len(p.prefixes); i++ {
		if rest, ok := cutPrefix(path, p.prefixes[i]); ok {
			to, isPredict = modelRoute(rest)
		}
	}
	if !isPredict {
		return to, false
	}
	model, version := p.splitName(to.name)
	if to.name = model; len(to.version) == 0 {
		to.version = version
	}
	return to, true
}

// cutPrefix removes a prefix of the configuration from a path. A segment of the
// prefix in braces stands for any segment that is not empty.
func cutPrefix(path []byte, prefix string) (rest []byte, ok bool) {
	for len(prefix) > 0 {
		segment, after := cutSegment(prefix)
		found, rest := cutSegment(path)
		if segment != string(found) && (segment[1] != '{' || len(found) < 2) {
			return nil, false
		}
		prefix, path = after, rest
	}
	return path, true
}

// cutSegment splits a path after its first segment, a slash and a name.
func cutSegment[T string | []byte](path T) (segment, rest T) {
	for i := 1; i < len(path); i++ {
		if path[i] == '/' {
			return path[:i], path[i:]
		}
	}
	return path, path[len(path):]
}

// isNameless reports whether a path is a route without a model's name: of OpenAI's
// API, which KServe's servers have below /openai, or of vLLM's and SGLang's
// classifiers.
func isNameless(path []byte) bool {
	rest, _ := ascii.CutPrefix(path, "/openai")
	switch string(rest) {
	case "/v1/chat/completions", "/v1/completions", "/v1/classify", "/classify":
		return true
	}
	return false
}

// modelRoute parses routes without a model's name, and KServe's routes that name a
// model: /v1/models/NAME:predict of V1 and /v2/models/NAME/infer of V2.
// /versions/VERSION may follow the name, as in V2 and in TensorFlow Serving's V1,
// which also knows /labels/VERSION.
func modelRoute(path []byte) (to route, isPredict bool) {
	if isNameless(path) {
		return route{isService: true, isRenamed: true}, true
	}
	if rest, ok := ascii.CutPrefix(path, "/v1/models/"); ok {
		to.name, isPredict = ascii.CutSuffix(rest, ":predict")
	} else if rest, ok := ascii.CutPrefix(path, "/v2/models/"); ok {
		to.isV2 = true
		to.name, isPredict = ascii.CutSuffix(rest, "/infer")
	}
	if !isPredict {
		return route{}, false
	}
	if slash := ascii.IndexByte(to.name, '/'); slash >= 0 {
		rest := to.name[slash:]
		to.version, isPredict = ascii.CutPrefix(rest, "/versions/")
		if !isPredict && !to.isV2 {
			to.version, isPredict = ascii.CutPrefix(rest, "/labels/")
		}
		to.name = to.name[:slash]
		isPredict = isPredict && len(to.version) > 0 && ascii.IndexByte(to.version, '/') < 0
	}
	return to, isPredict && len(to.name) > 0
}

// splitName splits a model's name at the version that some servers put into the
// name: NAME__isvc-HASH and NAME__ksp-HASH of ModelMesh, and, if switched on,
// NAME_1 of Seldon.
func (p *plugin) splitName(name []byte) (model, version []byte) {
	if ascii.IndexByte(name, '_') < 0 {
		return name, nil
	}
	for _, mark := range []string{"__isvc-", "__ksp-"} {
		if at := cutAt(name, mark, "0123456789abcdef"); at > 0 {
			return name[:at], name[at+len("__"):]
		}
	}
	if at := cutAt(name, "_", "0123456789"); at > 0 && p.seldonNames {
		return name[:at], name[at+len("_"):]
	}
	return name, nil
}

// cutAt returns where a mark begins that only these characters follow, or 0.
func cutAt(name []byte, mark, characters string) int {
	end := len(name)
	for end > 0 && ascii.IndexByte(characters, name[end-1]) >= 0 {
		end--
	}
	if before, ok := ascii.CutSuffix(name[:end], mark); ok && end < len(name) {
		return len(before)
	}
	return 0
}

// looksLikePrediction reports whether a decoded path may be one of a model server
// that no rule follows: its last word is one of the words for a prediction, or the
// path is TorchServe's.
func looksLikePrediction(path []byte) bool {
	path, _ = ascii.CutSuffix(path, "/")
	if ascii.HasPrefix(path, "/predictions/") {
		return true
	}
	return isPredictWord(path[max(ascii.LastIndexByte(path, '/'), ascii.LastIndexByte(path, ':'))+1:])
}

// isPredictWord reports whether a text is a word for a prediction, in any case.
func isPredictWord(text []byte) bool {
	var buffer [len("modelstreaminfer")]byte
	if len(text) > len(buffer) {
		return false
	}
	word := buffer[:len(text)]
	for i, c := range text {
		if 'A' <= c && c <= 'Z' {
			c |= ' '
		}
		word[i] = c
	}
	switch string(word) {
	case "predict", "predictions", "infer", "modelstreaminfer", "classify", "regress", "invocations", "invoke",
		"completions", "generate", "generate_stream", "score":
		return true
	}
	return false
}

// isWord reports whether a text is a word of lower case, in any case.
func isWord(text []byte, word string) bool {
	if len(text) != len(word) {
		return false
	}
	for i, c := range text {
		if c|' ' != word[i] && c != word[i] {
			return false
		}
	}
	return true
}

// unescape decodes a path in place, as model servers do before they route it.
// Otherwise a caller could write one model's name in many ways. A malformed escape
// is not decoded.
func unescape(path []byte) []byte {
	first := ascii.IndexByte(path, '%')
	if first < 0 {
		return path
	}
	decoded := path[:first]
	for i := first; i < len(path); i++ {
		c := path[i]
		if c == '%' && i+2 < len(path) {
			high, isHigh := hexDigit(path[i+1])
			low, isLow := hexDigit(path[i+2])
			if isHigh && isLow {
				c, i = high<<4|low, i+2
			}
		}
		decoded = append(decoded, c)
	}
	return decoded
}

func hexDigit(c byte) (value byte, ok bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
