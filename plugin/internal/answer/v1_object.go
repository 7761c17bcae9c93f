package answer

import (
	"strconv"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/json"
)

// object is a prediction, or a part of one, that is given as an object. Which
// one, its members tell; a label settles it:
//
//	{"label": "joy", "score": 0.98}                    Hugging Face's scored label
//	{"classes": ["joy"], "probabilities": [0.9, 0.1]}  a TensorFlow estimator; either alone, too
//	{"prediction": 0, "scores": [0.9, 0.1]}            the TensorFlow models of KServe's samples
//	{"0": 0.9, "1": 0.1}                               KServe's huggingfaceserver, --return_probabilities
//
// Source: TensorFlow, canned/head.py _create_predictions; KServe,
// docs/samples/v1beta1/tensorflow; KServe, huggingfaceserver/encoder_model.py
// _process_sequence_classification.
type object struct {
	shapes shapes

	label    contract.Text
	hasLabel bool // and it is a string
	score    float64
	isScored bool
	badScore bool // it is of another type, or past the range of a float64

	class    contract.Text
	classes  int
	badClass bool

	ranks          ranking // of the probabilities
	badProbability bool
	probabilities  [contract.MaxLabels]float64 // the first of them
}

// shapes are the shapes of an object that its members so far speak for.
type shapes uint8

const (
	labelled  shapes = 1 << iota // label
	estimated                    // classes, probabilities
	sampled                      // prediction
	scored                       // scores, which no shape has alone
	indexed                      // class indices
)

func (o *object) reset() {
	o.shapes = 0
	o.hasLabel, o.isScored, o.badScore = false, false, false
	o.classes, o.badClass = 0, false
	o.ranks, o.badProbability = ranking{}, false
}

// member returns what the next value is, by its name.
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

// index takes a class's index. They stand in order, as the server has them from
// a list, so none stands twice.
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

// beginField takes a member of an object. What an earlier one of the same name
// was no longer matters.
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

// beginClasses takes the class of an estimator: a name or an index, or a list
// of one.
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

// endField takes a member that is a number.
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

// endLabelled takes a scored label: one of a list's, or a prediction alone.
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

// endDistribution takes a prediction that is given as a class, probabilities,
// or both.
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
