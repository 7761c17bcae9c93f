// Package output returns all files that dashgen generate writes.
package output

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/config"
	"github.com/moodring/moodring/dashgen/internal/grafana"
	"github.com/moodring/moodring/dashgen/internal/kiali"
	"github.com/moodring/moodring/dashgen/internal/rules"
)

// File is a generated file.
type File struct {
	Name string
	Text []byte
}

// Files returns all files with the user's choices, or an error if the boards are not
// valid.
func Files(all board.Set, chosen config.Config) ([]File, error) {
	all = chosen.Boards(all)
	if err := all.Validate(); err != nil {
		return nil, err
	}
	var files []File
	var errs []error
	add := func(name string, text []byte, err error) {
		files = append(files, File{name, text})
		errs = append(errs, err)
	}
	for _, b := range all.Boards {
		text, err := grafana.Marshal(b)
		add(b.File+".json", text, err)
	}
	text, err := yamlOf(kustomizationComment, kustomization(all))
	add("kustomization.yaml", text, err)
	text, err = yamlOf(operatorComment, operatorDashboards(all, chosen.Dashboards.Folder)...)
	add("grafana-operator.yaml", text, err)
	text, err = rules.File(all, chosen.Windows())
	add("prometheus-rules.yaml", text, err)
	text, err = rules.Object(all, chosen.Windows())
	add("prometheus-operator.yaml", text, err)
	text, err = istioPrometheus(all, chosen.Windows())
	add("prometheus-istio-patch.yaml", text, err)
	text, err = kiali.Config(all)
	add("kiali.yaml", text, err)
	text, err = kiali.Patch(all)
	add("kiali-patch.yaml", text, err)
	return files, errors.Join(errs...)
}

// Write writes files into a folder. It creates the folder if it does not exist.
func Write(folder string, files []File) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, file := range files {
		if err := os.WriteFile(filepath.Join(folder, file.Name), file.Text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// yamlOf returns a comment, followed by the documents as a YAML stream.
func yamlOf(comment string, documents ...any) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(comment)
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	for _, document := range documents {
		if err := encoder.Encode(document); err != nil {
			return nil, fmt.Errorf("writing YAML: %w", err)
		}
	}
	return out.Bytes(), nil
}
