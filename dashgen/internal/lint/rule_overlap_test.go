package lint

import "testing"

func TestOverlap(t *testing.T) {
	testRule(t, overlap(), Context{}, []ruleCase{
		{"overlapping and outside", `{"title":"D","panels":[{"title":"A","gridPos":{"x":0,"y":0,"w":12,"h":8}},{"title":"B","gridPos":{"x":11,"y":7,"w":14,"h":8}}]}`, []string{`panel "B": is outside the grid: x 11, width 14 of 24 columns, height 8`, `panel "B": overlaps panel "A"`}},
		{"beside and below", `{"title":"D","panels":[{"title":"A","gridPos":{"x":0,"y":0,"w":12,"h":8}},{"title":"B","gridPos":{"x":12,"y":0,"w":12,"h":8}},{"title":"C","gridPos":{"x":0,"y":8,"w":24,"h":1}},{"title":"none"}]}`, []string{}},
		{"rows of any width, and panels without a size", `{"title":"D","panels":[{"type":"row","title":"R","gridPos":{"x":0,"y":0,"w":0,"h":1}},{"title":"A","gridPos":{"x":0,"y":1,"w":12.0,"h":7.5}},{"title":"B","gridPos":{}}]}`, nil},
	})
}
