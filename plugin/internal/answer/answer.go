// Package answer reads the replies of model servers while they pass, and
// reports their predictions to a Visitor. It does no I/O. A body arrives in
// chunks of any size, and memory use does not grow with the body.
//
// Accepted replies, and the files that read them:
//
//	{"predictions": [...]}      KServe V1                         v1_scanner.go
//	  [{"classes": ...}]        an object as prediction           v1_object.go
//	[[{"label": "joy", ...}]]   Hugging Face tasks                v1_scanner.go
//	{"choices": [...]}          models that write text            choices.go
//	data: {"choices": [...]}    the same as a stream of events    events.go
//	{"outputs": [...]}          V2 (Open Inference Protocol)      v2_json.go
//	  {"data": ["joy"]}         elements of type BYTES            v2_bytes.go
//	  bytes after the JSON      binary tensors                    v2_binary.go
//	ModelInferResponse          V2 over gRPC                      grpc.go
//
// prediction.go finds the highest score. For V2 and gRPC, v2_header.go ranks
// the outputs of a reply, and v2_tensor.go turns the elements of the best
// output into predictions.
//
// A chunk passes these functions:
//
//	ReadSingle                   v1_fast.go: a whole reply with one prediction; or
//	Scanner.Write
//	  json.Reader.Write          for REST and V2
//	    Scanner.skim             v1_skim.go, v2_skim.go: values in the usual spelling; or
//	    Scanner.key, begin, end  v1_scanner.go: any JSON, by its place handed on to
//	                             v1_object.go, or to v2.key, begin, end (v2_json.go)
//	  Scanner.writeEvents        for a stream: lines with an event's JSON, for the same functions
//	  v2.write, tail.write       for V2: the bytes after the JSON
//	  grpc.write                 for gRPC: protobuf.Reader.Write calls grpc's Field methods
//	Visitor.Score, Prediction    for every prediction
//	Scanner.Close                at the end of the reply: the outcome
//
// ReadSingle and skim are shortcuts. They leave unusual spellings to the other
// functions, so a new shape of reply needs no change in the shortcuts.
package answer

import "github.com/moodring/moodring/contract"

// A Visitor receives the predictions of a reply. Arguments are valid during the
// call only.
type Visitor interface {
	// Model and Version are called with the names in the reply itself, possibly
	// after some of its predictions.
	Model(name *contract.Text)
	Version(version *contract.Text)

	// Score is called for every scored label of a prediction, the highest
	// included, before Prediction. Options.Scores turns these calls on.
	Score(label *contract.Text, score float64)

	// Prediction is called once for each prediction.
	Prediction(prediction Prediction)

	// Value is called in place of Prediction for a model that answers Number.
	Value(number float64)

	// Discard revokes all scores and predictions of this reply so far. The
	// reply continues with their replacement.
	Discard()
}

// A Prediction is an answer of a model: the label with the highest score. Of
// equal scores, the first is the highest.
type Prediction struct {
	Label    *contract.Text
	Score    float64 // as the model gave it; not always a probability
	IsScored bool

	// Margin is the highest score minus the second highest, if Options.Margins
	// is set and there are two scores.
	Margin    float64
	HasMargin bool
}

// Options control how the replies of a model are read, and which extra values
// are reported. The zero value is useful for all shapes that need no
// configuration.
type Options struct {
	Answer    Answer   // with Unexplained, Scanner.Evidence qualifies numbers
	Threshold float64  // for Positive and Labels
	Classes   []string // names of class indices; the label of an index without a name is the index
	Output    string   // name of the V2 output, or of the object's member, to read
	FlatList  FlatList
	Scores    bool // calls Visitor.Score; for an object with probabilities, for the first 64
	Margins   bool // sets Prediction.Margin
}

// Answer is the meaning of a model's answers.
type Answer uint8

// Meanings.
const (
	Unexplained Answer = iota // the configuration does not say
	Class                     // numbers are indices of classes, rows of numbers are scores
	Positive                  // a number is the probability of class 1
	Labels                    // a prediction has any number of labels: all with Options.Threshold or more
	Number                    // a number is a value
)

// needsAll reports whether each score is needed, and not only the highest.
func (o *Options) needsAll() bool { return o.Scores || o.Answer == Labels }

// isIn reports whether a label with this score belongs to a prediction of Labels.
func (o *Options) isIn(score float64) bool { return score >= o.Threshold }

// FlatList is the meaning of a flat list of scored labels or numbers, in the
// place of a list of predictions.
type FlatList string

// Meanings of a flat list. The default is Instances for V1's predictions, and
// Scores for the reply of a Hugging Face task.
const (
	Instances FlatList = "instances" // each member is a prediction
	Scores    FlatList = "scores"    // all members belong to a single prediction
)

// Protocol is the framing of a reply.
type Protocol uint8

// Protocols.
const (
	REST Protocol = iota // JSON: KServe V1, KServe V2 or a Hugging Face task, recognised by content
	V2                   // JSON as for REST, optionally followed by binary tensors
	GRPC                 // inference.GRPCInferenceService/ModelInfer
)
