// Package answer reads model servers' replies as they stream by and finds what
// was answered. It is pure, takes a body in pieces cut anywhere, and needs the
// same few kilobytes for a body of any size.
package answer

import "github.com/moodring/moodring/contract"

// Answers takes what a Scanner finds.
type Answers interface {
	// Answer is called once a prediction, with its label of the highest score.
	// The label is valid during the call only. A prediction without scores has
	// isScored false.
	Answer(label *contract.Text, score float64, isScored bool)

	// Discard takes back all answers of this reply so far: a later member of
	// the reply's object replaces them.
	Discard()
}

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
	json    reader
	answers Answers

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

// Reset makes the scanner ready for a reply whose answers go to answers.
func (s *Scanner) Reset(answers Answers) {
	s.json.reset(s)
	s.answers = answers
	s.place, s.skipped, s.at = atReply, 0, otherMember
	s.isListed, s.isSound, s.answered = false, true, 0
}

// Write takes the next piece of the reply's body.
func (s *Scanner) Write(piece []byte) { s.json.write(piece) }

// Close ends the reply and returns its outcome: OutcomeCounted,
// OutcomeNoPredictions, OutcomeUnparsed or OutcomeTruncated. Answers are to be
// counted with OutcomeCounted only.
func (s *Scanner) Close() string {
	s.json.finish()
	switch {
	case s.json.state == broken:
		return contract.OutcomeUnparsed
	case s.json.state != complete:
		return contract.OutcomeTruncated
	case !s.isSound || !s.isListed:
		return contract.OutcomeUnparsed
	case s.answered == 0:
		return contract.OutcomeNoPredictions
	}
	return contract.OutcomeCounted
}

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

func (s *Scanner) begin(value kind) capture {
	if s.skipped > 0 {
		s.skip(value)
		return captureNothing
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
	return captureNothing
}

// skip leaves out a value that is none of ours, and all it holds.
func (s *Scanner) skip(value kind) {
	if value == objectValue || value == arrayValue {
		s.skipped++
	}
}

// refuse leaves out a value where one of another shape should stand.
func (s *Scanner) refuse(value kind) {
	s.isSound = false
	s.skip(value)
}

func (s *Scanner) beginObject(value kind) {
	switch {
	case value != objectValue:
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

func (s *Scanner) beginMember(value kind) {
	if s.at != predictionsMember {
		s.skip(value)
		return
	}
	s.answers.Discard()
	s.isListed, s.isSound, s.answered = true, true, 0
	switch value {
	case arrayValue:
		s.place = inPredictions
	case objectValue:
		s.beginScored()
	case nullValue:
	default:
		s.refuse(value)
	}
}

func (s *Scanner) beginPrediction(value kind) capture {
	switch value {
	case arrayValue:
		s.place = inPrediction
		s.best.reset()
	case objectValue:
		s.beginScored()
	case stringValue:
		s.candidate.reset()
		return s.captureLabel()
	default:
		s.refuse(value)
	}
	return captureNothing
}

// beginScore takes a member of a scored label. What an earlier one of the same
// name was no longer matters.
func (s *Scanner) beginScore(value kind) capture {
	s.skip(value)
	switch s.at {
	case labelMember:
		if s.candidate.hasLabel = value == stringValue; s.candidate.hasLabel {
			return s.captureLabel()
		}
	case scoreMember:
		s.candidate.isScored, s.candidate.score = false, 0
		s.candidate.badScore = value != numberValue && value != nullValue
		if value == numberValue {
			return captureNumber
		}
	}
	return captureNothing
}

func (s *Scanner) captureLabel() capture {
	s.candidate.hasLabel = true
	s.json.text = &s.candidate.label
	return captureText
}

func (s *Scanner) end(value kind) {
	isContainer := value == objectValue || value == arrayValue
	switch {
	case s.skipped > 0:
		if isContainer {
			s.skipped--
		}
	case isContainer:
		s.endContainer()
	case value == numberValue && s.place == inScored && s.at == scoreMember:
		s.endScore()
	case value == stringValue && s.place == inPredictions:
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
	score, ok := s.json.float()
	s.candidate.score, s.candidate.isScored, s.candidate.badScore = score, ok, !ok
}

func (s *Scanner) answer(top *scored) {
	s.answered++
	s.answers.Answer(&top.label, top.score, top.isScored)
}
