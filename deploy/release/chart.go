package main

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"
)

// parts are the folders of deploy that the chart has, and whether a release of the
// chart has them by default: the demo's parts.
var parts = map[string]bool{
	"model": true, "authorization": true, "ratelimit": true, "plugin": true, "exporter": true, "dashboards": true,
	"monitors": false, "rules": false,
}

// values are the chart's values.yaml.
type values struct {
	Parts  map[string]bool   `json:"parts"`
	Images map[string]string `json:"images"`
	Plugin pluginValues      `json:"plugin"`
}

type pluginValues struct {
	URL    string         `json:"url"`
	Config map[string]any `json:"config"`
}

// schema refuses values that the chart does not have.
//
//go:embed values.schema.json
var schema []byte

// chart returns the Helm chart. kustomize builds each part, and the chart's template
// of the part is the result, with values in a few places.
func (o options) chart(images names) ([]byte, error) {
	content, defaults := tree{}, values{Parts: parts, Images: map[string]string{}}
	add := func(name string, text []byte) { content["moodring/"+name] = file{0o644, text} }
	for part := range parts {
		built, err := o.build(part, images)
		if err != nil {
			return nil, err
		}
		template, err := defaults.template(string(built))
		if err != nil {
			return nil, fmt.Errorf("deploy/%s: %w", part, err)
		}
		add("templates/"+part+".yaml", []byte("{{ if .Values.parts."+part+" }}\n"+template+"{{ end }}\n"))
	}
	metadata, err := yaml.Marshal(map[string]string{
		"apiVersion": "v2", "name": "moodring", "type": "application", "version": o.version, "appVersion": o.version,
		"description": "Shows what your models answer, not only how fast: a filter for Istio's gateway, an exporter, dashboards, and a demo.",
	})
	text, valuesErr := yaml.Marshal(defaults)
	if err := errors.Join(err, valuesErr); err != nil {
		return nil, err
	}
	add("Chart.yaml", metadata)
	add("values.yaml", append([]byte("# Parts of Moodring, names of images, and the plugin's configuration (docs/plugin.md).\n"), text...))
	add("values.schema.json", schema)
	return content.tarGz(o.created)
}

var (
	imageLine  = regexp.MustCompile(`(?m)^( *(?:- )?image: )(\S+)$`)
	pluginURL  = regexp.MustCompile(`(?m)^(  url: )oci://(\S+)$`)
	pluginText = regexp.MustCompile(`(?m)^  pluginConfig:\n((?:    .*\n)+)`)
	imageName  = regexp.MustCompile(`([^/@:]+)(?::[^/@]*)?(?:@.*)?$`)
)

// limiter is the name of the rate limit service in the gateway's configuration.
const limiter = "ratelimit.default.svc.cluster.local"

// template makes a template of objects, and adds to the values the texts in whose
// place it puts values.
func (v *values) template(objects string) (string, error) {
	text := strings.ReplaceAll(objects, "{{", `{{ "{{" }}`)
	text = imageLine.ReplaceAllStringFunc(text, func(line string) string {
		match := imageLine.FindStringSubmatch(line)
		name := strings.TrimPrefix(imageName.FindStringSubmatch(match[2])[1], "moodring-")
		v.Images[name] = match[2]
		return match[1] + "{{ .Values.images." + name + " | quote }}"
	})
	if match := pluginURL.FindStringSubmatch(text); match != nil {
		v.Plugin.URL = "oci://" + match[2]
		text = pluginURL.ReplaceAllString(text, "$1{{ .Values.plugin.url | quote }}")
	}
	if match := pluginText.FindStringSubmatch(text); match != nil {
		if err := yaml.Unmarshal(bytes.TrimSpace([]byte(match[1])), &v.Plugin.Config); err != nil {
			return "", fmt.Errorf("pluginConfig: %w", err)
		}
		text = pluginText.ReplaceAllString(text, "  pluginConfig:\n    {{- toYaml .Values.plugin.config | nindent 4 }}\n")
	}
	return strings.ReplaceAll(text, limiter, strings.Replace(limiter, "default", "{{ .Release.Namespace }}", 1)), nil
}
