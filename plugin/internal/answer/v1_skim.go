package answer

import (
	"math"

	"github.com/moodring/moodring/plugin/internal/json"
)

// Skimming is a shortcut for the usual content of replies: scored labels,
// numbers and strings that lie whole in one chunk. A value takes few steps,
// with the same effect as in begin and end. Other members, escapes, unusual
// numbers, and values across the end of a chunk are left to begin and end.

// chunkEndBytes is the length of a chunk's end that skimChunk copies to a
// buffer with a margin behind. Otherwise the last json.Margin bytes of a chunk
// could not be skimmed. 64 bytes are added for a scored label that begins
// before these.
const chunkEndBytes = json.Margin + 64

// skim reads a chunk from the beginning of an object, a string or a number, and
// returns the number of bytes it read; 0 leaves the value to begin and end.
func (s *Scanner) skim(chunk []byte) (read int) {
	if s.place == inV2 {
		if s.v2.atElement() {
			return s.skimChunk(chunk, json.Array)
		}
		return 0
	}
	if s.skipped > 0 {
		return 0
	}
	switch chunk[0] {
	case '{':
		if s.place == atReply && !s.events.isOn {
			return s.skimReplyStart(json.WindowOn(chunk))
		}
		if s.place == inPredictions || s.place == inPrediction && s.list.acceptKind(json.Object) {
			return s.skimChunk(chunk, json.Object)
		}
	case '"':
		if s.place == inPredictions && !s.isUnknownTask() {
			return s.skimChunk(chunk, json.String)
		}
	default:
		if s.acceptsNumbers() {
			return s.skimChunk(chunk, json.Number)
		}
	}
	return 0
}

var predictionsKey = [2]uint64{json.WordOf(`{"predic`), json.WordOf(`tions":`)}

// skimReplyStart reads the usual beginning of a V1 reply, up to the first
// member of the first prediction's list.
func (s *Scanner) skimReplyStart(w json.Window) (read int) {
	if !w.Has(0) || w.Word(0) != predictionsKey[0] || w.Word(8)<<8 != predictionsKey[1]<<8 {
		return 0
	}
	at := w.AfterSpace(len(`{"predictions":`))
	if w.Byte(at) != '[' {
		return 0
	}
	s.json.OpenContainer(json.Object)
	s.json.OpenContainer(json.Array)
	s.place, s.lastKey, s.hasPredictions = inReply, predictionsMember, true
	s.beginPredictions(Instances)
	if next := w.AfterSpace(at + 1); w.Byte(next) == '[' {
		at = next
		s.json.OpenContainer(json.Array)
		s.addInstance()
		s.place = inPrediction
	}
	return at + 1
}

// acceptsNumbers reports whether a number may be the next value.
func (s *Scanner) acceptsNumbers() bool {
	switch s.place {
	case inRow:
		return s.object.rowDepth != afterInnerRow
	case inPrediction:
		return !s.isUnknownTask() && s.list.acceptKind(json.Number)
	case inPredictions:
		return !s.isUnknownTask() && (!s.flatScores || s.list.acceptKind(json.Number))
	}
	return false
}

// skimChunk reads values of a kind from the chunk, and then from a copy of the
// chunk's end if the list continues there.
func (s *Scanner) skimChunk(chunk []byte, kind json.Kind) (read int) {
	list := s.place
	read = s.skimValues(chunk, kind, false)
	if rest := chunk[read:]; s.place == list && 0 < len(rest) && len(rest) <= chunkEndBytes {
		n := copy(s.chunkEnd[:], rest)
		clear(s.chunkEnd[n : n+json.Margin])
		read += s.skimValues(s.chunkEnd[:n+json.Margin], kind, read > 0 && chunk[read-1] != '[')
	}
	return read
}

// skimValues reads values of a kind, and the commas between them. isNext is set
// if a comma comes before the first value.
func (s *Scanner) skimValues(chunk []byte, kind json.Kind, isNext bool) (read int) {
	if s.place == inV2 {
		return s.v2.skimElements(chunk, isNext)
	}
	w, enough := json.WindowOn(chunk), s.threshold(kind)
	for at := 0; w.Has(at); isNext = true {
		if isNext {
			after, isNewList := s.skimComma(w, at, kind)
			if after == 0 {
				return max(read, s.skimClosings(w, at))
			}
			if isNewList {
				read, enough = after, s.threshold(kind)
				after = w.AfterSpace(after)
			}
			if at = after; !w.Has(at) {
				return read
			}
		}
		switch kind {
		case json.Object:
			at, enough = s.skimLabel(w, chunk, at, enough)
		case json.Number:
			at, enough = s.skimNumber(w, chunk, at, enough)
		default:
			at = s.skimString(w, chunk, at)
		}
		if at == 0 {
			return read
		}
		read = at
	}
	return read
}

var labelKey, scoreKey = json.KeyOf("label"), json.KeyOf("score")

// skimLabel reads a scored label and returns the position behind, or 0. A label
// with a score below the threshold is only counted.
func (s *Scanner) skimLabel(w json.Window, chunk []byte, at int, enough float64) (end int, nowEnough float64) {
	var found json.Pair
	end = w.Pair(at, labelKey, scoreKey, &found)
	if end == 0 {
		return 0, enough
	}
	if estimate, ok := found.Value.Estimate(); ok && estimate < enough {
		s.list.members++
		s.list.ranks.n++
		return end, enough
	}
	score, ok := found.Value.Float(found.Number.Of(chunk))
	o := &s.object
	if s.isValid = s.isValid && ok; ok {
		o.labelKind, o.isScored, o.score = textLabel, true, score
		o.label.Reset()
		o.label.AddAll(found.Text.Of(chunk))
		s.endLabelled()
	}
	return end, s.threshold(json.Object)
}

// skimNumber reads a number and returns the position behind, or 0. A score
// below the threshold is only counted.
func (s *Scanner) skimNumber(w json.Window, chunk []byte, at int, enough float64) (end int, nowEnough float64) {
	number, end := w.Decimal(at)
	if c := w.Byte(w.AfterSpace(end)); end == 0 || c != ',' && c != ']' {
		return 0, enough
	}
	if estimate, ok := number.Estimate(); ok && estimate < enough {
		if s.ranks().skip(estimate); s.place != inRow {
			s.list.members++
		}
		return end, enough
	}
	s.endSkimmed(chunk[at:end], number)
	return end, s.threshold(json.Number)
}

func (s *Scanner) endSkimmed(text []byte, decimal json.Decimal) {
	number, ok := decimal.Float(text)
	switch s.place {
	case inRow:
		s.object.addToRow(number, ok)
	case inPredictions:
		s.endFlatNumber(number, ok, json.IsDecimal(text))
	default:
		s.addNumber(number, ok, json.IsDecimal(text))
	}
}

// skimString reads a label without a score and returns the position behind, or
// 0.
func (s *Scanner) skimString(w json.Window, chunk []byte, at int) (end int) {
	if w.Byte(at) != '"' {
		return 0
	}
	if end = w.EndOfRun(at + 1); w.Byte(end) != '"' {
		return 0
	}
	s.class.Reset()
	s.class.AddAll(chunk[at+1 : end])
	s.addInstance()
	s.addPlain(&s.class)
	return end + 1
}

// ranks returns the ranking of the scores at this place.
func (s *Scanner) ranks() *ranking {
	if s.place == inRow {
		return &s.object.row
	}
	return &s.list.ranks
}

// threshold returns a bound for Decimal.Estimate: a score with a lower estimate
// is not the highest, and only needs to be counted. The bound is -Inf if every
// score is needed.
func (s *Scanner) threshold(kind json.Kind) float64 {
	ranks := s.ranks()
	if ranks.n == 0 || s.place != inRow && s.list.kind != kind || s.options.needsAll() || s.options.Margins {
		return math.Inf(-1)
	}
	return ranks.top - math.Abs(ranks.top)*json.Tolerance
}

// skimComma reads the comma before the next member of a list, or the end of a
// list and the beginning of the next, and returns the position behind, or 0.
func (s *Scanner) skimComma(w json.Window, at int, kind json.Kind) (after int, isNewList bool) {
	at = w.AfterSpace(at)
	if w.Byte(at) == ']' && s.place == inPrediction {
		isNewList = true
		at = w.AfterSpace(at + 1)
	}
	if w.Byte(at) != ',' {
		return 0, false
	}
	at = w.AfterSpace(at + 1)
	if !isNewList {
		return at, false
	}
	if w.Byte(at) != '[' {
		return 0, false
	}
	s.endList()
	s.list.acceptKind(kind)
	return at + 1, true
}

// skimClosings reads the end of a list and the brackets behind, up to the end
// of the reply, and returns the position after them, or 0.
func (s *Scanner) skimClosings(w json.Window, at int) (end int) {
	for {
		at = w.AfterSpace(at)
		switch c := w.Byte(at); {
		case c == ']' && s.place == inPrediction:
			s.endList()
			s.place = inPredictions
		case c == ']' && s.place == inPredictions:
			s.endPredictions()
		case c == '}' && s.place == inReply:
			s.endReply()
		default:
			return end
		}
		s.json.CloseContainer()
		at++
		end = at
	}
}
