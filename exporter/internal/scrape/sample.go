// Package scrape asks one gateway for its statistics and reads the answer.
package scrape

import "github.com/moodring/moodring/exporter/internal/config"

// Sample is one value of a page. A histogram is several: NAME_bucket with an
// le label, NAME_sum and NAME_count, whichever form the page has.
type Sample struct {
	Name   string // as the page shows it: mangled in Prometheus's form, raw in JSON
	Labels []Label
	Value  float64
}

// Label is one label of a sample.
type Label struct{ Name, Value string }

// Label returns the value of the sample's label called name, or "".
func (s Sample) Label(name string) string {
	for _, l := range s.Labels {
		if l.Name == name {
			return l.Value
		}
	}
	return ""
}

// Page is a gateway's answer.
type Page struct {
	Format  config.Format
	Samples []Sample
	Bytes   int64 // read, after decompression, also when reading failed
}
