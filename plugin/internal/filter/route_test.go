package filter

import (
	"testing"

	"github.com/moodring/moodring/plugin/internal/config"
)

func TestRoute(t *testing.T) {
	const models = `{"models": {"emotion": {"paths": ["/", "/predict", "/v1/models/renamed:predict"]}}}`
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
	}
	checked, err := config.Parse([]byte(models))
	if err != nil {
		t.Fatal(err)
	}
	plugin := newPlugin(1, checked)
	for _, test := range tests {
		if got := describe(plugin.route([]byte(test.path))); got != test.want {
			t.Errorf("%s is %s, want %s", test.path, got, test.want)
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
		if got := describe(plugin.route([]byte(path))); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}

func describe(asked route, isPredict bool) string {
	switch {
	case !isPredict:
		return "none"
	case asked.isGRPC:
		return "grpc"
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
