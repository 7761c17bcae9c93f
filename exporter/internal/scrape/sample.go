// Package scrape gets a gateway's page of statistics and reads the samples on it.
package scrape

import "strings"

// Sample is one value of a page. A histogram has several samples: NAME_bucket with
// an le label, NAME_sum and NAME_count, in both formats of a page.
//
// The strings and labels are the reader's memory, valid only until the function that
// gets the sample returns. Clone a sample to keep it.
type Sample struct {
	Series string // text of name and labels: the same on each page, and unique on a page
	Name   string // as on the page: mangled in Prometheus's format, raw in JSON
	Labels []Label
	Value  float64
}

// Label is a label of a sample.
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

// Clone returns a copy with its own memory.
func (s Sample) Clone() Sample {
	clone := Sample{Series: strings.Clone(s.Series), Name: strings.Clone(s.Name), Value: s.Value}
	for _, l := range s.Labels {
		clone.Labels = append(clone.Labels, Label{strings.Clone(l.Name), strings.Clone(l.Value)})
	}
	return clone
}
