// Package tensor reads and writes the tensors of the Open Inference Protocol that a text classifier has: texts and labels as
// BYTES, scores as FP32.
package tensor

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/moodring/moodring/modelserver/internal/problem"
)

// The tensors of a classifier. The names of the outputs are those that Moodring's filter reads.
const (
	Input  = "text"
	Label  = "label"
	Scores = "scores"
	Bytes  = "BYTES"
	Float  = "FP32"
)

// MaxTexts limits the texts of one request, and so the reply.
const MaxTexts = 1024

// Check returns an error if an input tensor cannot hold texts.
func Check(name, datatype string, shape []int64) error {
	switch {
	case name == "":
		return errors.New("an input has no name; want \"" + Input + "\"")
	case datatype != Bytes:
		return errors.New("the input's datatype must be \"" + Bytes + "\", because the model reads texts")
	case len(shape) == 0:
		return errors.New("the input has no shape; want [number of texts]")
	case len(shape) > 2 || len(shape) == 2 && shape[1] != 1:
		return errors.New("the input's shape must be [number of texts] or [number of texts, 1]")
	case shape[0] < 0:
		return errors.New("the input's shape has a negative size")
	}
	return nil
}

// CheckCount returns an error if the shape and the number of texts differ.
func CheckCount(shape []int64, texts int) error {
	if shape[0] != int64(texts) {
		return fmt.Errorf("the input's shape holds %d texts, and its data %d", shape[0], texts)
	}
	return nil
}

// Texts reads the binary form of BYTES: each text after its length, a little-endian uint32.
func Texts(data []byte) ([]string, error) {
	var texts []string
	for len(data) > 0 {
		if len(data) < 4 {
			return nil, errors.New("the input's binary data end inside a length")
		}
		size := binary.LittleEndian.Uint32(data)
		if uint64(size) > uint64(len(data)-4) {
			return nil, fmt.Errorf("the input's binary data end inside text %d", len(texts)+1)
		}
		if len(texts) == MaxTexts {
			return nil, problem.New(problem.TooLarge, "more than %d texts in one request; send fewer", MaxTexts)
		}
		texts = append(texts, string(data[4:4+size]))
		data = data[4+size:]
	}
	return texts, CheckUTF8(texts)
}

// CheckUTF8 returns an error if a text is not UTF-8.
func CheckUTF8(texts []string) error {
	for i, text := range texts {
		if !utf8.ValidString(text) {
			return fmt.Errorf("text %d is not UTF-8", i+1)
		}
	}
	return nil
}

// AppendText appends the binary form of a text.
func AppendText(data []byte, text string) []byte {
	data = binary.LittleEndian.AppendUint32(data, uint32(len(text)))
	return append(data, text...)
}

// AppendFloats appends the binary form of FP32 numbers.
func AppendFloats(data []byte, numbers []float32) []byte {
	for _, number := range numbers {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(number))
	}
	return data
}
