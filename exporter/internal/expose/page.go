// Package expose serves the series of all gateways, and metrics about the scrapes.
package expose

import (
	"io"
	"maps"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/transform"
)

// page holds the metric families of all gateways, in one form.
type page struct {
	form     form
	families map[string]*pageFamily
	taken    map[string]bool // names of samples and families
	dropped  map[string]int  // by gateway
}

type pageFamily struct {
	*transform.Family
	header []byte
	chunks [][]byte
}

// newPage puts snapshots together. own are the exporter's own metrics, whose names
// are taken. A gateway's series is dropped if relabelling gave it the labels of
// another gateway's series, a taken name, or the name of a metric of another type.
// Values of different gateways are never added up.
func newPage(f form, snapshots []Snapshot, own []*dto.MetricFamily) *page {
	p := &page{form: f, families: make(map[string]*pageFamily), taken: make(map[string]bool), dropped: make(map[string]int)}
	for _, family := range own {
		for _, name := range config.SampleNames(family.GetName(), contractType(family.GetType())) {
			p.taken[name] = true
		}
	}
	p.addScrapeMetrics(snapshots)
	blocks := p.withoutDuplicates(snapshots)
	var scratch []byte
	for i, snapshot := range snapshots {
		for _, c := range blocks[i].in(f, &scratch) {
			if !p.add(c) {
				p.dropped[snapshot.Gateway] += len(c.series)
			}
		}
	}
	return p
}

// add adds a chunk, and reports whether its names are free, or its type is that of
// the page's family.
func (p *page) add(c chunk) bool {
	family := p.families[c.name]
	if family == nil {
		names := config.SampleNames(c.name, c.family.Type)
		if slices.ContainsFunc(names, func(name string) bool { return p.taken[name] }) {
			return false
		}
		for _, name := range names {
			p.taken[name] = true
		}
		family = &pageFamily{Family: c.family, header: p.form.encoder().appendHeader(nil, c.name, c.family)}
		p.families[c.name] = family
	}
	if family.Type != c.family.Type {
		return false
	}
	family.chunks = append(family.chunks, c.bytes)
	return true
}

// addScrapeMetrics adds the metrics about each gateway's last scrape. A removed
// gateway has none, because a target_up of 0 would be an alarm for scaling down.
func (p *page) addScrapeMetrics(snapshots []Snapshot) {
	for name, value := range map[string]func(Snapshot) float64{
		contract.ExporterUp:       func(s Snapshot) float64 { return map[bool]float64{true: 1}[s.Up] },
		contract.ExporterDuration: func(s Snapshot) float64 { return s.Duration.Seconds() },
		contract.ExporterSamples:  func(s Snapshot) float64 { return float64(len(s.Series.Series())) },
	} {
		row, encoder := metric(name), p.form.encoder()
		c := chunk{family: &transform.Family{Type: row.Type, Help: row.Help}, name: name}
		for _, s := range snapshots {
			if !s.IsGone {
				c.bytes = encoder.appendSeries(c.bytes, transform.Series{
					Family: c.family, Name: name, Value: value(s),
					Labels: labels.FromStrings(model.MetricNameLabel, name, contract.LabelGateway, s.Gateway),
				})
			}
		}
		if len(c.bytes) > 0 {
			p.add(c)
		}
	}
}

// metric returns the contract's row of a metric, whose name must be a constant of
// the contract.
func metric(name string) contract.Metric {
	row, _ := contract.Find(name)
	return row
}

// withoutDuplicates returns the snapshots' blocks without series that an earlier
// gateway already exported. Gateways' names are unique, so only series without
// their gateway's label can be duplicates.
func (p *page) withoutDuplicates(snapshots []Snapshot) []*Block {
	blocks := make([]*Block, len(snapshots))
	isForeign := false
	for i, s := range snapshots {
		blocks[i] = s.exported()
		isForeign = isForeign || blocks[i] != nil && blocks[i].isForeign
	}
	if !isForeign {
		return blocks
	}
	seen := make(map[string]bool)
	for i, s := range snapshots {
		var kept []transform.Series
		for _, series := range blocks[i].Series() {
			if key := string(series.Labels.Bytes(nil)); !seen[key] {
				seen[key] = true
				kept = append(kept, series)
			}
		}
		if n := len(blocks[i].Series()) - len(kept); n > 0 {
			p.dropped[s.Gateway] += n
			blocks[i] = NewBlock(s.Gateway, kept)
		}
	}
	return blocks
}

// addEncoded adds a family that is already encoded.
func (p *page) addEncoded(name string, bytes []byte) {
	p.families[name] = &pageFamily{Family: new(transform.Family), chunks: [][]byte{bytes}}
}

// WriteText writes only a gateway's series, in Prometheus's text format.
func WriteText(w io.Writer, gateway string, series []transform.Series) error {
	return newPage(formText, []Snapshot{{IsGone: true, Kept: NewBlock(gateway, series)}}, nil).writeTo(w)
}

// writeTo writes the families, sorted by name.
func (p *page) writeTo(w io.Writer) error {
	for _, name := range slices.SortedFunc(maps.Keys(p.families), strings.Compare) {
		if err := p.families[name].writeTo(w, p.form); err != nil {
			return err
		}
	}
	if p.form == formOpenMetrics {
		_, err := io.WriteString(w, "# EOF\n")
		return err
	}
	return nil
}

func (f *pageFamily) writeTo(w io.Writer, form form) error {
	if form.isProtobuf() && f.header != nil {
		size := len(f.header)
		for _, chunk := range f.chunks {
			size += len(chunk)
		}
		if _, err := w.Write(protowire.AppendVarint(nil, uint64(size))); err != nil {
			return err
		}
	}
	for _, part := range slices.Concat([][]byte{f.header}, f.chunks) {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}
