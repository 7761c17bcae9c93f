package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// writeTexts writes the license and notice files of the modules, as their licenses
// require of a copy of the programs. A text that many modules share is written once.
func writeTexts(modules []module, out io.Writer) error {
	owners := map[string][]string{} // by text
	var texts []string              // in the order of the first owner
	for _, m := range modules {
		files, err := m.files("LICEN[CS]E*", "COPYING*", "NOTICE*")
		if err != nil {
			return err
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			if owners[string(text)] == nil {
				texts = append(texts, string(text))
			}
			owners[string(text)] = append(owners[string(text)], m.path+" "+m.version)
		}
	}
	for _, text := range texts {
		if _, err := fmt.Fprintf(out, "%s\n\n%s\n\n%s\n", strings.Join(slices.Compact(owners[text]), "\n"), strings.TrimSpace(text), strings.Repeat("-", 80)); err != nil {
			return err
		}
	}
	return nil
}

// files returns the files at the module's root whose names match a pattern in upper
// case.
func (m module) files(patterns ...string) (files []string, err error) {
	entries, err := os.ReadDir(m.dir)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		isMatch := slices.ContainsFunc(patterns, func(pattern string) bool {
			matched, matchErr := filepath.Match(pattern, strings.ToUpper(entry.Name()))
			return matched && matchErr == nil
		})
		if isMatch && entry.Type().IsRegular() {
			files = append(files, filepath.Join(m.dir, entry.Name()))
		}
	}
	return files, nil
}
