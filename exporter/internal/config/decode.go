package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/relabel"
	"go.yaml.in/yaml/v3"
)

// Decode decodes a single YAML document. Unknown keys are errors. An empty text
// leaves into unchanged.
func Decode(text []byte, into any) error {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return oneLine(addRuleLine(text, err))
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return errors.New("more than one YAML document: keep one")
	}
	return nil
}

// oneLine turns yaml's list of mistakes into a single line without Go type names.
func oneLine(err error) error {
	var typeErr *yaml.TypeError
	if !errors.As(err, &typeErr) {
		return errors.New(strings.ReplaceAll(err.Error(), "\n", " "))
	}
	mistakes := make([]string, 0, len(typeErr.Errors))
	for _, mistake := range typeErr.Errors {
		mistakes = append(mistakes, withoutGoTypes(strings.ReplaceAll(mistake, "\n", " ")))
	}
	return errors.New(strings.Join(mistakes, "; "))
}

var mismatch = regexp.MustCompile("^(line [0-9]+): cannot unmarshal !!([a-z]+)(?: (`.*`))? into (.*)$")

// withoutGoTypes replaces the names of Go types in a mistake by words for YAML.
func withoutGoTypes(mistake string) string {
	match := mismatch.FindStringSubmatch(mistake)
	if match == nil {
		mistake, _, _ = strings.Cut(mistake, " in type ")
		return strings.Replace(mistake, " not found", " is unknown; docs/exporter.md has all keys", 1)
	}
	line, kind, value, goType := match[1], match[2], match[3], match[4]
	switch {
	case value == "":
		value = map[string]string{"map": "keys with values", "seq": "a list"}[kind]
	case slices.Contains(secretTypes, goType):
		value = "a single value"
	}
	return fmt.Sprintf("%s: %s where %s should be", line, value, yamlType(goType))
}

// secretTypes lists the types of keys where a user may have written a password as the value.
var secretTypes = []string{"config.HTTPClient", "config.BasicAuth", "config.Authorization", "config.plain"} // plain: of Prometheus's types that decode themselves

// yamlType describes the YAML for a Go type.
func yamlType(goType string) string {
	switch goType {
	case "int", "int64", "uint64":
		return "a whole number"
	case "float64":
		return "a number"
	case "bool":
		return "true or false"
	case "string", "config.Format", "contract.Type":
		return "text"
	case "model.LabelNames":
		return "a list"
	}
	if strings.HasPrefix(goType, "[]") {
		return "a list"
	}
	return "keys with values"
}

// addRuleLine adds the key and the line of a rule to an error of Prometheus's
// types, because these types do not know their line.
func addRuleLine(text []byte, err error) error {
	var document yaml.Node
	var typeErr *yaml.TypeError
	if errors.As(err, &typeErr) || yaml.Unmarshal(text, &document) != nil || len(document.Content) == 0 {
		return err // a TypeError has a line
	}
	top := document.Content[0].Content
	for i := 0; i+1 < len(top); i += 2 {
		for j, item := range top[i+1].Content {
			if mistake := decodeRule(top[i].Value, item); mistake != nil && !errors.As(mistake, &typeErr) {
				return fmt.Errorf("line %d: %s[%d]: %w", item.Line, top[i].Value, j, mistake)
			}
		}
	}
	return err
}

func decodeRule(key string, item *yaml.Node) error {
	switch key {
	case "relabel_configs", "metric_relabel_configs":
		return item.Decode(new(relabel.Config))
	case "rules":
		return item.Decode(new(Rule))
	}
	return nil
}
