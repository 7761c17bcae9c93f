// Package expose serves what was scraped, and how the scraping went.
package expose

import (
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/transform"
)

// page is the families of all gateways, in one form.
type page struct {
	form     form
	families map[string]*pageFamily
	dropped  map[string]int // by gateway
}

type pageFamily struct {
	*transform.Family
	head   []byte
	chunks [][]byte
}

// newPage puts snapshots together. dropped tells for each gateway how many of
// its series had to be left out: relabelling gave them the labels of another
// gateway's, or the name of a metric of another type, and values of different
// gateways are never added up. taken are names that are the exporter's own.
func newPage(f form, snapshots []Snapshot, taken map[string]bool) *page {
	p := &page{form: f, families: make(map[string]*pageFamily), dropped: make(map[string]int)}
	p.addOwn(snapshots)
	blocks := p.unlike(snapshots)
	var scratch []byte
	for i, snapshot := range snapshots {
		for _, c := range blocks[i].in(f, &scratch) {
			if taken[c.name] || !p.add(c) {
				p.dropped[snapshot.Gateway] += len(c.series)
			}
		}
	}
	return p
}

// add tells whether the chunk's family is of the type that the page has it.
func (p *page) add(c chunk) bool {
	family := p.families[c.name]
	if family == nil {
		family = &pageFamily{Family: c.family, head: p.form.writer().appendHead(nil, c.name, c.family)}
		p.families[c.name] = family
	}
	if family.Type != c.family.Type {
		return false
	}
	family.chunks = append(family.chunks, c.bytes)
	return true
}

// addOwn adds the exporter's series about the scrapes themselves. A gateway that
// is gone has none: a target_up of 0 would be an alarm about what was wanted.
func (p *page) addOwn(snapshots []Snapshot) {
	for name, value := range map[string]func(Snapshot) float64{
		contract.ExporterUp:       func(s Snapshot) float64 { return map[bool]float64{true: 1}[s.Up] },
		contract.ExporterDuration: func(s Snapshot) float64 { return s.Duration.Seconds() },
		contract.ExporterSamples:  func(s Snapshot) float64 { return float64(len(s.Series.Series())) },
	} {
		row, writer := metric(name), p.form.writer()
		c := chunk{family: &transform.Family{Type: row.Type, Help: row.Help}, name: name}
		for _, s := range snapshots {
			if !s.IsGone {
				c.bytes = writer.appendSeries(c.bytes, transform.Series{
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

// metric returns the contract's row of name, which is one of its constants.
func metric(name string) contract.Metric {
	row, _ := contract.Find(name)
	return row
}

// unlike returns the snapshots' blocks without series that an earlier one has
// too. Gateways' names are unique, so that nearly always there is nothing to do.
func (p *page) unlike(snapshots []Snapshot) []*Block {
	blocks := make([]*Block, len(snapshots))
	isForeign := false
	for i, s := range snapshots {
		blocks[i] = s.shown()
		isForeign = isForeign || blocks[i] != nil && blocks[i].isForeign
	}
	if !isForeign {
		return blocks
	}
	seen := make(map[string]bool)
	for i, s := range snapshots {
		var kept []transform.Series
		for _, one := range blocks[i].Series() {
			if key := string(one.Labels.Bytes(nil)); !seen[key] {
				seen[key] = true
				kept = append(kept, one)
			}
		}
		if n := len(blocks[i].Series()) - len(kept); n > 0 {
			p.dropped[s.Gateway] += n
			blocks[i] = NewBlock(s.Gateway, kept)
		}
	}
	return blocks
}

// addEncoded adds a family that is written already.
func (p *page) addEncoded(name string, bytes []byte) {
	p.families[name] = &pageFamily{Family: new(transform.Family), chunks: [][]byte{bytes}}
}

// WriteText writes a gateway's series, and nothing else, in the text form.
func WriteText(w io.Writer, gateway string, series []transform.Series) error {
	return newPage(formText, []Snapshot{{IsGone: true, Kept: NewBlock(gateway, series)}}, nil).writeTo(w)
}

// writeTo writes the families sorted by their names.
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
	if form.isProtobuf() && f.head != nil {
		size := len(f.head)
		for _, chunk := range f.chunks {
			size += len(chunk)
		}
		if _, err := w.Write(protowire.AppendVarint(nil, uint64(size))); err != nil {
			return err
		}
	}
	for _, part := range slices.Concat([][]byte{f.head}, f.chunks) {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}
