package filter

import "strings"

// modelOf returns the model that a request asks to predict, by KServe's V1
// path: /v1/models/NAME:predict. It is false on every other path.
func modelOf(path string) (name string, isPredict bool) {
	path, _, _ = strings.Cut(path, "?")
	rest, ok := strings.CutPrefix(path, "/v1/models/")
	if !ok {
		return "", false
	}
	name, ok = strings.CutSuffix(rest, ":predict")
	return name, ok && name != "" && !strings.Contains(name, "/")
}
