package filter

import (
	"testing"

	"github.com/moodring/moodring/plugin/internal/config"
)

func TestRoute(t *testing.T) {
	const models = `{"models": {"emotion": {"paths": ["/", "/predict", "/v1/models/renamed:predict"]}},
		"servicePaths": ["/graph"], "prefixes": ["/serving/{namespace}/{name}", "/ml", "/seldon/{}/x"]}`
	tests := []struct{ path, want string }{
		{"/v1/models/bert:predict", "v1 bert"},
		{"/v1/models/bert:predict?x=1/y", "v1 bert"},
		{"/v1/models/bert/versions/2:predict", "v1 bert version 2"},
		{"/v1/models/a:b:predict", "v1 a:b"},
		{"/v1/models/be%72t%3Apredict", "v1 bert"},
		{"/v1/models/100%:predict", "v1 100%"},
		{"/v1/models/%zz%4:predict", "v1 %zz%4"},
		{"/v2/models/bert/infer", "v2 bert"},
		{"/v2/models/bert/versions/2/infer", "v2 bert version 2"},
		{"/inference.GRPCInferenceService/ModelInfer", "grpc"},
		{"/v1/models/bert/labels/canary:predict", "v1 bert version canary"},
		{"/v1/models/bert__isvc-3642375d03:predict", "v1 bert version isvc-3642375d03"},
		{"/v2/models/bert__ksp-7702c1b55a/infer", "v2 bert version ksp-7702c1b55a"},
		{"/v2/models/bert__ksp-7702c1b55a/versions/2/infer", "v2 bert version 2"},
		{"/v1/models/bert__isvc-:predict", "v1 bert__isvc-"},
		{"/v1/models/__isvc-3642375d03:predict", "v1 __isvc-3642375d03"},
		{"/v1/models/bert__isvc-green:predict", "v1 bert__isvc-green"},
		{"/v1/models/iris_1:predict", "v1 iris_1"},
		{"/serving/team-a/iris/v1/models/bert:predict", "v1 bert"},
		{"/serving/team-a/iris/v2/models/bert/versions/2/infer?x", "v2 bert version 2"},
		{"/ml/v1/models/bert:predict", "v1 bert"},
		{"/seldon/ns/x/v2/models/bert/infer", "v2 bert"},
		{"/graph", "of the service"},
		{"/v1/chat/completions", "of the service"},
		{"/openai/v1/chat/completions?x", "of the service"},
		{"/openai/v1/completions", "of the service"},
		{"/v1/completions", "of the service"},
		{"/classify", "of the service"},
		{"/v1/classify", "of the service"},
		{"/serving/team-a/iris/openai/v1/chat/completions", "of the service"},
		{"/ml/classify", "of the service"},
		{"/", "v1 emotion"},
		{"/?x=1", "v1 emotion"},
		{"/predict", "v1 emotion"},
		{"/v1/models/renamed:predict", "v1 emotion"},

		{"", "none"},
		{"*", "none"},
		{"/v1/models", "none"},
		{"/v1/models/bert", "none"},
		{"/v1/models/bert:explain", "none"},
		{"/v1/models/bert:predict/", "none"},
		{"/v1/models/:predict", "none"},
		{"/v1/models/a/b:predict", "none"},
		{"/v1/models/a%2Fb:predict", "none"},
		{"/v1/models/bert/versions/:predict", "none"},
		{"/v1/models/bert/versions/1/2:predict", "none"},
		{"/v1/models/bert/infer", "none"},
		{"/v2/models/bert:predict", "none"},
		{"/v2/models/bert/ready", "none"},
		{"/v2/models//infer", "none"},
		{"/v2/models/bert/versions//infer", "none"},
		{"/x/v1/models/bert:predict", "none"},
		{"/inference.GRPCInferenceService/ServerLive", "none"},
		{"/predict/", "none"},
		{"/x/v1/completions", "none"},
		{"/openai/v1/embeddings", "none"},
		{"/v1/chat", "none"},
		{"/v2/models/bert/labels/canary/infer", "none"},
		{"/serving/team-a/v1/models/bert:predict", "none"},
		{"/serving//iris/v1/models/bert:predict", "none"},
		{"/serving/team-a/iris/graph", "none"},
		{"/mlx/v1/models/bert:predict", "none"},
		{"/ml", "none"},
		{"/seldon/ns/y/v2/models/bert/infer", "none"},
	}
	checked, err := config.Parse([]byte(models))
	if err != nil {
		t.Fatal(err)
	}
	plugin := newPlugin(1, checked)
	for _, test := range tests {
		if got := asked(plugin, test.path); got != test.want {
			t.Errorf("%s is %s, want %s", test.path, got, test.want)
		}
	}
}

func TestSeldonNames(t *testing.T) {
	checked, err := config.Parse([]byte(`{"seldonNames": true}`))
	if err != nil {
		t.Fatal(err)
	}
	plugin := newPlugin(1, checked)
	for path, want := range map[string]string{
		"/v2/models/iris_1/infer":            "v2 iris version 1",
		"/v2/models/iris_12_3/infer":         "v2 iris_12 version 3",
		"/v2/models/iris/infer":              "v2 iris",
		"/v2/models/iris_/infer":             "v2 iris_",
		"/v2/models/_1/infer":                "v2 _1",
		"/v2/models/iris_v1/infer":           "v2 iris_v1",
		"/v2/models/iris_1/versions/2/infer": "v2 iris version 2",
	} {
		if got := asked(plugin, path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}

func TestLooksLikePrediction(t *testing.T) {
	for path, want := range map[string]bool{
		"/serving/a/b/v1/models/c:predict": true, "/predict": true, "/seldon/ns/d/api/v1.0/predictions": true, "/invocations": true,
		"/tensorflow.serving.PredictionService/Predict": true, "/v1/models/m:classify": true, "/x/v1/chat/completions": true, "/v2/models/m/generate": true,
		"/predictions/densenet": true, "/predictions/densenet/2.0": true, "/predict/": true, "/v2/models/m/generate_stream": true, "/score": true,
		"/": false, "": false, "/v2/models/m/ready": false, "/explanations/densenet": false, "/predictions.html": false, "/v1/models/m:explain": false, "/unpredict": false,
	} {
		if got := looksLikePrediction([]byte(path)); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}

func TestRouteOfListedModelsOnly(t *testing.T) {
	checked, err := config.Parse([]byte(`{"onlyListed": true, "models": {"bert": {"paths": ["/"]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	plugin := newPlugin(1, checked)
	for path, want := range map[string]string{
		"/v1/models/bert:predict":  "v1 bert",
		"/v2/models/bert/infer":    "v2 bert",
		"/":                        "v1 bert",
		"/v1/models/other:predict": "none",
		"/v2/models/other/infer":   "none",
		"/inference.GRPCInferenceService/ModelInfer": "grpc", // only the reply names the model
	} {
		if got := asked(plugin, path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}

// asked describes the route of a path.
func asked(p *plugin, path string) string {
	decoded, _ := decode([]byte(path))
	return describe(p.route(decoded))
}

func describe(asked route, isPredict bool) string {
	switch {
	case !isPredict:
		return "none"
	case asked.isGRPC:
		return "grpc"
	}
	if asked.isService {
		return "of the service"
	}
	text := "v1 " + string(asked.name)
	if asked.isV2 {
		text = "v2 " + string(asked.name)
	}
	if len(asked.version) > 0 {
		text += " version " + string(asked.version)
	}
	return text
}
