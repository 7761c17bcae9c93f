package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/expose"
	"github.com/moodring/moodring/exporter/internal/scrape"
	"github.com/moodring/moodring/exporter/internal/transform"
)

// dryRunGateway is the gateway label: a saved page does not have one.
const dryRunGateway = "dry-run"

const stdinName = "-" // of standard input, as the name of a file

// dryRun prints the series of a saved page. The page's format is detected.
func dryRun(f *flags, stdout, stderr io.Writer) error {
	cfg, err := f.file()
	if err != nil {
		return err
	}
	page, err := readFileOrStdin(*f.dryRunFile)
	if err != nil {
		return fmt.Errorf("reading the page: %w", err)
	}
	transformer := transform.New(transform.Options{
		Format:    formatOf(page),
		Labels:    labels.FromStrings(contract.LabelGateway, dryRunGateway),
		Relabel:   cfg.MetricRelabelConfigs,
		Rules:     cfg.Rules,
		MaxSeries: cfg.Scrape.MaxSeries,
	})
	reader := scrape.TextReader{IsUsed: transform.IsUsed(cfg.Rules), IsWhole: true}
	samples, err := readPage(page, &reader, cfg.Scrape.MaxLineBytes, transformer)
	if err != nil {
		return fmt.Errorf("%s: %w: want a response to GET /stats/prometheus or /stats?format=json", *f.dryRunFile, err)
	}
	series, dropped := transformer.End(time.Time{}, time.Time{})
	if err := expose.WriteText(stdout, dryRunGateway, series); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stderr, "%d samples made %d series; %d samples or series were left out\n", samples, len(series), dropped)
	return err
}

func readFileOrStdin(name string) ([]byte, error) {
	if name == stdinName {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(name)
}

func formatOf(page []byte) config.Format {
	if bytes.HasPrefix(bytes.TrimLeft(page, " \t\r\n"), []byte("{")) {
		return config.JSON
	}
	return config.Prometheus
}

// readPage gives the page's samples to the transformer, and returns their number.
func readPage(page []byte, reader *scrape.TextReader, maxLine int, transformer *transform.Transformer) (samples int, err error) {
	transformer.Begin()
	add := func(s scrape.Sample) {
		samples++
		transformer.Add(s)
	}
	if formatOf(page) == config.JSON {
		err = scrape.ReadJSON(bytes.NewReader(page), maxLine, add)
		return samples, err
	}
	err = reader.Read(bytes.NewReader(page), maxLine, add)
	return samples, err
}
