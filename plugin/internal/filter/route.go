package filter

import "bytes"

// route is what a request's path asks. Its bytes are the path's, and valid as
// long.
type route struct {
	isGRPC  bool   // if its media type says so too
	isV2    bool   // over REST
	isPlain bool   // the path itself says so, without a query or an escape
	name    []byte // of the model; empty where only the reply tells
	version []byte // likewise
}

// grpcPath is KServe's V2 over gRPC
// (docs/predict-api/v2/grpc_predict_v2.proto in kserve/open-inference-protocol).
const grpcPath = "/inference.GRPCInferenceService/ModelInfer"

// route returns what a request asks to predict. It is false on a path that asks
// no model, or one that is not followed. The path is decoded in place.
func (p *plugin) route(path []byte) (asked route, isPredict bool) {
	isPlain := bytes.IndexByte(path, '%') < 0
	if query := bytes.IndexByte(path, '?'); query >= 0 {
		path, isPlain = path[:query], false
	}
	path = unescape(path)
	if name, ok := p.paths[string(path)]; ok {
		return route{name: name, isPlain: isPlain}, true
	}
	if asked, isPredict = modelRoute(path); isPredict {
		asked.isPlain = isPlain
		return asked, !p.config.OnlyListed || p.listed[string(asked.name)] != nil
	}
	return route{isGRPC: true}, string(path) == grpcPath
}

// modelRoute takes KServe's routes, which name a model: V1's
// /v1/models/NAME:predict and V2's /v2/models/NAME/infer, both also with
// /versions/VERSION behind the name, as V2 has it and TensorFlow Serving's V1.
func modelRoute(path []byte) (asked route, isPredict bool) {
	if rest, ok := bytes.CutPrefix(path, []byte("/v1/models/")); ok {
		asked.name, isPredict = bytes.CutSuffix(rest, []byte(":predict"))
	} else if rest, ok := bytes.CutPrefix(path, []byte("/v2/models/")); ok {
		asked.isV2 = true
		asked.name, isPredict = bytes.CutSuffix(rest, []byte("/infer"))
	}
	if !isPredict {
		return route{}, false
	}
	if slash := bytes.IndexByte(asked.name, '/'); slash >= 0 {
		asked.version, isPredict = bytes.CutPrefix(asked.name[slash:], []byte("/versions/"))
		asked.name = asked.name[:slash]
		isPredict = isPredict && len(asked.version) > 0 && bytes.IndexByte(asked.version, '/') < 0
	}
	return asked, isPredict && len(asked.name) > 0
}

// unescape decodes a path in place, as model servers do before they look at it:
// otherwise a caller could write one model's name in many ways. What is no
// escape stays.
func unescape(path []byte) []byte {
	first := bytes.IndexByte(path, '%')
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
