// Package scrape asks one gateway for its statistics and reads the answer.
package scrape

import "strings"

// Sample is one value of a page. A histogram is several: NAME_bucket with an
// le label, NAME_sum and NAME_count, whichever form the page has.
//
// Its strings and labels are the reader's, and good only until the function
// that was given the sample returns: Clone what is to be kept.
type Sample struct {
	Series string // name and labels as the page has them: the same text on each page, and no other series' on one
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

// Clone returns a copy that may be kept.
func (s Sample) Clone() Sample {
	clone := Sample{Series: strings.Clone(s.Series), Name: strings.Clone(s.Name), Value: s.Value}
	for _, l := range s.Labels {
		clone.Labels = append(clone.Labels, Label{strings.Clone(l.Name), strings.Clone(l.Value)})
	}
	return clone
}
