package main

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"istio.io/api/annotation"
	"istio.io/istio/pkg/config/mesh"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
)

// TestIstioTakesTheLabelsOut: docs/direct.md gives Istio's users an annotation and a
// mesh configuration. Istio must make the same expressions from both as
// docs/plugin.md gives users of plain Envoy; a test of the plugin runs those.
func TestIstioTakesTheLabelsOut(t *testing.T) {
	text, err := os.ReadFile("../../docs/plugin.md")
	if err != nil {
		t.Fatal(err)
	}
	var plain struct {
		Config struct {
			Tags []struct {
				Name  string `json:"tag_name"`
				Regex string `json:"regex"`
			} `json:"stats_tags"`
		} `json:"stats_config"`
	}
	if err := json.Unmarshal([]byte(block(t, string(text), "json", "stats_config")), &plain); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, tag := range plain.Config.Tags {
		want[tag.Name] = tag.Regex
	}
	for name, given := range map[string]struct{ mesh, pod string }{
		"annotation":  {pod: documentedAnnotation(t)},
		"mesh config": {mesh: directBlock(t, "defaultConfig:")},
	} {
		t.Run(name, func(t *testing.T) {
			meshConfig, err := mesh.ApplyMeshConfigDefaults(given.mesh)
			if err != nil {
				t.Fatal(err)
			}
			agent, err := agentBootstrap(meshConfig, map[string]string{annotation.ProxyConfig.Name: given.pod})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, tag := range agent.GetStatsConfig().GetStatsTags() {
				if want[tag.GetTagName()] != "" {
					got[tag.GetTagName()] = tag.GetRegex()
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("expressions (-docs/plugin.md +Istio's):\n%s", diff)
			}
		})
	}
}

func documentedAnnotation(t *testing.T) string {
	t.Helper()
	patch, err := kyaml.Parse(directBlock(t, "# direct-patch.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	config, err := patch.GetString("spec.template.metadata.annotations." + strings.ReplaceAll(annotation.ProxyConfig.Name, ".", `\.`))
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func directBlock(t *testing.T, holds string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/direct.md")
	if err != nil {
		t.Fatal(err)
	}
	return block(t, string(text), "yaml", holds)
}

// block returns the first code block of a language that contains a text.
func block(t *testing.T, document, language, holds string) string {
	t.Helper()
	for _, match := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(document, -1) {
		if strings.Contains(match[1], holds) {
			return match[1]
		}
	}
	t.Fatalf("the document has no %s block with %q", language, holds)
	return ""
}
