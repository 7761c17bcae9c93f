package answer

import (
	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/json"
)

// Scanner reads one KServe V1 predict reply at a time:
//
//	{"predictions": [[{"label": "joy", "score": 0.98}, ...], ...]}
//
// The members of predictions are one prediction each: a list of scored labels,
// of which the highest counts and the first of equals; a single one; or a plain
// string. An object in the place of the list is a single prediction. Of members
// that stand twice in an object the last counts, as in encoding/json.
//
// Source: KServe, docs/modelserving/data_plane/v1_protocol, and the replies of
// Hugging Face's text-classification pipelines.
type Scanner struct {
	json    json.Reader
	answers Answers
	options *Options

	place    place
	skipped  int // levels inside a value that is none of ours
	at       member
	isListed bool // predictions was there
	isSound  bool // and no value in it so far has another shape than the above
	answered int

	owner     place // where the scored label stands
	candidate scored
	best      scored
}

// place is the level of a reply at which the next value stands.
type place uint8

const (
	atReply       place = iota // the reply itself
	inReply                    // a member of the reply
	inPredictions              // a member of predictions
	inPrediction               // a member of one prediction's list
	inScored                   // a member of a scored label
)

// member is the key before a value, if it is one we know.
type member uint8

const (
	otherMember member = iota
	predictionsMember
	labelMember
	scoreMember
)

// scored is a label with its score.
type scored struct {
	label    contract.Text
	score    float64
	hasLabel bool
	isScored bool
	badScore bool // it is of another type, or past the range of a float64
}

func (s *scored) reset() { s.hasLabel, s.isScored, s.badScore, s.score = false, false, false, 0 }

func (s *scored) beats(best *scored) bool {
	switch {
	case !best.hasLabel:
		return true
	case s.isScored != best.isScored:
		return s.isScored
	}
	return s.score > best.score
}

// Reset makes the scanner ready for a reply whose answers go to answers. The
// options stay as they are until the reply's end.
func (s *Scanner) Reset(_ Reply, options *Options, answers Answers) {
	s.options = options
	s.json.Reset((*visitor)(s))
	s.answers = answers
	s.place, s.skipped, s.at = atReply, 0, otherMember
	s.isListed, s.isSound, s.answered = false, true, 0
}

// Write takes the next piece of the reply's body.
func (s *Scanner) Write(piece []byte) { s.json.Write(piece) }

// Close ends the reply and returns its outcome: OutcomeCounted,
// OutcomeNoPredictions, OutcomeUnparsed or OutcomeTruncated. Answers are to be
// counted with OutcomeCounted only.
func (s *Scanner) Close() string {
	s.json.Finish()
	switch {
	case s.json.IsBroken():
		return contract.OutcomeUnparsed
	case !s.json.IsComplete():
		return contract.OutcomeTruncated
	case !s.isSound || !s.isListed:
		return contract.OutcomeUnparsed
	case s.answered == 0:
		return contract.OutcomeNoPredictions
	}
	return contract.OutcomeCounted
}

// visitor is the scanner as the JSON reader sees it.
type visitor Scanner

func (v *visitor) Key(name []byte)                    { (*Scanner)(v).key(name) }
func (v *visitor) Begin(value json.Kind) json.Capture { return (*Scanner)(v).begin(value) }
func (v *visitor) End(value json.Kind)                { (*Scanner)(v).end(value) }

func (s *Scanner) key(name []byte) {
	s.at = otherMember
	switch {
	case s.skipped > 0:
	case s.place == inReply && string(name) == "predictions":
		s.at = predictionsMember
	case s.place == inScored && string(name) == "label":
		s.at = labelMember
	case s.place == inScored && string(name) == "score":
		s.at = scoreMember
	}
}

func (s *Scanner) begin(value json.Kind) json.Capture {
	if s.skipped > 0 {
		s.skip(value)
		return json.Nothing
	}
	switch s.place {
	case inReply:
		s.beginMember(value)
	case inPredictions:
		return s.beginPrediction(value)
	case inScored:
		return s.beginScore(value)
	default: // atReply, inPrediction: an object and nothing else
		s.beginObject(value)
	}
	return json.Nothing
}

// skip leaves out a value that is none of ours, and all it holds.
func (s *Scanner) skip(value json.Kind) {
	if value == json.Object || value == json.Array {
		s.skipped++
	}
}

// refuse leaves out a value where one of another shape should stand.
func (s *Scanner) refuse(value json.Kind) {
	s.isSound = false
	s.skip(value)
}

func (s *Scanner) beginObject(value json.Kind) {
	switch {
	case value != json.Object:
		s.refuse(value)
	case s.place == atReply:
		s.place = inReply
	default:
		s.beginScored()
	}
}

func (s *Scanner) beginScored() {
	s.owner, s.place = s.place, inScored
	s.candidate.reset()
}

func (s *Scanner) beginMember(value json.Kind) {
	if s.at != predictionsMember {
		s.skip(value)
		return
	}
	s.answers.Discard()
	s.isListed, s.isSound, s.answered = true, true, 0
	switch value {
	case json.Array:
		s.place = inPredictions
	case json.Object:
		s.beginScored()
	case json.Null:
	default:
		s.refuse(value)
	}
}

func (s *Scanner) beginPrediction(value json.Kind) json.Capture {
	switch value {
	case json.Array:
		s.place = inPrediction
		s.best.reset()
	case json.Object:
		s.beginScored()
	case json.String:
		s.candidate.reset()
		return s.captureLabel()
	default:
		s.refuse(value)
	}
	return json.Nothing
}

// beginScore takes a member of a scored label. What an earlier one of the same
// name was no longer matters.
func (s *Scanner) beginScore(value json.Kind) json.Capture {
	s.skip(value)
	switch s.at {
	case labelMember:
		if s.candidate.hasLabel = value == json.String; s.candidate.hasLabel {
			return s.captureLabel()
		}
	case scoreMember:
		s.candidate.isScored, s.candidate.score = false, 0
		s.candidate.badScore = value != json.Number && value != json.Null
		if value == json.Number {
			return json.Digits
		}
	}
	return json.Nothing
}

func (s *Scanner) captureLabel() json.Capture {
	s.candidate.hasLabel = true
	s.json.Text = &s.candidate.label
	return json.Text
}

func (s *Scanner) end(value json.Kind) {
	isContainer := value == json.Object || value == json.Array
	switch {
	case s.skipped > 0:
		if isContainer {
			s.skipped--
		}
	case isContainer:
		s.endContainer()
	case value == json.Number && s.place == inScored && s.at == scoreMember:
		s.endScore()
	case value == json.String && s.place == inPredictions:
		s.answer(&s.candidate)
	}
}

func (s *Scanner) endContainer() {
	switch s.place {
	case inScored:
		s.endScored()
	case inPrediction:
		if s.best.hasLabel {
			s.answer(&s.best)
		}
		s.place = inPredictions
	case inPredictions:
		s.place = inReply
	case inReply:
		s.place = atReply
	}
}

func (s *Scanner) endScored() {
	s.place = s.owner
	switch {
	case !s.candidate.hasLabel || s.candidate.badScore:
		s.isSound = false
	case s.place != inPrediction:
		s.answer(&s.candidate)
	case s.candidate.beats(&s.best):
		s.best = s.candidate
	}
}

func (s *Scanner) endScore() {
	score, ok := s.json.Float()
	s.candidate.score, s.candidate.isScored, s.candidate.badScore = score, ok, !ok
}

func (s *Scanner) answer(top *scored) {
	s.answered++
	s.answers.Answer(Prediction{Label: &top.label, Score: top.score, IsScored: top.isScored})
}
