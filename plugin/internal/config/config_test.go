package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/moodring/moodring/contract"
)

func TestParse(t *testing.T) {
	limits := func(labels, models int) *Config {
		return &Config{AcceptEncoding: DropEncoding, Identity: true, MaxLabels: labels, MaxModels: models, MaxServices: 64}
	}
	with := func(config *Config, models ...Model) *Config {
		config.Models = models
		return config
	}
	want := map[string]*Config{
		"nothing": limits(64, 32),
		"every-key": {
			PlainCounters: true, AcceptEncoding: KeepEncoding, MaxLabels: 3, MaxModels: 5, MaxServices: 5, ScoreSums: true, Margins: true, BatchSizes: true,
			Models: []Model{
				{Name: "bert", Answer: AnswerLabels, Threshold: 0.25, Labels: []string{"so sad."}, Classes: []string{"joy", "löve"}, Output: "logits", FlatList: FlatScores, Paths: []string{"/", "/predict"}},
				{Name: "plain"},
				{Name: "price", Answer: AnswerNumber, Buckets: []contract.Bound{{Le: "-1.5", Value: -1.5}, {Le: "0", Value: 0}, {Le: "1000", Value: 1000}}},
				{Name: "toxic", Answer: AnswerProbability, Threshold: 0.5},
				{Name: "text", Answer: AnswerNone},
			},
			OnlyListed: true, Prefixes: []string{"/serving/{namespace}/{name}", "/ml"}, NextGateways: []string{"knative-local-gateway", "east.istio-system"}, SeldonNames: true,
		},
		"service-paths": func() *Config { c := limits(64, 32); c.ServicePaths = []string{"/"}; return c }(),
		"limits":        limits(1000, 1),
		"all-off":       limits(64, 32),
		"empty-lists":   with(limits(64, 32), Model{Name: "bert"}),
		"escapes":       with(limits(64, 32), Model{Name: "a/b", Answer: AnswerClass, Classes: []string{"é"}, FlatList: FlatInstances}),
	}
	for name, text := range testdata(t, ".good.json") {
		t.Run(name, func(t *testing.T) {
			got, err := Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want[name], got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	for _, text := range []string{"", " \n"} {
		got, err := Parse([]byte(text))
		if diff := cmp.Diff(limits(64, 32), got); diff != "" || err != nil {
			t.Errorf("%q: %v (-want +got):\n%s", text, err, diff)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	want := map[string]string{
		"unknown-key":                "plaincounters is an unknown key; known are " + configKeys,
		"unknown-model-key":          "models.bert.label is an unknown key; known are answer, threshold, buckets, labels, classes, output, flatList, paths",
		"number-as-text":             "maxLabels is text; give a number",
		"text-as-flag":               "scoreSums is text; give true or false",
		"null":                       "plainCounters is null; give true or false",
		"unknown-answer":             `models.bert.answer is "text"; give class, probability, labels, number or none`,
		"threshold-of-a-class":       "models.bert.threshold needs answer: probability or answer: labels",
		"high-threshold":             "models.bert.threshold is outside of 0 to 1; give the least score of a label",
		"number-without-buckets":     "models.bert.buckets is missing; give the bounds between which answer: number counts",
		"buckets-of-a-class":         "models.bert.buckets needs answer: number",
		"too-many-buckets":           "models.bert.buckets holds 21 bounds; give at most 20",
		"number-with-classes":        "models.bert.answer is number; a number has no classes and no labels",
		"text-among-buckets":         "a member of models.bert.buckets is text; give a number",
		"unknown-word":               `acceptEncoding is "gzip"; give drop or keep`,
		"unknown-flat-list":          `models.bert.flatList is "both"; give instances or scores`,
		"zero":                       "maxLabels is 0; give 1 to 1000",
		"too-many":                   "maxModels is 1001; give 1 to 1000",
		"half":                       "maxModels is 1.5; give 1 to 1000",
		"huge":                       "maxModels is 1e300; give 1 to 1000",
		"list":                       "the configuration is a list; give an object",
		"text":                       "the configuration is text; give an object",
		"models-as-list":             "models is a list; give an object",
		"model-as-text":              "models.bert is text; give an object",
		"classes-as-text":            "models.bert.classes is text; give a list",
		"number-among-classes":       "a member of models.bert.classes is a number; give text",
		"list-among-classes":         "a member of models.bert.classes is a list; give text",
		"path-without-slash":         `models.bert.paths holds "predict"; give a path from its / on, without a query`,
		"path-with-query":            `models.bert.paths holds "/predict?x=1"; give a path from its / on, without a query`,
		"only-listed-without-models": "onlyListed is true, but models lists none: nothing would be counted",
		"only-listed-with-no-model":  "onlyListed is true, but models lists none: nothing would be counted",
		"nameless-model":             "models lists a model without a name",
		"long-class":                 "models.bert.classes holds a text longer than 128 bytes",
		"long-name":                  "models." + strings.Repeat("x", 128) + " is a key longer than 127 bytes",
	}
	for name, text := range testdata(t, ".bad.json") {
		t.Run(name, func(t *testing.T) { checkRefused(t, text, want[name]) })
	}
}

const configKeys = "plainCounters, acceptEncoding, identity, maxLabels, maxModels, maxServices, scoreSums, margins, batchSizes, models, onlyListed, prefixes, servicePaths, nextGateways, seldonNames"

// TestParseRefusesMore tests errors that a JSON schema cannot find.
func TestParseRefusesMore(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"a key twice", `{"maxLabels": 1, "maxLabels": 1}`, "maxLabels stands twice; give it once"},
		{"a key twice, escaped", `{"maxLabels": 1, "max\u004cabels": 1}`, "maxLabels stands twice; give it once"},
		{"a model twice", `{"models": {"bert": {}, "bert": {}}}`, "models.bert stands twice; give it once"},
		{"a model's key twice", `{"models": {"bert": {"output": "a", "output": "a"}}}`, "models.bert.output stands twice; give it once"},
		{"two objects", `{} {}`, "more follows after the JSON object; give one object"},
		{"a comma too many", `{"maxLabels": 1,}`, "this is not JSON, from byte 17 on"},
		{"an end too soon", `{"models": {"bert": {}}`, "the JSON ends before its object does"},
		{"a number past all", `{"maxLabels": 1e999}`, "maxLabels is 1e999; give 1 to 1000"},
		{"a path twice", `{"models": {"b": {"paths": ["/"]}, "a": {"paths": ["/"]}}}`, `path "/" stands twice, for b and for a; one path is one model's`},
		{"a path without its slash", `{"servicePaths": ["predict"]}`, `servicePaths holds "predict"; give a path from its / on, without a query`},
		{"a service's path without a service", `{"identity": false, "servicePaths": ["/"]}`, "servicePaths is given, but identity is false: these models would have no name"},
		{"a path of a model and of a service", `{"servicePaths": ["/"], "models": {"a": {"paths": ["/"]}}}`, `servicePaths holds "/", which is a path of a; one path is one model's`},
		{"a prefix that ends in a slash", `{"prefixes": ["/ml/"]}`, `prefixes holds "/ml/"; give segments such as /serving/{namespace}/{name}, without a / at the end`},
		{"a prefix with an open brace", `{"prefixes": ["/{ns/x"]}`, `prefixes holds "/{ns/x"; give segments such as /serving/{namespace}/{name}, without a / at the end`},
		{"a prefix without its slash", `{"prefixes": ["ml"]}`, `prefixes holds "ml"; give segments such as /serving/{namespace}/{name}, without a / at the end`},
		{"a gateway without a name", `{"nextGateways": [""]}`, `nextGateways holds ""; give NAME or NAME.NAMESPACE of a Service`},
		{"a number among the prefixes", `{"prefixes": [1]}`, "a member of prefixes is a number; give text"},
		{"more listed than kept apart", `{"maxModels": 1, "models": {"a": {}, "b": {}}}`, "models lists 2, but maxModels is 1; raise it"},
		{"a name with a dot is none of these", `{"models": {"a": {"output": "x"}, "a.output": {}}, "models.a": {}}`, "models.a is an unknown key; known are " + configKeys},
		{"buckets in another order", `{"models": {"a": {"answer": "number", "buckets": [1, 1]}}}`, "models.a.buckets is not ascending; give each bound once, from the lowest on"},
		{"a bucket past all", `{"models": {"a": {"answer": "number", "buckets": [1e999]}}}`, "models.a.buckets holds 1e999; give a number without an exponent"},
		{"a key of two lines", `{"a\nb": 1}`, "a?b is an unknown key; known are " + configKeys},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { checkRefused(t, []byte(test.text), test.want) })
	}
}

func checkRefused(t *testing.T, text []byte, want string) {
	t.Helper()
	config, err := Parse(text)
	if err == nil {
		t.Fatalf("read as %+v", config)
	}
	if diff := cmp.Diff("pluginConfig: "+want, err.Error()); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}

// TestSchema checks that the published schema and Parse agree.
func TestSchema(t *testing.T) {
	schema := compileSchema(t)
	check := func(suffix string, wantValid bool) {
		for name, text := range testdata(t, suffix) {
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if err := schema.Validate(value); (err == nil) != wantValid {
				t.Errorf("%s%s: the schema says %v", name, suffix, err)
			}
		}
	}
	check(".good.json", true)
	check(".bad.json", false)
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile("../../../docs/plugin-config.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// testdata returns the files with that suffix, by their names without it.
func testdata(t *testing.T, suffix string) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("testdata/*" + suffix)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no testdata/*%s: %v", suffix, err)
	}
	files := map[string][]byte{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[strings.TrimSuffix(filepath.Base(path), suffix)] = text
	}
	return files
}

// FuzzParse checks that every accepted configuration is valid, and that every error
// is a single line.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/*.good.json", "testdata/*.bad.json"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		config, err := Parse(text)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("the error is more than one line: %q", err)
			}
			return
		}
		if err := config.check(); err != nil {
			t.Errorf("read, but: %v", err)
		}
	})
}

// TestExamples checks every documented WasmPlugin against the schema and Parse.
func TestExamples(t *testing.T) {
	schema := compileSchema(t)
	found := 0
	for place, text := range wasmPlugins(t) {
		found++
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v", place, err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %v", place, err)
		}
		if _, err := Parse(text); err != nil {
			t.Errorf("%s: %v", place, err)
		}
	}
	if found < 4 {
		t.Errorf("%d examples, fewer than there were", found)
	}
}

// wasmPlugins returns the pluginConfig of every WasmPlugin in the manifests and
// documents as JSON, by file and number.
func wasmPlugins(t *testing.T) map[string][]byte {
	t.Helper()
	configs := map[string][]byte{}
	for _, pattern := range []string{"deploy/*/*.yaml", "deploy/*/*/*.yaml", "docs/*.md", "*.md", "*/*.md"} {
		paths, err := filepath.Glob("../../../" + pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for i, document := range yamlDocuments(path, string(text)) {
				if config := wasmPlugin(t, path, document); config != nil {
					configs[fmt.Sprintf("%s (%d)", path, i)] = config
				}
			}
		}
	}
	return configs
}

// yamlDocuments returns the YAML documents of a manifest or of a Markdown file.
func yamlDocuments(path, text string) (documents []string) {
	blocks := []string{text}
	if filepath.Ext(path) == ".md" {
		blocks = strings.Split(text, "```yaml\n")[1:]
	}
	for _, block := range blocks {
		block, _, _ = strings.Cut(block, "```")
		documents = append(documents, strings.Split(block, "\n---\n")...)
	}
	return documents
}

func wasmPlugin(t *testing.T, path, document string) (config []byte) {
	t.Helper()
	if !strings.Contains(document, "kind: WasmPlugin\n") {
		return nil
	}
	var object struct {
		Spec struct {
			PluginConfig map[string]any `yaml:"pluginConfig"`
		}
	}
	if err := yaml.Unmarshal([]byte(document), &object); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if object.Spec.PluginConfig == nil {
		return []byte("{}")
	}
	config, err := json.Marshal(object.Spec.PluginConfig)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return config
}
