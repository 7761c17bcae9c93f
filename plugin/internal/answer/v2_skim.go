package answer

import (
	"math"

	"github.com/moodring/moodring/plugin/internal/json"
)

// atElement reports whether an element may begin here.
func (v *v2) atElement() bool {
	return v.place == inData && v.skipped == 0 && !v.isTranscoded && !v.isSide
}

// skimElements reads elements that lie whole in the chunk, and the commas
// between them, like Scanner.skimValues.
func (v *v2) skimElements(chunk []byte, isNext bool) (read int) {
	w := json.WindowOn(chunk)
	for at := 0; w.Has(at); isNext = true {
		if isNext {
			if at = v.skimComma(w, at); at == 0 || !w.Has(at) {
				return read
			}
		}
		switch of := v.tensor.datatype; {
		case of == bytesType:
			at = v.skimText(w, chunk, at)
		case of.isFloat():
			at = v.skimFloat(w, chunk, at)
		default:
			at = v.skimInteger(w, at)
		}
		if at == 0 {
			return read
		}
		read = at
	}
	return read
}

// skimComma reads the comma before the next element, or the end of a list in
// data and the beginning of the next, and returns the position behind, or 0.
func (v *v2) skimComma(w json.Window, at int) (after int) {
	at = w.AfterSpace(at)
	isNewList := v.depth > 1 && w.Byte(at) == ']'
	if isNewList {
		at = w.AfterSpace(at + 1)
	}
	if w.Byte(at) != ',' {
		return 0
	}
	at = w.AfterSpace(at + 1)
	if !isNewList {
		return at
	}
	if w.Byte(at) != '[' {
		return 0
	}
	return at + 1
}

// skimText reads an element of BYTES and returns the position behind, or 0.
func (v *v2) skimText(w json.Window, chunk []byte, at int) (end int) {
	if w.Byte(at) != '"' {
		return 0
	}
	if end = w.EndOfRun(at + 1); w.Byte(end) != '"' {
		return 0
	}
	v.tensor.AddAll(chunk[at+1 : end])
	v.tensor.endBytes()
	return end + 1
}

// skimFloat reads a float and returns the position behind, or 0.
func (v *v2) skimFloat(w json.Window, chunk []byte, at int) (end int) {
	number, end := w.Decimal(at)
	if c := w.Byte(w.AfterSpace(end)); end == 0 || c != ',' && c != ']' {
		return 0
	}
	t := &v.tensor
	if estimate, ok := number.Estimate(); ok && estimate < t.threshold() {
		t.skipScore(estimate)
		return end
	}
	value, ok := number.Float(chunk[at:end])
	if !ok {
		t.invalidate()
	}
	t.addFloat(value)
	return end
}

// skimInteger reads an integer of up to seven digits and returns the position
// behind, or 0.
func (v *v2) skimInteger(w json.Window, at int) (end int) {
	var value int64
	for end = at; end < at+8; end++ {
		digit := w.Byte(end) - '0'
		if digit > 9 {
			break
		}
		value = 10*value + int64(digit)
	}
	n, isZero := end-at, w.Byte(at) == '0'
	if c := w.Byte(w.AfterSpace(end)); n == 0 || n == 8 || isZero && n > 1 || c != ',' && c != ']' {
		return 0
	}
	v.tensor.addInteger(value)
	return end
}

// threshold returns a bound for Decimal.Estimate: a score with a lower estimate
// is not the highest of its row, nor the second highest if margins need this,
// and only needs to be counted. The bound is -Inf if every score is needed.
func (t *tensor) threshold() float64 {
	bound, need := t.ranks.top, 1
	if t.options.Margins {
		bound, need = t.ranks.second, 2
	}
	if !t.needsTop || t.ranks.n < need {
		return math.Inf(-1)
	}
	return bound - math.Abs(bound)*json.Tolerance
}

// skipScore counts a score below the threshold.
func (t *tensor) skipScore(estimate float64) {
	if t.nextElement() {
		t.ranks.skip(estimate)
		t.endScore()
	}
}
