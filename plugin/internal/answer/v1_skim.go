package answer

import (
	"math"

	"github.com/moodring/moodring/plugin/internal/json"
)

// Skimming is a shortcut through what models mostly answer: scored labels,
// numbers and strings that stand whole in one chunk. It takes them in few steps,
// to the same effect as begin and end, and leaves to those what it does not
// recognise: other members, escapes, unusual numbers, what a cut goes through.

// tailBytes are how many bytes at a chunk's end are copied, so that there is a
// margin behind them: what has none, and some of the scored label before it.
const chunkEndBytes = json.Margin + 64

// skim takes what it recognises from where an object, a string or a number
// begins.
func (s *Scanner) skim(chunk []byte) (taken int) {
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
		if s.place == atReply {
			return s.skimReplyStart(json.WindowOn(chunk))
		}
		if s.place == inPredictions || s.place == inPrediction && s.list.acceptKind(json.Object) {
			return s.skimChunk(chunk, json.Object)
		}
	case '"':
		if s.place == inPredictions && !s.isTask {
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

// skimBeginning takes what V1's replies begin with, up to the first member of
// the first prediction's list.
func (s *Scanner) skimReplyStart(w json.Window) (taken int) {
	if !w.Has(0) || w.Word(0) != predictionsKey[0] || w.Word(8)<<8 != predictionsKey[1]<<8 {
		return 0
	}
	at := w.AfterSpace(len(`{"predictions":`))
	if w.Byte(at) != '[' {
		return 0
	}
	s.json.OpenContainer(json.Object)
	s.json.OpenContainer(json.Array)
	s.lastKey, s.hasPredictions = predictionsMember, true
	s.beginPredictions(Instances)
	if next := w.AfterSpace(at + 1); w.Byte(next) == '[' {
		at = next
		s.json.OpenContainer(json.Array)
		s.addInstance()
		s.place = inPrediction
	}
	return at + 1
}

func (s *Scanner) acceptsNumbers() bool {
	switch s.place {
	case inDistribution:
		return true
	case inPrediction:
		return !s.isTask && s.list.acceptKind(json.Number)
	case inPredictions:
		return !s.isTask && (!s.flatScores || s.list.acceptKind(json.Number))
	}
	return false
}

// skimBoth skims the chunk, and a copy of its end, unless the list ends before.
func (s *Scanner) skimChunk(chunk []byte, kind json.Kind) (taken int) {
	list := s.place
	taken = s.skimValues(chunk, kind, false)
	if rest := chunk[taken:]; s.place == list && 0 < len(rest) && len(rest) <= chunkEndBytes {
		n := copy(s.chunkEnd[:], rest)
		clear(s.chunkEnd[n : n+json.Margin])
		taken += s.skimValues(s.chunkEnd[:n+json.Margin], kind, taken > 0 && chunk[taken-1] != '[')
	}
	return taken
}

// skimRun takes values of a kind, and the commas between them; isNext is for
// such as begin with a comma.
func (s *Scanner) skimValues(chunk []byte, kind json.Kind, isNext bool) (taken int) {
	if s.place == inV2 {
		return s.v2.skimElements(chunk, isNext)
	}
	w, enough := json.WindowOn(chunk), s.threshold(kind)
	for at := 0; w.Has(at); isNext = true {
		if isNext {
			after, isNewList := s.skimComma(w, at, kind)
			if after == 0 {
				return max(taken, s.skimClosings(w, at))
			}
			if isNewList {
				taken, enough = after, s.threshold(kind)
				after = w.AfterSpace(after)
			}
			if at = after; !w.Has(at) {
				return taken
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
			return taken
		}
		taken = at
	}
	return taken
}

var labelKey, scoreKey = json.KeyOf("label"), json.KeyOf("score")

// skimLabel takes a scored label, and returns the place behind it, or 0. One
// whose score is not enough only adds to the number of them.
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
	o.hasLabel, o.isScored, o.score, o.badScore = true, true, score, !ok
	o.label.Reset()
	o.label.AddAll(found.Text.Of(chunk))
	s.endLabelled()
	return end, s.threshold(json.Object)
}

// skimNumber takes a number, likewise.
func (s *Scanner) skimNumber(w json.Window, chunk []byte, at int, enough float64) (end int, nowEnough float64) {
	number, end := w.Decimal(at)
	if c := w.Byte(w.AfterSpace(end)); end == 0 || c != ',' && c != ']' {
		return 0, enough
	}
	if estimate, ok := number.Estimate(); !ok || estimate >= enough {
		s.endNumber(number.Float(chunk[at:end]))
		return end, s.threshold(json.Number)
	}
	s.ranks().n++
	if s.place != inDistribution {
		s.list.members++
	}
	return end, enough
}

// skimString takes a label without a score, and returns the place behind it, or
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
	s.addPrediction(&s.class, ranking{})
	return end + 1
}

// ranks returns what the scores at this place are ranked in.
func (s *Scanner) ranks() *ranking {
	if s.place == inDistribution {
		return &s.object.ranks
	}
	return &s.list.ranks
}

// enough returns a bound below which the estimate of a score of the kind says
// that it is not the highest, and all it changes is the number of them.
func (s *Scanner) threshold(kind json.Kind) float64 {
	ranks := s.ranks()
	if ranks.n == 0 || s.place != inDistribution && s.list.kind != kind || s.options.Scores || s.options.Margins {
		return math.Inf(-1)
	}
	return ranks.top - math.Abs(ranks.top)*json.Tolerance
}

// skimComma takes the comma before a list's next member, or the end of the list
// and the beginning of the next, and returns the place behind it; 0 where there
// is neither.
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

// skimEnd takes the end of a list, and what ends behind it, up to the reply
// itself, and returns the place behind it; 0 where there is none.
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
			s.place = atReply
		default:
			return end
		}
		s.json.CloseContainer()
		at++
		end = at
	}
}
