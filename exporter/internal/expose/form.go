package expose

import (
	"github.com/prometheus/common/expfmt"

	"github.com/moodring/moodring/exporter/internal/shape"
)

// form is a form of the page.
type form int

const (
	formText form = iota
	formOpenMetrics
	formProtobuf
	formCount
)

// writer writes a form.
type writer interface {
	appendHead(dst []byte, name string, f *shape.Family) []byte
	appendSeries(dst []byte, s shape.Series) []byte
}

func (f form) writer() writer {
	if f == formProtobuf {
		return protobufForm{}
	}
	return textForm{isOpen: f == formOpenMetrics}
}

// formOf returns the form that a negotiated format asks for.
func formOf(format expfmt.Format) form {
	switch format.FormatType() {
	case expfmt.TypeOpenMetrics:
		return formOpenMetrics
	case expfmt.TypeProtoDelim:
		return formProtobuf
	}
	return formText
}
