package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestIdentify(t *testing.T) {
	for file, want := range map[string]string{
		"../../LICENSE": "Apache-2.0",
		"../../dashgen/internal/preview/page/vendor/uPlot.LICENSE": "MIT",
		"main.go": "",
	} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if file == "main.go" { // the sentences in the source are no license
			text = []byte(strings.Split(string(text), "// identify")[0])
		}
		if got := strings.Join(identify(string(text)), ", "); got != want {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
}

// TestLinked: a program's modules are listed once, and the main module is not.
func TestLinked(t *testing.T) {
	t.Chdir("../..")
	modules, err := linked([]string{"./exporter"})
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, m := range modules {
		paths = append(paths, m.path)
	}
	if !slices.Contains(paths, "github.com/prometheus/common") || slices.Contains(paths, "github.com/moodring/moodring") {
		t.Errorf("modules of the exporter: %q", paths)
	}
	if !slices.Equal(paths, slices.Compact(slices.Clone(paths))) {
		t.Errorf("a module is listed twice: %q", paths)
	}
}

// TestTexts: each module's license is written, and a shared text only once.
func TestTexts(t *testing.T) {
	t.Chdir("../..")
	var out strings.Builder
	if err := run([]string{"-texts", "./exporter"}, &out); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"github.com/prometheus/common v", "github.com/klauspost/compress v", "Redistribution and use in source and binary forms", "Permission is hereby granted, free of charge"} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("no %q in the texts", part)
		}
	}
	if copies := strings.Count(out.String(), "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION"); copies == 0 || copies > 15 {
		t.Errorf("the Apache license is written %d times", copies)
	}
}
