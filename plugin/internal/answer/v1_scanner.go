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
//     each class), a string (the label), a number, true or false, or an object
//     (type object). The highest score wins; of equal scores, the first. An
//     object, a string or a number in the place of the list is a single
//     prediction. A list of one member means the same as its member.
//   - {"prediction": [...]}, {"data": [...]}, {"outputs": [[...]]} and
//     {"outputs": {"output_0": [...]}} (TensorFlow Serving, by columns) are the
//     same with other names.
//   - An object alone is a single prediction.
//   - A reply in a member of the reply: {"NODE": {"predictions": [...]}, ...} of
//     an InferenceGraph, {"data": {"predictions": [...]}} of a CloudEvent,
//     {"data": {"ndarray": [...]}} and {"data": {"tensor": {...}}} of Seldon. The
//     predictions of several add up.
//   - {"choices": [...]}: a model that writes text (type choices), also as a stream of
//     events (type events).
//   - A Hugging Face task: a list of scored labels, or a list of these lists.
//   - The Open Inference Protocol (V2): {"outputs": [...]} (types v2 and tensor),
//     with binary tensors after the JSON (type tail), or over gRPC (type grpc).
//
// If an object has two members of the same name, the last one counts, as in
// encoding/json. Objects of names and scores, and replies inside of a reply, are
// exceptions: each member counts.
//
// Sources: KServe, docs/modelserving/data_plane/v1_protocol; the replies of
// Hugging Face's text-classification pipelines; TensorFlow Serving, api_rest.md;
// KServe, docs/samples/graph; CloudEvents, json-format.md; Seldon, prediction.proto.
type Scanner struct {
	// Shared by all JSON replies.
	json json.Reader
	answers

	// The position in the JSON.
	place    place
	skipped  int          // depth of nesting inside a skipped value; 0 outside
	lastKey  member       // the key before the value
	captured json.Capture // for the last value

	// The outcome of a V1 or task's reply.
	hasPredictions bool // the reply has predictions or outputs, or is a task's list
	isTask         bool // the reply is a Hugging Face task's list

	// Replies inside of the reply.
	hasNodes   bool // the predictions so far are in such replies
	isAnswered bool // the current one has predictions

	// The list of predictions of a V1 or task's reply.
	listPlace  place // the place of the list itself, or of outputs
	flatScores bool  // a flat list holds the scores of one prediction
	instances  int   // members of the list with a prediction of their own
	columns    int   // members of TensorFlow Serving's outputs that are read
	isColumn   bool  // the list is one of these

	// One prediction of a V1 or task's reply.
	objectPlace place // the place of the object itself
	object      object
	list        list
	rowNames    nameList // of the classes in a row
	choices     choices
	events      events

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
	atReply       place = iota // the reply itself
	inReply                    // a member of the reply
	inNode                     // a member of a reply inside of the reply
	inColumns                  // a member of outputs as an object
	inPredictions              // a member of predictions, or of a task's list
	inPrediction               // a member of a prediction's list
	inObject                   // a member of an object
	inNested                   // a member of an object's object of scores
	inLabels                   // a member of an object's list of labels
	inRow                      // a member of an object's row of scores
	inNames                    // a member of a node's list of names
	inChoices                  // a member of choices
	inChoice                   // a member of a choice
	inV2                       // inside the outputs of a V2 reply
)

// member is the key before a value.
type member uint8

const (
	otherMember member = iota // any other key
	predictionsMember
	batchMember // prediction, which may hold predictions or a label
	contentMember
	namesMember
	choicesMember
	indexMember // of a choice
	reasonMember
	outputsMember
	tensorMember
	columnMember
	modelMember
	versionMember
	labelMember
	scoreMember // of a score, or of scores
	namedMember // a name that is a label or nothing
	pmmlMember
)

// Reset prepares the scanner for a reply. The options must not change before
// the end of the reply, but Visitor.Model may set them: over gRPC, only the
// reply names the model.
func (s *Scanner) Reset(protocol Protocol, options *Options, visitor Visitor) {
	s.protocol = protocol
	if protocol == GRPC {
		s.grpc.reset(options, visitor)
		return
	}
	s.reset(options, visitor)
	s.events.reset()
	s.choices.reset()
	s.v2.isBinary = protocol == V2
	s.beginDocument()
	s.hasPredictions, s.isTask, s.hasNodes = false, false, false
	s.v2.reset(options, visitor, &s.json)
	s.v2.jsonBytes, s.v2.isBlank = 0, true
}

// beginDocument prepares for JSON: a reply, or an event of a stream.
func (s *Scanner) beginDocument() {
	if s.v2.isBinary {
		s.json.ResetPart((*jsonVisitor)(s))
	} else {
		s.json.Reset((*jsonVisitor)(s))
	}
	s.place, s.skipped, s.lastKey = atReply, 0, otherMember
}

// Write reads the next chunk of the reply's body.
func (s *Scanner) Write(chunk []byte) {
	switch s.protocol {
	case GRPC:
		s.grpc.write(chunk)
	case V2:
		s.v2.write(chunk, s.json.Write(chunk))
	default:
		s.writeJSON(chunk)
	}
}

// Close ends the reply and returns its outcome: OutcomeCounted,
// OutcomeNoPredictions, OutcomeUnparsed or OutcomeTruncated, and for gRPC also
// OutcomeEncoded. The caller must count the predictions with OutcomeCounted
// only, and only if the model's Evidence supports them.
//
// jsonBytes is the length of the JSON before binary tensors, from the header
// Inference-Header-Content-Length of a V2 reply, or 0 without this header.
func (s *Scanner) Close(jsonBytes int) string {
	if s.protocol == GRPC {
		return s.grpc.close()
	}
	s.json.Finish()
	s.endOutputs()
	switch {
	case s.json.IsBroken(), s.events.isOn && !s.events.isNamed:
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
	case !s.isValid || !s.hasPredictions:
		return contract.OutcomeUnparsed
	case s.choices.areOpen():
		return contract.OutcomeTruncated
	case s.predictions == 0:
		return contract.OutcomeNoPredictions
	}
	return contract.OutcomeCounted
}

// endOutputs adds the result of V2 outputs to the result of the reply.
func (s *Scanner) endOutputs() {
	predictions, isValid := s.v2.close()
	s.predictions += predictions
	s.isValid = s.isValid && isValid
	s.evidence |= s.v2.tensor.evidence
}

// Evidence returns the evidence of the reply, after Close.
func (s *Scanner) Evidence() Evidence {
	if s.protocol == GRPC {
		return s.grpc.tensor.evidence
	}
	return s.evidence
}

// HasAnswer reports whether the reply has the form of a model's answer, even if
// its meaning is unknown: whether it is complete, with predictions or outputs.
func (s *Scanner) HasAnswer() bool {
	if s.protocol == GRPC {
		return s.grpc.messages > 0 && s.grpc.outputs > 0
	}
	return s.hasPredictions && s.json.IsComplete()
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
		s.lastKey = s.replyMember(name)
	case s.place == inNode:
		s.lastKey = nodeMember(name)
	case s.place == inColumns:
		s.lastKey = s.column(name)
	case s.place == inObject:
		s.lastKey = s.object.member(name, s.wanted())
	case s.place == inNested:
		s.lastKey = s.object.setName(name)
	case s.place == inChoice:
		s.lastKey = choiceMember(name)
	}
}

// wanted returns Options.Output, which does not apply inside of an element: there
// it is the name of the element's tensor.
func (s *Scanner) wanted() string {
	if s.isElement {
		return ""
	}
	return s.options.Output
}

func (s *Scanner) replyMember(name []byte) member {
	if s.events.isOn {
		return eventMember(name)
	}
	switch string(name) {
	case "choices":
		return choicesMember
	case "predictions":
		return predictionsMember
	case "outputs":
		return outputsMember
	case "model_name", "modelName", "model":
		return modelMember
	case "model_version", "modelVersion":
		return versionMember
	case "data":
		return contentMember
	}
	found := s.object.member(name, s.wanted())
	if found == labelMember && string(name) == "prediction" {
		return batchMember
	}
	return found
}

func nodeMember(name []byte) member {
	switch string(name) {
	case "predictions", "ndarray":
		return predictionsMember
	case "outputs":
		return outputsMember
	case "tensor":
		return tensorMember
	case "names":
		return namesMember
	}
	return otherMember
}

// column returns columnMember for the output to read: the output that the options
// name, or else the only output.
func (s *Scanner) column(name []byte) member {
	wanted := s.options.Output
	if wanted != "" && string(name) != wanted {
		return otherMember
	}
	if s.columns++; s.columns > 1 {
		s.isValid = false
		return otherMember
	}
	return columnMember
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
	case inNode:
		return s.beginNodeMember(value)
	case inColumns:
		s.beginColumn(value)
	case inV2:
		return s.beginOutput(value)
	case inPredictions:
		return s.beginPrediction(value)
	case inPrediction:
		return s.beginListed(value)
	case inObject:
		return s.beginField(value)
	case inNested:
		return s.beginNamed(value)
	case inLabels:
		return s.beginLabelInList(value)
	case inNames:
		return s.beginRowName(value)
	case inChoices:
		s.beginChoice(value)
	case inChoice:
		return s.beginChoiceField(value)
	default: // inRow
		return s.beginRow(value)
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
		s.place, s.objectPlace = inReply, atReply
		s.object.reset(inReply)
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
		return s.beginAnswers(value)
	case outputsMember:
		s.discardPredictions()
		s.beginOutputs(value)
		return json.Ignore
	case choicesMember:
		s.beginChoices(value)
		return json.Ignore
	case modelMember, versionMember:
		if value == json.String {
			return s.capture(&s.text)
		}
		s.skip(value)
		return json.Ignore
	}
	return s.beginOther(value)
}

// beginOther begins a member of the reply that may be an answer, if nothing else
// is: another name for predictions, a reply, or a field of a single prediction.
func (s *Scanner) beginOther(value json.Kind) json.Capture {
	isBatch := value == json.Array && (s.lastKey == batchMember || s.lastKey == contentMember) ||
		value == json.Object && s.lastKey == batchMember
	switch {
	case s.events.isOn, s.hasPredictions && !s.hasNodes:
		s.skip(value)
	case isBatch && !s.hasNodes:
		s.discardPredictions()
		return s.beginAnswers(value)
	case value == json.Object && s.lastKey != scoreMember:
		s.place, s.isAnswered = inNode, false
	case s.hasNodes || s.lastKey == contentMember:
		s.skip(value)
	case s.lastKey == batchMember:
		s.lastKey = labelMember
		return s.beginLabel(value)
	default:
		return s.beginField(value)
	}
	return json.Ignore
}

// beginNodeMember begins a member of a reply inside of the reply.
func (s *Scanner) beginNodeMember(value json.Kind) json.Capture {
	switch {
	case s.lastKey == namesMember && value == json.Array:
		s.rowNames.reset()
		s.place, s.names = inNames, &s.rowNames
		return json.Ignore
	case s.lastKey == otherMember || s.lastKey == namesMember:
		s.skip(value)
		return json.Ignore
	}
	if s.isAnswered {
		return s.rejectValue(value)
	}
	if !s.hasNodes {
		s.discardPredictions()
	}
	s.isAnswered, s.hasNodes = true, true
	if s.lastKey == predictionsMember {
		return s.beginAnswers(value)
	}
	s.endOutputs()
	s.v2.reset(s.options, s.visitor, &s.json)
	s.v2.tensor.isFinal, s.v2.tensor.names = true, s.names
	switch {
	case s.lastKey == outputsMember:
		s.beginOutputs(value)
	case value == json.Object:
		s.listPlace, s.place = inNode, inV2
		s.v2.beginSeldon()
	default:
		s.rejectValue(value)
	}
	return json.Ignore
}

// beginRowName begins a member of a list with the names of the classes in a row.
func (s *Scanner) beginRowName(value json.Kind) json.Capture {
	if value == json.String {
		return s.capture(&s.class)
	}
	s.names = nil
	s.skip(value)
	return json.Ignore
}

// addRowName adds the name of a class. Seldon's t:0, t:1 and so on are no names.
func (s *Scanner) addRowName() {
	var buffer [contract.MaxLabelBytes]byte
	if s.rowNames.add(&s.class); s.rowNames.n == 1 && string(s.class.Append(buffer[:0])) == "t:0" {
		s.names = nil
	}
}

// discardPredictions revokes all predictions: if several members of the reply
// hold predictions, the last member counts.
func (s *Scanner) discardPredictions() {
	s.visitor.Discard()
	s.discard()
	s.choices.reset()
	s.hasPredictions, s.hasNodes = true, false
	s.v2.reset(s.options, s.visitor, &s.json)
}

// beginAnswers begins the list of predictions, or a single prediction in its
// place.
func (s *Scanner) beginAnswers(value json.Kind) json.Capture {
	s.instances, s.flatScores = 0, false
	s.list.reset()
	switch value {
	case json.Array:
		s.beginPredictions(Instances)
	case json.Object:
		s.beginObject()
	case json.String:
		return s.capture(&s.class)
	case json.Number:
		return json.Digits
	}
	return json.Ignore
}

// beginOutputs begins V2's outputs, or TensorFlow Serving's.
func (s *Scanner) beginOutputs(value json.Kind) {
	switch value {
	case json.Array:
		s.listPlace, s.place = s.place, inV2
		s.v2.begin(value)
	case json.Object:
		s.listPlace, s.place, s.columns = s.place, inColumns, 0
	case json.Null:
	default:
		s.rejectValue(value)
	}
}

// beginOutput begins a value inside of outputs. If the first is no object,
// outputs is the only tensor of TensorFlow Serving.
func (s *Scanner) beginOutput(value json.Kind) json.Capture {
	if s.v2.place != inOutputs || s.v2.outputs > 0 || value == json.Object {
		return s.v2.begin(value)
	}
	s.v2.reset(s.options, s.visitor, &s.json)
	s.place = s.listPlace
	s.beginPredictions(Instances)
	return s.beginPrediction(value)
}

// beginColumn begins an output of TensorFlow Serving.
func (s *Scanner) beginColumn(value json.Kind) {
	if s.lastKey != columnMember {
		s.skip(value)
		return
	}
	if value != json.Array {
		s.rejectValue(value)
		return
	}
	s.beginPredictions(Instances)
	s.isColumn = true
}

// beginPredictions enters the list of predictions. usual is the default for
// Options.FlatList.
func (s *Scanner) beginPredictions(usual FlatList) {
	if s.place != inColumns {
		s.listPlace = s.place
	}
	s.place, s.instances, s.isColumn = inPredictions, 0, false
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
	case s.isUnknownTask() || value == json.Null:
		s.rejectValue(value)
	case value == json.String:
		s.addInstance()
		return s.capture(&s.class)
	case value == json.Number && s.flatScores:
		return s.beginListed(value)
	case value == json.Number:
		return json.Digits
	default: // true or false
		s.addInstance()
	}
	return json.Ignore
}

// isUnknownTask reports whether only scored labels are read: a task's numbers are
// usually an embedding, and its texts are generated.
func (s *Scanner) isUnknownTask() bool { return s.isTask && s.options.Answer == Unexplained }

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
	case s.isUnknownTask() && value != json.Object, !s.list.acceptKind(value):
		return s.rejectValue(value)
	case value == json.Object:
		s.beginObject()
	case value == json.String:
		return s.capture(&s.class)
	case value == json.Number:
		return json.Digits
	}
	return json.Ignore
}

func (s *Scanner) beginObject() {
	s.objectPlace, s.place = s.place, inObject
	s.object.reset(inObject)
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
			s.place = s.listPlace
		}
	case s.skipped > 0:
		if isContainer(value) {
			s.skipped--
		}
	case isContainer(value):
		s.endContainer()
	case value != json.Null:
		s.endScalar(value)
	}
}

// endScalar ends a string, a number, true or false.
func (s *Scanner) endScalar(value json.Kind) {
	switch s.place {
	case inReply, inNode:
		s.endMember(value)
	case inPredictions:
		s.endFlat(value)
	case inPrediction:
		s.endListed(value)
	case inObject, inNested:
		s.endField(value)
	case inLabels:
		s.endLabelInList(value)
	case inNames:
		s.addRowName()
	case inChoice:
		s.endChoiceField()
	case inRow:
		if s.captured == json.Digits {
			s.object.addToRow(s.json.Float())
		}
	}
}

func (s *Scanner) endMember(value json.Kind) {
	switch s.lastKey {
	case predictionsMember:
		s.endFlat(value)
	case modelMember, versionMember:
		s.endName(value)
	case labelMember, scoreMember, namedMember, pmmlMember:
		s.endField(value)
	}
}

func (s *Scanner) endName(value json.Kind) {
	switch {
	case value != json.String:
	case s.lastKey == modelMember:
		s.visitor.Model(&s.text)
	default:
		s.visitor.Version(&s.text)
	}
}

func (s *Scanner) endContainer() {
	switch s.place {
	case inObject:
		s.endObject()
	case inNested:
		s.place = s.object.fields
	case inLabels:
		s.object.endLabels(s.wanted() != "")
		s.place = s.object.fields
	case inRow:
		if s.object.rowDepth == inInnerRow {
			s.object.rowDepth = afterInnerRow
			return
		}
		s.place = s.object.fields
	case inPrediction:
		s.endList()
		s.place = inPredictions
	case inPredictions:
		s.endPredictions()
	case inColumns:
		s.isValid = s.isValid && s.columns == 1
		s.place = s.listPlace
	case inNode:
		s.place, s.names = inReply, nil
	case inNames:
		s.place = inNode
	case inChoices:
		s.place = inReply
	case inChoice:
		s.endChoice()
	case inReply:
		s.endReply()
	}
}

// endReply ends a reply. Without predictions, the reply itself may be one.
func (s *Scanner) endReply() {
	if s.place = atReply; s.hasPredictions || s.events.isOn {
		return
	}
	s.objectPlace = atReply
	s.endObject()
	s.hasPredictions = s.isValid
}

func (s *Scanner) endPredictions() {
	if s.flatScores && s.list.members > 0 {
		if s.instances > 0 {
			s.isValid = false
		}
		s.endList()
	}
	if s.place = s.listPlace; s.isColumn {
		s.place = inColumns
	}
}

// endFlat ends a prediction that is a string, a number, true or false.
func (s *Scanner) endFlat(value json.Kind) {
	switch {
	case value == json.Bool:
		s.options.setFlag(&s.class, s.json.Bool())
		s.addPlain(&s.class)
	case s.captured == json.Text:
		s.addPlain(&s.class)
	case s.captured == json.Digits:
		number, ok := s.json.Float()
		s.endFlatNumber(number, ok, s.json.IsDecimal())
	}
}

func (s *Scanner) endFlatNumber(number float64, ok, isDecimal bool) {
	if s.flatScores {
		s.addNumber(number, ok, isDecimal)
		return
	}
	if s.isValid = s.isValid && ok; ok {
		s.addSingle(number, isDecimal, false)
	}
}

// endListed ends a member of a prediction's list: a string, a number, true or
// false.
func (s *Scanner) endListed(value json.Kind) {
	switch {
	case value == json.Bool && s.options.Answer == Labels:
		s.addNumber(indicator(s.json.Bool()), true, false)
	case value == json.Bool:
		s.options.setFlag(&s.class, s.json.Bool())
		s.list.addLabel(&s.class, 0, false)
	case s.captured == json.Text:
		s.list.addLabel(&s.class, 0, false)
		s.report(&s.class, 0, false)
	case s.captured == json.Digits:
		number, ok := s.json.Float()
		s.addNumber(number, ok, s.json.IsDecimal())
	}
}

// indicator returns the score that true or false means in a prediction of Labels.
func indicator(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// addNumber adds a number to a prediction's list. A single number is no score, so
// the first number is reported with the second.
func (s *Scanner) addNumber(number float64, ok, isDecimal bool) {
	if !ok {
		s.isValid = false
		return
	}
	l := &s.list
	if l.members++; l.members == 1 {
		l.isDecimal = isDecimal
	}
	if s.options.Answer == Labels || s.options.Scores && l.members > 1 {
		if s.options.Answer != Labels && l.members == 2 {
			s.reportClass(0, l.ranks.top)
		}
		s.reportClass(l.members-1, number)
	}
	l.ranks.add(number)
}

// endList reports the prediction in the list, and empties the list.
func (s *Scanner) endList() {
	l := &s.list
	switch {
	case l.members == 0:
	case l.kind == json.Number:
		s.endNumbers()
	case s.options.Answer == Labels: // each label has been reported
	case s.options.Answer == Number, l.members > 1 && l.kind != json.Object:
		s.isValid = false
	default:
		s.addPrediction(&l.label, &l.ranks)
	}
	l.reset()
}

// endNumbers reports the prediction of a list of numbers.
func (s *Scanner) endNumbers() {
	if l := &s.list; l.members == 1 && s.options.Answer != Labels {
		s.addSingle(l.ranks.top, l.isDecimal, true)
	} else {
		s.addRow(&l.ranks, false)
	}
}
