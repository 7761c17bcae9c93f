package expose

import (
	"github.com/prometheus/common/expfmt"

	"github.com/moodring/moodring/exporter/internal/transform"
)

// form is an exposition format of the page.
type form int

const (
	formText form = iota
	formOpenMetrics
	formProtobuf
	formNative // protobuf with native histograms
	formCount
)

// encoder encodes metric families in a form.
type encoder interface {
	appendHeader(dst []byte, name string, f *transform.Family) []byte
	appendSeries(dst []byte, s transform.Series) []byte
}

func (f form) encoder() encoder {
	switch f {
	case formProtobuf:
		return protobufForm{}
	case formNative:
		return nativeForm{}
	}
	return textForm{isOpen: f == formOpenMetrics}
}

func (f form) isProtobuf() bool { return f == formProtobuf || f == formNative }

// formOf returns the form of a negotiated format. Only protobuf has native
// histograms.
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
