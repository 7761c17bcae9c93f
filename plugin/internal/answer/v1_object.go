package answer

import (
	"strconv"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/json"
)

// An object is a prediction, or part of a prediction, written as a JSON object.
// The names of its members tell the shape. With a label, the other names are
// ignored:
//
//	{"label": "joy", "score": 0.98}                    Hugging Face's scored label
//	{"classes": ["joy"], "probabilities": [0.9, 0.1]}  a TensorFlow estimator; one member may be missing
//	{"prediction": 0, "scores": [0.9, 0.1]}            the TensorFlow models of KServe's samples
//	{"0": 0.9, "1": 0.1}                               KServe's huggingfaceserver, --return_probabilities
//
// A new shape needs changes in this file and in the enum member (v1_scanner.go)
// only. v1_fast.go and v1_skim.go recognise label and score, and leave an
// object with any other member to this reader.
//
// Sources: TensorFlow, canned/head.py _create_predictions; KServe,
// docs/samples/v1beta1/tensorflow; KServe, huggingfaceserver/encoder_model.py
// _process_sequence_classification.
type object struct {
	shapes shapes // of the members so far

	label    contract.Text
	hasLabel bool // label is a string
	score    float64
	isScored bool
	badScore bool // score has another type, or is outside the range of a float64

	class    contract.Text
	classes  int // number of classes in the object; must be 1 or 0
	badClass bool

	ranks          ranking // of the probabilities
	badProbability bool
	probabilities  [contract.MaxLabels]float64 // the first of the probabilities, for Visitor.Score
}

// shapes is the set of shapes to which the names of an object's members belong.
type shapes uint8

const (
	labelled  shapes = 1 << iota // label
	estimated                    // classes or probabilities
	sampled                      // prediction
	scored                       // scores, valid with prediction only
	indexed                      // indices of classes
)

func (o *object) reset() {
	o.shapes = 0
	o.hasLabel, o.isScored, o.badScore = false, false, false
	o.classes, o.badClass = 0, false
	o.ranks, o.badProbability = ranking{}, false
}

// member returns the meaning of a member's name, and adds its shape.
func (o *object) member(name []byte) member {
	switch string(name) {
	case "label":
		o.shapes |= labelled
		return labelMember
	case "score":
		return scoreMember
	case "classes":
		o.shapes |= estimated
		return classMember
	case "probabilities":
		o.shapes |= estimated
		return distributionMember
	case "prediction":
		o.shapes |= sampled
		return classMember
	case "scores":
		o.shapes |= scored
		return distributionMember
	}
	if isIndex(name) {
		return o.index(name)
	}
	return otherMember
}

func isIndex(name []byte) bool {
	for _, c := range name {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(name) > 0
}

// index checks the index of a class. The server writes a list as an object, so
// the indices must ascend from 0. This also excludes duplicates.
func (o *object) index(name []byte) member {
	if o.shapes&indexed == 0 {
		o.shapes |= indexed
		o.ranks = ranking{}
	}
	if index, err := strconv.Atoi(string(name)); err != nil || index != o.ranks.n || len(name) > 1 && name[0] == '0' {
		o.badProbability = true
	}
	return indexMember
}

// beginField begins a member of an object, and forgets an earlier member of the
// same name.
func (s *Scanner) beginField(value json.Kind) json.Capture {
	o := &s.object
	switch s.lastKey {
	case labelMember:
		if o.hasLabel = value == json.String; o.hasLabel {
			return s.capture(&o.label)
		}
	case scoreMember:
		o.isScored, o.score = false, 0
		o.badScore = value != json.Number && value != json.Null
		if value == json.Number {
			return json.Digits
		}
	case classMember:
		return s.beginClasses(value)
	case distributionMember:
		s.beginDistribution(value)
		return json.Ignore
	case indexMember:
		if value == json.Number {
			return json.Digits
		}
		o.badProbability = true
	}
	s.skip(value)
	return json.Ignore
}

// beginClasses begins the class of an estimator: a name or an index, alone or
// in a list.
func (s *Scanner) beginClasses(value json.Kind) json.Capture {
	s.object.classes, s.object.badClass = 0, false
	switch value {
	case json.Array:
		s.place = inClass
	case json.Null:
	default:
		return s.beginClass(value)
	}
	return json.Ignore
}

func (s *Scanner) beginClass(value json.Kind) json.Capture {
	o := &s.object
	if o.classes++; o.classes == 1 {
		switch value {
		case json.String:
			return s.capture(&o.class)
		case json.Number:
			return json.Digits
		}
	}
	o.badClass = true
	s.skip(value)
	return json.Ignore
}

func (o *object) setClass(number float64, ok bool, options *Options) {
	if o.badClass = !ok || !isWholeNumber(number); !o.badClass {
		options.setClassName(&o.class, int(number))
	}
}

func (o *object) endClasses() {
	if o.classes == 0 {
		o.badClass = true
	}
}

func (s *Scanner) beginDistribution(value json.Kind) {
	o := &s.object
	o.ranks, o.badProbability = ranking{}, value != json.Array && value != json.Null
	if value == json.Array {
		s.place = inDistribution
	} else {
		s.skip(value)
	}
}

func (s *Scanner) beginProbability(value json.Kind) json.Capture {
	if value == json.Number {
		return json.Digits
	}
	s.object.badProbability = true
	s.skip(value)
	return json.Ignore
}

func (o *object) addProbability(number float64, ok bool) {
	if !ok {
		o.badProbability = true
		return
	}
	if o.ranks.n < len(o.probabilities) {
		o.probabilities[o.ranks.n] = number
	}
	o.ranks.add(number)
}

// endField ends a number in an object.
func (s *Scanner) endField(number float64, ok bool) {
	o := &s.object
	switch s.lastKey {
	case scoreMember:
		o.score, o.isScored, o.badScore = number, ok, !ok
	case classMember:
		o.setClass(number, ok, s.options)
	case indexMember:
		o.addProbability(number, ok)
	}
}

func (s *Scanner) endObject() {
	s.place = s.objectPlace
	o := &s.object
	switch {
	case o.shapes&labelled != 0:
		s.endLabelled()
	case s.place == inPrediction || s.isTask:
		s.isValid = false
	default:
		s.endDistribution()
	}
}

// endLabelled ends a scored label: a member of a list, or a prediction of its
// own.
func (s *Scanner) endLabelled() {
	o := &s.object
	if !o.hasLabel || o.badScore {
		s.isValid = false
		return
	}
	if s.options.Scores && o.isScored {
		s.visitor.Score(&o.label, o.score)
	}
	if s.place == inPrediction || s.place == inPredictions && s.flatScores {
		s.isValid = s.isValid && s.list.acceptKind(json.Object)
		s.list.addLabel(&o.label, o.score, o.isScored)
		return
	}
	var ranks ranking
	if o.isScored {
		ranks.add(o.score)
	}
	s.addPrediction(&o.label, ranks)
}

// endDistribution ends an object with a class, with probabilities, or with
// both.
func (s *Scanner) endDistribution() {
	o := &s.object
	if !o.isDistribution() {
		s.isValid = false
		return
	}
	s.addInstance()
	if s.options.Scores {
		for i, probability := range o.probabilities[:min(o.ranks.n, len(o.probabilities))] {
			s.scoreClass(i, probability)
		}
	}
	label := &o.class
	if o.classes == 0 {
		s.options.setClassName(label, o.ranks.topIndex)
	}
	s.addPrediction(label, o.ranks)
}

func (o *object) isDistribution() bool {
	switch o.shapes {
	case estimated, sampled, sampled | scored, indexed:
		return !o.badClass && !o.badProbability && o.classes+o.ranks.n > 0
	}
	return false
}
