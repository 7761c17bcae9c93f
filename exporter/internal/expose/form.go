package expose

import (
	"github.com/prometheus/common/expfmt"

	"github.com/moodring/moodring/exporter/internal/transform"
)

// form is a form of the page.
type form int

const (
	formText form = iota
	formOpenMetrics
	formProtobuf
	formNative // protobuf with native histograms
	formCount
)

// writer writes a form.
type writer interface {
	appendHead(dst []byte, name string, f *transform.Family) []byte
	appendSeries(dst []byte, s transform.Series) []byte
}

func (f form) writer() writer {
	switch f {
	case formProtobuf:
		return protobufForm{}
	case formNative:
		return nativeForm{}
	}
	return textForm{isOpen: f == formOpenMetrics}
}

func (f form) isProtobuf() bool { return f == formProtobuf || f == formNative }

// formOf returns the form that a negotiated format asks for. Only protobuf can
// have native histograms.
func formOf(format expfmt.Format, isNative bool) form {
	switch format.FormatType() {
	case expfmt.TypeOpenMetrics:
		return formOpenMetrics
	case expfmt.TypeProtoDelim:
		if isNative {
			return formNative
		}
		return formProtobuf
	}
	return formText
}
