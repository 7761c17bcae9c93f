package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/prometheus/prometheus/model/relabel"
	"go.yaml.in/yaml/v3"
)

// Decode reads one YAML document, strictly: an unknown key is an error. No
// document at all leaves into as it is.
func Decode(text []byte, into any) error {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return oneLine(locate(text, err))
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return errors.New("more than one YAML document: keep one")
	}
	return nil
}

// oneLine turns yaml's list of mistakes into one line without Go's type names.
func oneLine(err error) error {
	var typeErr *yaml.TypeError
	if !errors.As(err, &typeErr) {
		return errors.New(strings.ReplaceAll(err.Error(), "\n", " "))
	}
	mistakes := make([]string, 0, len(typeErr.Errors))
	for _, mistake := range typeErr.Errors {
		mistakes = append(mistakes, inWords(strings.ReplaceAll(mistake, "\n", " ")))
	}
	return errors.New(strings.Join(mistakes, "; "))
}

var mismatch = regexp.MustCompile("^(line [0-9]+): cannot unmarshal !!([a-z]+)(?: (`.*`))? into (.*)$")

// inWords says what yaml says of a mistake in words that a file has.
func inWords(mistake string) string {
	found := mismatch.FindStringSubmatch(mistake)
	if found == nil {
		mistake, _, _ = strings.Cut(mistake, " in type ")
		return mistake
	}
	line, kind, value, goType := found[1], found[2], found[3], found[4]
	if value == "" {
		value = map[string]string{"map": "keys with values", "seq": "a list"}[kind]
	}
	return fmt.Sprintf("%s: %s where %s should be", line, value, words(goType))
}

// words says what is wanted where a Go type is.
func words(goType string) string {
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

// locate adds to an error of Prometheus's own types, which is of a value that
// does not know its line, the line and the key of the rule that has it.
func locate(text []byte, err error) error {
	var document yaml.Node
	var typeErr *yaml.TypeError
	if errors.As(err, &typeErr) || yaml.Unmarshal(text, &document) != nil || len(document.Content) == 0 {
		return err // it has its line
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
