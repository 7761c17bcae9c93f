// Package answer reads model servers' replies as they stream by and finds what
// was answered. It is pure, takes a body in chunks cut anywhere, and needs the
// same few kilobytes for a body of any size.
package answer

import "github.com/moodring/moodring/contract"

// Visitor takes what a Scanner finds. What its methods are given is valid
// during the call only.
type Visitor interface {
	// Model and Version are called where the reply itself names them, which may
	// be after some of its answers.
	Model(name *contract.Text)
	Version(version *contract.Text)

	// Score is called for each scored label of a prediction, the top one too,
	// before its Prediction; with Options.Scores only.
	Score(label *contract.Text, score float64)

	// Prediction is called once a prediction.
	Prediction(prediction Prediction)

	// Discard takes back all scores and answers of this reply so far: what
	// follows replaces them.
	Discard()
}

// Prediction is one answer: the label of the highest score, the first of equals.
type Prediction struct {
	Label    *contract.Text
	Score    float64 // of the label, as the model gave it; a probability or not
	IsScored bool

	// Margin is how far the second score is below the first; with
	// Options.Margins only, and only of two scores or more.
	Margin    float64
	HasMargin bool
}

// Options say how to read a model's replies, and what else to look for. The
// zero value reads all that speaks for itself.
type Options struct {
	Classes  []string // names of class indices; the index itself where there is none
	Output   string   // the V2 output to read; empty takes what looks most like a label
	FlatList FlatList
	Scores   bool // calls Visitor.Score; of an object's probabilities, for the first 64
	Margins  bool
}

// FlatList says what a list of scored labels is that stands where one of
// predictions is expected.
type FlatList string

// What a flat list holds. By default V1's predictions hold Instances, and the
// list that is a Hugging Face task's reply holds Scores.
const (
	Instances FlatList = "instances" // a prediction each
	Scores    FlatList = "scores"    // the scores of one prediction
)

// Protocol is how a reply is framed.
type Protocol uint8

// Protocols.
const (
	REST Protocol = iota // JSON: KServe V1 and V2, Hugging Face tasks; which, its content tells
	V2                   // the same, but binary tensors may follow
	GRPC                 // inference.GRPCInferenceService/ModelInfer
)
