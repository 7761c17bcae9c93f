package answer

import (
	"math"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/ascii"
	"github.com/moodring/moodring/plugin/internal/json"
)

// An object is a prediction, or part of a prediction, written as a JSON object.
// The names of its members tell the shape:
//
//	{"label": "joy", "score": 0.98}                      a label, and its score
//	{"classes": ["joy"], "probabilities": [0.9, 0.1]}    a label, and a row of scores
//	{"labels": ["joy", "fear"], "scores": [0.9, 0.1]}    labels, and a score for each
//	{"probabilities": [0.9, 0.1]}, {"output_0": [...]}   a row of scores
//	{"joy": 0.9, "fear": 0.1}                            a score for each label
//	{"label": "joy", "probabilities": {"joy": 0.9, ...}} the same inside
//	{"0": 0.9, "1": 0.1}                                 a score for each class
//	{"Species": "joy", "Probability_joy": 0.9, ...}      PMML's scores
//	{"prediction": 12.5}, {"price": 12.5}                a number
//
// labelRank and isScore list the names for labels and scores. If an object has
// several labels, the name of the lowest rank counts. If it has several scores,
// the last counts. With a label, members of all other names are ignored, except a
// detector's boxes.
//
// A new shape needs changes in this file and in the enum member (v1_scanner.go)
// only. v1_fast.go and v1_skim.go recognise label and score, and leave an
// object with any other member to this reader.
//
// Sources: TensorFlow, canned/head.py _create_predictions; KServe,
// docs/samples/v1beta1/tensorflow; KServe, huggingfaceserver/encoder_model.py
// _process_sequence_classification; TorchServe, image_classifier.py; Hugging
// Face, zero_shot_classification.py; pypmml, model.py.
type object struct {
	_ [0]func() // no comparison; see json.Reader

	fields place // of the members: inObject or inReply

	rank      uint8 // of the label's name; 0 without a label
	nextRank  uint8 // of the current member's name, if it may be the label
	labelKind labelKind
	label     contract.Text
	number    float64 // of numberLabel
	isDecimal bool    // number has a point or an exponent
	isColumn  bool    // number is alone in a list
	names     nameList

	score    float64
	isScored bool
	badScore bool // a score or a row has another type, or a number outside the range of a float64

	row      ranking
	hasRow   bool // the row has a name of isScore, or of Options.Output
	badRow   bool
	lists    int // lists of other names
	rowDepth rowDepth
	values   scores // of the row

	named    ranking       // the members with a number
	scores   scores        // of named
	name     contract.Text // of the current member
	topName  contract.Text // of the highest number
	isOrder  bool          // each name so far is the index of its member
	isPMML   bool          // named holds the members with PMML's probabilities only
	isNested bool          // named holds the members of an object inside
	isMixed  bool          // a member that could be in named is no number

	isBoxes    bool // the name of the current member is one for boxes
	isDetector bool // a member holds boxes
}

// scores are the first scores of an object, for Visitor.Score.
type scores [contract.MaxLabels]float64

func (s *scores) set(index int, score float64) {
	if index < len(s) {
		s[index] = score
	}
}

// labelKind is the form of a label.
type labelKind uint8

const (
	noLabel labelKind = iota
	badLabel
	textLabel
	numberLabel
	listLabel
)

// rowDepth says whether the numbers of a row are in a list of their own, as in
// [[0.9, 0.1]].
type rowDepth uint8

const (
	flatRow rowDepth = iota
	inInnerRow
	afterInnerRow
)

func (o *object) reset(fields place) {
	o.fields = fields
	o.rank, o.labelKind = 0, noLabel
	o.isScored, o.badScore = false, false
	o.hasRow, o.lists = false, 0
	o.isPMML, o.isNested, o.isMixed, o.isDetector = false, false, false, false
	o.resetRow()
	o.resetNamed()
}

func (o *object) resetRow() { o.row, o.badRow, o.rowDepth = ranking{}, false, flatRow }

func (o *object) resetNamed() { o.named, o.isOrder = ranking{}, true }

// labelRank returns the rank of a label's name, or 0 for any other name.
func labelRank(name []byte) uint8 {
	switch string(name) {
	case "label":
		return 1
	case "class_name", "className":
		return 2
	case "class":
		return 3
	case "predicted_label", "predicted_class":
		return 4
	case "prediction":
		return 5
	case "labels", "classes", "displayNames":
		return 6
	}
	return 0
}

func isScore(name []byte) bool {
	switch string(name) {
	case "score", "confidence", "probability", "prob",
		"scores", "confidences", "probabilities", "probs", "predict_proba", "class_probabilities", "classProbabilities":
		return true
	}
	return false
}

// member returns the meaning of a member's name. If Options.Output is set, only
// the member of this name is a label.
func (o *object) member(name []byte, wanted string) member {
	rank := labelRank(name)
	if wanted != "" {
		if rank = 0; string(name) == wanted {
			rank = 1
		}
	}
	switch {
	case rank > 0 && (o.rank == 0 || rank <= o.rank):
		o.nextRank = rank
		return labelMember
	case rank > 0:
		return otherMember
	case isScore(name):
		return scoreMember
	case wanted != "" || o.isNested:
		return otherMember
	}
	return o.setName(name)
}

// setName keeps the name of a member that is no label and no score.
func (o *object) setName(name []byte) member {
	o.name.Reset()
	o.isBoxes = false
	if label, ok := cutPMML(name); ok && !o.isNested {
		if !o.isPMML {
			o.isPMML, o.isMixed = true, false
			o.resetNamed()
		}
		o.name.AddAll(label)
		o.isOrder = false
		return pmmlMember
	}
	_, o.isBoxes = ascii.CutSuffix(name, "boxes")
	o.name.AddAll(name)
	o.isOrder = o.isOrder && isIndex(name, o.named.n)
	return namedMember
}

// cutPMML returns the label in a name such as Probability_joy or
// probability(joy).
func cutPMML(name []byte) (label []byte, ok bool) {
	const prefix = len("probability_")
	if len(name) <= prefix || name[0]|' ' != 'p' || string(name[1:prefix-1]) != "robability" {
		return nil, false
	}
	switch name[prefix-1] {
	case '_':
		return name[prefix:], true
	case '(':
		return ascii.CutSuffix(name[prefix:], ")")
	}
	return nil, false
}

// isIndex reports whether a name is this index, as strconv writes it.
func isIndex(name []byte, index int) bool {
	var digits [20]byte
	return string(name) == string(ascii.AppendInt(digits[:0], int64(index)))
}

// beginField begins a member of an object, and forgets an earlier member of the
// same meaning.
func (s *Scanner) beginField(value json.Kind) json.Capture {
	switch s.lastKey {
	case labelMember:
		return s.beginLabel(value)
	case scoreMember:
		return s.beginScore(value)
	case namedMember, pmmlMember:
		return s.beginNamed(value)
	}
	s.skip(value)
	return json.Ignore
}

// beginLabel begins a label. A null is no label, and only replaces one of the same
// name.
func (s *Scanner) beginLabel(value json.Kind) json.Capture {
	o := &s.object
	if value == json.Null {
		if o.rank == o.nextRank {
			o.labelKind, o.rank = noLabel, 0
		}
		return json.Ignore
	}
	o.rank, o.labelKind, o.isColumn = o.nextRank, badLabel, false
	switch value {
	case json.String:
		o.labelKind = textLabel
		return s.capture(&o.label)
	case json.Number:
		o.labelKind = numberLabel
		return json.Digits
	case json.Bool:
		o.labelKind = textLabel
	case json.Array:
		o.labelKind = listLabel
		if o.names.reset(); s.wanted() != "" {
			o.hasRow = false
			o.resetRow()
		}
		s.place = inLabels
	default:
		s.skip(value)
	}
	return json.Ignore
}

// beginLabelInList begins a member of a list of labels.
func (s *Scanner) beginLabelInList(value json.Kind) json.Capture {
	switch value {
	case json.String:
		return s.capture(&s.class)
	case json.Number:
		return json.Digits
	case json.Bool:
	default:
		s.object.labelKind = badLabel
		s.skip(value)
	}
	return json.Ignore
}

// beginScore begins a score, a row of scores, or an object with a score for each
// label.
func (s *Scanner) beginScore(value json.Kind) json.Capture {
	o := &s.object
	o.isScored, o.badScore, o.hasRow = false, false, false
	if o.resetRow(); o.isNested {
		o.isNested = false
		o.resetNamed()
	}
	switch value {
	case json.Number:
		return json.Digits
	case json.Array:
		o.hasRow = true
		s.place = inRow
	case json.Object:
		o.isNested, o.isPMML, o.isMixed = true, false, false
		o.resetNamed()
		s.place = inNested
	case json.Null:
	default:
		o.badScore = true
	}
	return json.Ignore
}

// beginRow begins a member of a row of scores.
func (s *Scanner) beginRow(value json.Kind) json.Capture {
	o := &s.object
	switch {
	case o.rowDepth == afterInnerRow:
	case value == json.Number:
		return json.Digits
	case value == json.Array && o.rowDepth == flatRow && o.row.n == 0:
		o.rowDepth = inInnerRow
		return json.Ignore
	}
	o.badRow = true
	s.skip(value)
	return json.Ignore
}

// beginNamed begins a member with a name of its own: a score of this label, or
// the only row of the object.
func (s *Scanner) beginNamed(value json.Kind) json.Capture {
	o := &s.object
	o.isDetector = o.isDetector || o.isBoxes && value == json.Array && s.place != inNested
	switch {
	case o.isPMML && s.lastKey == namedMember:
	case value == json.Number:
		return json.Digits
	case value == json.Array && s.place != inNested:
		if o.lists++; o.lists == 1 && !o.hasRow {
			o.resetRow()
			s.place = inRow
			return json.Ignore
		}
	default:
		o.isMixed = true
	}
	s.skip(value)
	return json.Ignore
}

// endField ends a string, a number, true or false in an object.
func (s *Scanner) endField(value json.Kind) {
	o := &s.object
	switch {
	case value == json.Bool && s.lastKey == labelMember:
		s.options.setFlag(&o.label, s.json.Bool())
	case s.captured != json.Digits:
	default:
		number, ok := s.json.Float()
		s.endFieldNumber(number, ok)
	}
}

func (s *Scanner) endFieldNumber(number float64, ok bool) {
	o := &s.object
	switch s.lastKey {
	case labelMember:
		o.setNumber(number, ok, s.json.IsDecimal())
	case scoreMember:
		o.score, o.isScored, o.badScore = number, ok, !ok
	default:
		o.addNamed(number, ok, s.options)
	}
}

func (o *object) setNumber(number float64, ok, isDecimal bool) {
	if o.number, o.isDecimal = number, isDecimal; !ok {
		o.labelKind = badLabel
	}
}

// addNamed adds a member with a number. Its name is in o.name.
func (o *object) addNamed(number float64, ok bool, options *Options) {
	if !ok {
		o.isMixed = true
		return
	}
	if options.needsAll() && o.rank == 0 {
		if o.named.n == 0 {
			o.names.reset()
		}
		o.names.add(&o.name)
		o.scores.set(o.named.n, number)
	}
	if o.named.add(number) {
		o.topName = o.name
	}
}

// addToRow adds a score to the row.
func (o *object) addToRow(number float64, ok bool) {
	if !ok {
		o.badRow = true
		return
	}
	o.values.set(o.row.n, number)
	o.row.add(number)
}

// endLabelInList ends a member of a list of labels. A number in the list that
// Options.Output names is a score.
func (s *Scanner) endLabelInList(value json.Kind) {
	o := &s.object
	switch {
	case value == json.Number && s.captured != json.Digits:
	case value == json.Number && s.wanted() != "":
		number, ok := s.json.Float()
		o.hasRow = true
		o.addToRow(number, ok)
	case value == json.Number:
		number, ok := s.json.Float()
		s.addClassToList(number, ok)
	case value == json.Bool:
		s.options.setFlag(&s.class, s.json.Bool())
		s.addLabelToList()
	default:
		s.addLabelToList()
	}
}

// addClassToList adds the index of a class to a list of labels. A list of one
// number can also be a value.
func (s *Scanner) addClassToList(number float64, ok bool) {
	o := &s.object
	isWhole, isFirst := ok && isWholeNumber(number), o.names.n == 0
	if isWhole {
		s.options.setClassName(&s.class, int(number))
	}
	s.addLabelToList()
	o.number, o.isDecimal, o.isColumn = number, s.json.IsDecimal(), isFirst
	if !ok || !isWhole && !isFirst {
		o.labelKind = badLabel
	}
}

// addLabelToList adds s.class to a list of labels.
func (s *Scanner) addLabelToList() {
	o := &s.object
	if o.isColumn && !isWholeNumber(o.number) || o.row.n > 0 && s.wanted() != "" {
		o.labelKind = badLabel
	}
	o.isColumn = false
	if o.names.n == 0 {
		o.label = s.class
	}
	o.names.add(&s.class)
}

// endLabels ends a list of labels. A list of one label is the same as the label, and
// the list that Options.Output names can be a row of scores.
func (o *object) endLabels(isWanted bool) {
	switch {
	case o.labelKind == badLabel:
	case o.names.n == 0 && o.row.n > 0 && isWanted:
		o.labelKind = noLabel
	case o.names.n == 0:
		o.labelKind = badLabel
	case o.names.n == 1 && o.isColumn:
		o.labelKind = numberLabel
	case o.names.n == 1:
		o.labelKind = textLabel
	}
}

// endObject reports the prediction of an object, or adds its label to the list.
func (s *Scanner) endObject() {
	o := &s.object
	s.place = s.objectPlace
	isListed := s.place == inPrediction
	switch {
	case o.labelKind == badLabel || o.badScore || o.hasRow && o.badRow, o.isDetector && s.options.Answer != Labels:
		s.isValid = false
	case o.labelKind == textLabel || o.labelKind == numberLabel:
		s.endLabelled()
	case isListed:
		s.isValid = false
	case o.labelKind == listLabel:
		s.endLabelList()
	case o.named.n > 0 && !o.isMixed && (o.isNested || o.isPMML || o.lists == 0 && !o.hasRow && !o.isScored):
		s.endNamed()
	case o.row.n > 0 && !o.badRow && (o.hasRow || o.lists == 1):
		s.endRow()
	case o.isScored:
		s.endNumber(o.score)
	default:
		s.isValid = false
	}
}

// endNumber ends an object with a single number.
func (s *Scanner) endNumber(number float64) {
	if s.isBare() && s.options.Answer == Unexplained {
		s.isValid = false // see addEvidence
		return
	}
	s.addInstance()
	s.addSingle(number, true, true)
}

// addEvidence adds the evidence of an object's numbers. A reply that is an object
// itself gives no evidence against a classifier: any server's message can have
// numbers. Then addEvidence returns false.
func (s *Scanner) addEvidence(found Evidence, numbers int) bool {
	if s.isBare() && (found&NoRow != 0 || found&Probability == 0 && numbers < minNamed) {
		s.isValid = false
		return false
	}
	s.evidence |= found
	return true
}

// isBare reports whether the object is the reply itself.
func (s *Scanner) isBare() bool { return s.place == atReply && !s.isTask }

// endLabelled ends an object with a label. The label is a member of a list, or a
// prediction of its own.
func (s *Scanner) endLabelled() {
	o := &s.object
	isListed := s.place == inPrediction || s.place == inPredictions && s.flatScores
	score, isScored := o.labelScore()
	if o.labelKind == numberLabel {
		if !isListed && (!isScored || s.options.Answer == Number) {
			s.addInstance()
			s.addSingle(o.number, o.isDecimal, o.isColumn)
			return
		}
		if !isWholeNumber(o.number) {
			s.isValid = false
			return
		}
		if !isListed && s.options.Answer == Unexplained {
			s.evidence |= evidenceOfSingle(o.number, false, false)
		}
		s.options.setClassName(&o.label, int(o.number))
	}
	if isListed {
		s.isValid = s.isValid && s.list.acceptKind(json.Object)
		s.list.addLabel(&o.label, score, isScored)
	}
	isRow := isScored && !o.isScored && o.hasRow && o.row.n > 0
	if isRow && !isListed {
		s.reportValues(&o.row, &o.values)
	} else {
		s.report(&o.label, score, isScored)
	}
	if isListed || s.options.Answer == Labels {
		return
	}
	var ranks ranking
	if isScored {
		ranks.add(score)
	}
	if isRow {
		ranks = o.row
	}
	s.addInstance()
	s.addPrediction(&o.label, &ranks)
}

// labelScore returns the score of the object's label.
func (o *object) labelScore() (score float64, isScored bool) {
	switch {
	case o.isScored:
		return o.score, true
	case o.row.n > 0 && !o.badRow && o.hasRow:
		return o.row.top, true
	case (o.isNested || o.isPMML) && o.named.n > 0:
		return o.named.top, true
	}
	return 0, false
}

// endLabelList ends an object with a list of labels, and a row with a score for
// each.
func (s *Scanner) endLabelList() {
	o := &s.object
	isScored := o.row.n == o.names.n && !o.badRow && o.hasRow
	if !isScored && (s.options.Answer != Labels || o.hasRow && o.row.n > 0) {
		s.isValid = false
		return
	}
	s.addInstance()
	for i := 0; s.options.needsAll() && o.names.get(&s.class, i); i++ {
		s.report(&s.class, o.values[i], isScored)
	}
	if s.options.Answer == Labels {
		s.isValid = s.isValid && o.names.kept == o.names.n
		return
	}
	if !o.names.get(&o.label, o.row.topIndex) {
		s.isValid = false
		return
	}
	s.addPrediction(&o.label, &o.row)
}

// endRow ends an object with a row of scores.
func (s *Scanner) endRow() {
	o := &s.object
	if o.row.n == 1 {
		s.endNumber(o.row.top)
		return
	}
	if s.options.Answer == Unexplained && s.wanted() == "" && !s.addEvidence(o.row.evidence(false), o.row.n) {
		return
	}
	s.addInstance()
	s.reportRow(&o.row, &o.values)
}

// reportValues reports the first scores of a row.
func (s *Scanner) reportValues(row *ranking, values *scores) {
	for i := 0; s.options.needsAll() && i < min(row.n, len(values)); i++ {
		s.reportClass(i, values[i])
	}
}

// reportRow reports the prediction of a row with a score for each class.
func (s *Scanner) reportRow(row *ranking, values *scores) {
	s.reportValues(row, values)
	s.isValid = s.isValid && (row.n <= len(values) || s.options.Answer != Labels)
	s.addRow(row, true)
}

// endNamed ends an object with a score for each label, or with a number of any
// name.
func (s *Scanner) endNamed() {
	o := &s.object
	switch {
	case s.options.Answer == Number && o.named.n > 1:
		s.isValid = false
	case o.isOrder && o.named.n > 1 && s.options.Answer != Number:
		// In a list, the server says by the indices that these are scores. Alone, they
		// can be numbers of rows: pandas writes a column so.
		if s.place == inPredictions || s.options.Answer != Unexplained || s.addEvidence(o.named.evidence(false), o.named.n) {
			s.addInstance()
			s.reportRow(&o.named, &o.scores)
		}
	case o.named.n == 1:
		s.endNumber(o.named.top)
	case o.isPMML && (o.named.top > 1 || math.Abs(o.named.sum-1) > tolerance):
		s.isValid = false
	default:
		s.endNamedScores()
	}
}

func (s *Scanner) endNamedScores() {
	o := &s.object
	if s.options.Answer == Unexplained && !o.isPMML && !s.addEvidence(o.named.evidence(true), o.named.n) {
		return
	}
	s.addInstance()
	for i := 0; s.options.needsAll() && o.names.get(&s.class, i); i++ {
		s.report(&s.class, o.scores[i], true)
	}
	if s.options.Answer == Labels {
		s.isValid = s.isValid && o.names.kept == o.named.n
		return
	}
	s.addPrediction(&o.topName, &o.named)
}
