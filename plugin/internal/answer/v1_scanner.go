package answer

import (
	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/json"
)

// A Scanner reads one reply at a time. It recognises the protocol of JSON by
// the content:
//
//   - KServe V1: {"predictions": [...]}. Each member is a prediction: a list of
//     scored labels ({"label": "joy", "score": 0.98}), a list of scores (one for
//     each class), a single scored label, a string (the label), an integer (the
//     index of a class), or an object with classes and probabilities (type object).
//     The highest score wins; of equal scores, the first. An object in the place of
//     the list is a single prediction. A list of one string or number means the
//     same as its member.
//   - A Hugging Face task: a list of scored labels, or a list of these lists.
//   - The Open Inference Protocol (V2): {"outputs": [...]} (types v2 and tensor),
//     with binary tensors after the JSON (type tail), or over gRPC (type grpc).
//
// If an object has two members of the same name, the last one counts, as in
// encoding/json.
//
// Sources: KServe, docs/modelserving/data_plane/v1_protocol; the replies of
// Hugging Face's text-classification pipelines.
type Scanner struct {
	// Shared by all JSON replies.
	json    json.Reader
	visitor Visitor
	options *Options

	// The position in the JSON.
	place    place
	skipped  int          // depth of nesting inside a skipped value; 0 outside
	lastKey  member       // the key before the value
	captured json.Capture // for the last value

	// The outcome of a V1 or task's reply.
	hasPredictions bool // the reply has predictions or outputs, or is a task's list
	isTask         bool // the reply is a Hugging Face task's list
	isValid        bool // every value so far has an accepted shape
	predictions    int  // reported so far; v2.tensor counts the predictions of outputs

	// The list of predictions of a V1 or task's reply.
	flatScores bool // a flat list holds the scores of one prediction
	instances  int  // members of the list with a prediction of their own

	// One prediction of a V1 or task's reply.
	objectPlace place // the place of the object itself
	object      object
	list        list
	class       contract.Text // the name of a class, or a label without a score

	// isElement is set if the body is an element of a V2 tensor, wrapped as the
	// only prediction of a V1 reply (type element). No other member may follow.
	isElement bool

	protocol Protocol
	v2       v2            // the outputs of a V2 reply
	grpc     grpc          // the whole of a gRPC reply
	text     contract.Text // the name of the model or its version

	// chunkEnd holds the last bytes of a chunk, with a margin, for skim.
	chunkEnd [chunkEndBytes + json.Margin]byte
}

// place is the position of the next value in a reply.
type place uint8

const (
	atReply        place = iota // the reply itself
	inReply                     // a member of the reply
	inPredictions               // a member of predictions, or of a task's list
	inPrediction                // a member of a prediction's list
	inObject                    // a member of an object
	inClass                     // a member of an object's list of classes
	inDistribution              // a member of an object's list of probabilities
	inV2                        // inside the outputs of a V2 reply
)

// member is the key before a value.
type member uint8

const (
	otherMember member = iota // any other key
	predictionsMember
	outputsMember
	modelMember
	versionMember
	labelMember
	scoreMember
	classMember        // classes or prediction
	distributionMember // probabilities or scores
	indexMember        // the index of a class
)

// Reset prepares the scanner for a reply. The options must not change before
// the end of the reply, but Visitor.Model may set them: over gRPC, only the
// reply names the model.
func (s *Scanner) Reset(protocol Protocol, options *Options, answers Visitor) {
	s.protocol = protocol
	if protocol == GRPC {
		s.grpc.reset(options, answers)
		return
	}
	s.options = options
	if s.v2.isBinary = protocol == V2; s.v2.isBinary {
		s.json.ResetPart((*jsonVisitor)(s))
	} else {
		s.json.Reset((*jsonVisitor)(s))
	}
	s.visitor = answers
	s.place, s.skipped, s.lastKey = atReply, 0, otherMember
	s.hasPredictions, s.isTask, s.isValid, s.predictions = false, false, true, 0
	s.v2.reset(options, answers, &s.json)
	s.v2.jsonBytes, s.v2.isBlank = 0, true
}

// Write reads the next chunk of the reply's body.
func (s *Scanner) Write(chunk []byte) {
	switch s.protocol {
	case GRPC:
		s.grpc.write(chunk)
	case V2:
		s.v2.write(chunk, s.json.Write(chunk))
	default:
		s.json.Write(chunk)
	}
}

// Close ends the reply and returns its outcome: OutcomeCounted,
// OutcomeNoPredictions, OutcomeUnparsed or OutcomeTruncated, and for gRPC also
// OutcomeEncoded. The caller must count the predictions with OutcomeCounted
// only.
//
// jsonBytes is the length of the JSON before binary tensors, from the header
// Inference-Header-Content-Length of a V2 reply, or 0 without this header.
func (s *Scanner) Close(jsonBytes int) string {
	if s.protocol == GRPC {
		return s.grpc.close()
	}
	s.json.Finish()
	outputs, isValid := s.v2.close()
	switch {
	case s.json.IsBroken():
		return contract.OutcomeUnparsed
	case !s.json.IsComplete() && (jsonBytes == 0 || s.v2.jsonBytes < jsonBytes):
		return contract.OutcomeTruncated
	case !s.json.IsComplete(): // the JSON is longer than the header says
		return contract.OutcomeUnparsed
	}
	if frame := s.v2.checkTail(jsonBytes); frame != contract.OutcomeCounted {
		return frame
	}
	switch {
	case !s.isValid || !s.hasPredictions || !isValid:
		return contract.OutcomeUnparsed
	case s.predictions+outputs == 0:
		return contract.OutcomeNoPredictions
	}
	return contract.OutcomeCounted
}

// jsonVisitor is the Scanner as a json.Visitor.
type jsonVisitor Scanner

func (v *jsonVisitor) Key(name []byte)       { (*Scanner)(v).key(name) }
func (v *jsonVisitor) End(value json.Kind)   { (*Scanner)(v).end(value) }
func (v *jsonVisitor) Skim(chunk []byte) int { return (*Scanner)(v).skim(chunk) }

func (v *jsonVisitor) Begin(value json.Kind) json.Capture {
	v.captured = (*Scanner)(v).begin(value)
	return v.captured
}

func (s *Scanner) key(name []byte) {
	s.lastKey = otherMember
	switch {
	case s.place == inV2:
		s.v2.key(name)
	case s.skipped > 0:
	case s.place == inReply:
		s.lastKey = replyMember(name)
	case s.place == inObject:
		s.lastKey = s.object.member(name)
	}
}

func replyMember(name []byte) member {
	switch string(name) {
	case "predictions":
		return predictionsMember
	case "outputs":
		return outputsMember
	case "model_name":
		return modelMember
	case "model_version":
		return versionMember
	}
	return otherMember
}

func (s *Scanner) begin(value json.Kind) json.Capture {
	if s.skipped > 0 {
		s.skip(value)
		return json.Ignore
	}
	switch s.place {
	case atReply:
		s.beginReply(value)
	case inReply:
		return s.beginMember(value)
	case inV2:
		return s.v2.begin(value)
	case inPredictions:
		return s.beginPrediction(value)
	case inPrediction:
		return s.beginListed(value)
	case inObject:
		return s.beginField(value)
	case inClass:
		return s.beginClass(value)
	default: // inDistribution
		return s.beginProbability(value)
	}
	return json.Ignore
}

// skip ignores a value and all values inside.
func (s *Scanner) skip(value json.Kind) {
	if isContainer(value) {
		s.skipped++
	}
}

// rejectValue skips a value without an accepted shape, and makes the reply
// unparsed.
func (s *Scanner) rejectValue(value json.Kind) json.Capture {
	s.isValid = false
	s.skip(value)
	return json.Ignore
}

func isContainer(value json.Kind) bool { return value == json.Object || value == json.Array }

func (s *Scanner) beginReply(value json.Kind) {
	switch value {
	case json.Object:
		s.place = inReply
	case json.Array:
		s.hasPredictions, s.isTask = true, true
		s.beginPredictions(Scores)
	default:
		s.rejectValue(value)
	}
}

func (s *Scanner) beginMember(value json.Kind) json.Capture {
	if s.isElement && s.hasPredictions {
		return s.rejectValue(value)
	}
	switch s.lastKey {
	case predictionsMember:
		s.discardPredictions()
		s.beginAnswers(value)
	case outputsMember:
		s.discardPredictions()
		s.beginOutputs(value)
	case modelMember, versionMember:
		if value == json.String {
			return s.capture(&s.text)
		}
		s.skip(value)
	default:
		s.skip(value)
	}
	return json.Ignore
}

// discardPredictions revokes all predictions: if several members of the reply
// hold predictions, the last member counts.
func (s *Scanner) discardPredictions() {
	s.visitor.Discard()
	s.hasPredictions, s.isValid, s.predictions = true, true, 0
	s.v2.reset(s.options, s.visitor, &s.json)
}

func (s *Scanner) beginAnswers(value json.Kind) {
	switch value {
	case json.Array:
		s.beginPredictions(Instances)
	case json.Object:
		s.beginObject()
	case json.Null:
	default:
		s.rejectValue(value)
	}
}

func (s *Scanner) beginOutputs(value json.Kind) {
	switch value {
	case json.Array:
		s.place = inV2
		s.v2.begin(value)
	case json.Null:
	default:
		s.rejectValue(value)
	}
}

// beginPredictions enters the list of predictions. usual is the default for
// Options.FlatList.
func (s *Scanner) beginPredictions(usual FlatList) {
	s.place, s.instances = inPredictions, 0
	flat := s.options.FlatList
	if flat == "" {
		flat = usual
	}
	s.flatScores = flat == Scores
	s.list.reset()
}

// beginPrediction begins a member of the list of predictions. In a flat list of
// scores, endPredictions reports the prediction.
func (s *Scanner) beginPrediction(value json.Kind) json.Capture {
	switch {
	case value == json.Object:
		s.beginObject()
	case value == json.Array:
		s.addInstance()
		s.place = inPrediction
	case value == json.String && !s.isTask:
		s.addInstance()
		return s.capture(&s.class)
	case value == json.Number && s.flatScores:
		return s.beginListed(value)
	case value == json.Number && !s.isTask:
		return json.Digits
	default:
		s.rejectValue(value)
	}
	return json.Ignore
}

// addInstance counts a prediction outside a flat list of scores. No list of
// predictions may hold both.
func (s *Scanner) addInstance() {
	s.instances++
	if s.flatScores && s.list.members > 0 {
		s.isValid = false
	}
}

// beginListed begins a member of a prediction's list.
func (s *Scanner) beginListed(value json.Kind) json.Capture {
	switch {
	case s.isTask && value != json.Object, !s.list.acceptKind(value):
		return s.rejectValue(value)
	case value == json.Object:
		s.beginObject()
	case value == json.String:
		s.list.members++
		return s.capture(&s.list.label)
	case value == json.Number:
		return json.Digits
	}
	return json.Ignore
}

func (s *Scanner) beginObject() {
	s.objectPlace, s.place = s.place, inObject
	s.object.reset()
}

// capture tells the reader to store the beginning string in text.
func (s *Scanner) capture(text *contract.Text) json.Capture {
	s.json.Text = text
	return json.Text
}

func (s *Scanner) end(value json.Kind) {
	switch {
	case s.place == inV2:
		if s.v2.end(value); s.v2.isDone() {
			s.place = inReply
		}
	case s.skipped > 0:
		if isContainer(value) {
			s.skipped--
		}
	case isContainer(value):
		s.endContainer()
	case s.captured == json.Digits:
		s.endNumber(s.json.Float())
	case s.captured == json.Text && s.place == inPredictions:
		s.addPrediction(&s.class, ranking{})
	case s.captured == json.Text && s.lastKey == modelMember:
		s.visitor.Model(&s.text)
	case s.captured == json.Text && s.lastKey == versionMember:
		s.visitor.Version(&s.text)
	}
}

func (s *Scanner) endContainer() {
	switch s.place {
	case inObject:
		s.endObject()
	case inClass:
		s.object.endClasses()
		s.place = inObject
	case inDistribution:
		s.place = inObject
	case inPrediction:
		s.endList()
		s.place = inPredictions
	case inPredictions:
		s.endPredictions()
	case inReply:
		s.place = atReply
	}
}

func (s *Scanner) endPredictions() {
	if s.flatScores && s.list.members > 0 {
		if s.instances > 0 {
			s.isValid = false
		}
		s.endList()
	}
	if s.place = inReply; s.isTask {
		s.place = atReply
	}
}

// endNumber ends a number at this place. ok is false outside the range of a
// float64.
func (s *Scanner) endNumber(number float64, ok bool) {
	switch s.place {
	case inPredictions:
		s.endFlatNumber(number, ok)
	case inPrediction:
		s.addNumber(number, ok)
	case inClass:
		s.object.setClass(number, ok, s.options)
	case inDistribution:
		s.object.addProbability(number, ok)
	case inObject:
		s.endField(number, ok)
	}
}

func (s *Scanner) endFlatNumber(number float64, ok bool) {
	if s.flatScores {
		s.addNumber(number, ok)
		return
	}
	s.addClass(number, ok)
}

// addClass reports a prediction with the class of this index.
func (s *Scanner) addClass(number float64, ok bool) {
	if !ok || !isWholeNumber(number) {
		s.isValid = false
		return
	}
	s.options.setClassName(&s.class, int(number))
	s.addPrediction(&s.class, ranking{})
}

// addNumber adds a number to a prediction's list. A single number is an index
// and not a score, so Visitor.Score gets the first number with the second.
func (s *Scanner) addNumber(number float64, ok bool) {
	if !ok {
		s.isValid = false
		return
	}
	l := &s.list
	l.members++
	if s.options.Scores && l.members > 1 {
		if l.members == 2 {
			s.scoreClass(0, l.ranks.top)
		}
		s.scoreClass(l.members-1, number)
	}
	l.ranks.add(number)
}

func (s *Scanner) scoreClass(index int, score float64) {
	s.options.setClassName(&s.class, index)
	s.visitor.Score(&s.class, score)
}

// endList reports the prediction in the list, and empties the list.
func (s *Scanner) endList() {
	l := &s.list
	switch {
	case l.members == 0:
	case l.kind != json.Number:
		s.addPrediction(&l.label, l.ranks)
	case l.members == 1:
		s.addClass(l.ranks.top, true)
	default:
		s.options.setClassName(&s.class, l.ranks.topIndex)
		s.addPrediction(&s.class, l.ranks)
	}
	l.reset()
}

// addPrediction reports a prediction.
func (s *Scanner) addPrediction(label *contract.Text, ranks ranking) {
	s.predictions++
	prediction := Prediction{Label: label, Score: ranks.top, IsScored: ranks.n > 0}
	if s.options.Margins && ranks.n > 1 {
		prediction.Margin, prediction.HasMargin = ranks.top-ranks.second, true
	}
	s.visitor.Prediction(prediction)
}
