package filter

import "bytes"

// route is the result of parsing a request's path. Its slices point into the path.
type route struct {
	isGRPC  bool   // if the media type is gRPC's too
	isV2    bool   // V2 over REST
	isPlain bool   // whether the path has neither a query nor an escape
	name    []byte // of the model, or empty if only the reply names the model
	version []byte // likewise
}

// grpcPath is the path of KServe's V2 protocol over gRPC
// (docs/predict-api/v2/grpc_predict_v2.proto in kserve/open-inference-protocol).
const grpcPath = "/inference.GRPCInferenceService/ModelInfer"

// route parses a path. isPredict is false if the path is not a predict route, or
// if its model is not counted. The path is decoded in place.
func (p *plugin) route(path []byte) (to route, isPredict bool) {
	isPlain := bytes.IndexByte(path, '%') < 0
	if query := bytes.IndexByte(path, '?'); query >= 0 {
		path, isPlain = path[:query], false
	}
	path = unescape(path)
	if name, ok := p.paths[string(path)]; ok {
		return route{name: name, isPlain: isPlain}, true
	}
	if to, isPredict = modelRoute(path); isPredict {
		to.isPlain = isPlain
		return to, !p.onlyListed || p.listed[string(to.name)] != nil
	}
	return route{isGRPC: true}, string(path) == grpcPath
}

// modelRoute parses KServe's routes that name a model: /v1/models/NAME:predict of
// V1 and /v2/models/NAME/infer of V2. /versions/VERSION may follow the name, as in
// V2 and in TensorFlow Serving's V1.
func modelRoute(path []byte) (to route, isPredict bool) {
	if rest, ok := bytes.CutPrefix(path, []byte("/v1/models/")); ok {
		to.name, isPredict = bytes.CutSuffix(rest, []byte(":predict"))
	} else if rest, ok := bytes.CutPrefix(path, []byte("/v2/models/")); ok {
		to.isV2 = true
		to.name, isPredict = bytes.CutSuffix(rest, []byte("/infer"))
	}
	if !isPredict {
		return route{}, false
	}
	if slash := bytes.IndexByte(to.name, '/'); slash >= 0 {
		to.version, isPredict = bytes.CutPrefix(to.name[slash:], []byte("/versions/"))
		to.name = to.name[:slash]
		isPredict = isPredict && len(to.version) > 0 && bytes.IndexByte(to.version, '/') < 0
	}
	return to, isPredict && len(to.name) > 0
}

// unescape decodes a path in place, as model servers do before they route it.
// Otherwise a caller could write one model's name in many ways. A malformed escape
// is not decoded.
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
