package answer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/moodring/moodring/contract"
)

// decode is the reference reading of a reply, by encoding/json.
func decode(options *Options, body []byte) (outcome string, answers []string) {
	if body = bytes.TrimLeft(body, white); len(body) > 0 && strings.IndexByte(":deir", body[0]) >= 0 {
		return decodeStream(options, body)
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var reply any
	if err := decoder.Decode(&reply); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return contract.OutcomeTruncated, nil
		}
		return contract.OutcomeUnparsed, nil
	}
	if _, err := decoder.Token(); err != io.EOF {
		return contract.OutcomeUnparsed, nil
	}
	reading := reference{options: options}
	if !reading.reply(tree(body)) {
		return contract.OutcomeUnparsed, nil
	}
	return reading.outcome(), reading.answers
}

// outcome returns the outcome of a reply that has been read.
func (r *reference) outcome() string {
	switch {
	case len(r.begun) > len(r.ended):
		return contract.OutcomeTruncated
	case r.answered == 0:
		return contract.OutcomeNoPredictions
	case !r.isSupported():
		return contract.OutcomeUnparsed
	}
	return contract.OutcomeCounted
}

// decodeStream is the reference reading of a stream of events.
func decodeStream(options *Options, body []byte) (outcome string, answers []string) {
	reading := reference{options: options, isStream: true, begun: map[uint64]bool{}, ended: map[uint64]bool{}}
	isValid, hasChoices := true, false
	var event []byte
	isIncomplete := true
	isStream := false
	for line := range bytes.Lines(body) {
		data, isData := bytes.CutPrefix(line, []byte("data:"))
		isStream = isStream || isData || line[0] == ':'
		data = bytes.TrimLeft(data, white)
		if isNew := !isIncomplete || len(event) == 0; isData && isNew && len(data) > 0 {
			if data[0] == '[' {
				continue
			}
			event = nil
		}
		if !isData || len(data) == 0 {
			continue
		}
		event = append(event, data...)
		var value any
		decoder := json.NewDecoder(bytes.NewReader(event))
		decoder.UseNumber()
		err := decoder.Decode(&value)
		if isIncomplete = errors.Is(err, io.ErrUnexpectedEOF); isIncomplete {
			continue
		}
		if _, end := decoder.Token(); err != nil || end != io.EOF {
			return contract.OutcomeUnparsed, nil
		}
		object, isObject := tree(event).(members)
		isValid = isValid && isObject
		for _, one := range object {
			if one.name == "choices" {
				hasChoices = true
				isValid = reading.choices(one.value) && isValid
			}
		}
	}
	switch {
	case !isStream:
		return contract.OutcomeUnparsed, nil
	case isIncomplete:
		return contract.OutcomeTruncated, nil
	case !isValid || !hasChoices:
		return contract.OutcomeUnparsed, nil
	}
	return reading.outcome(), reading.answers
}

// choices reads the choices of a reply, or of an event of a stream.
func (r *reference) choices(value any) bool {
	list, isList := value.([]any)
	isValid := isList || value == nil
	for _, one := range list {
		choice, isObject := one.(members)
		isValid = isValid && isObject
		if isObject && !r.choice(choice) {
			isValid = false
		}
	}
	return isValid
}

func (r *reference) choice(choice members) bool {
	index, reason := uint64(0), ""
	for _, one := range choice {
		number, _ := one.value.(json.Number)
		parsed, err := strconv.ParseUint(string(number), 10, 64)
		switch {
		case one.name == "index" && err == nil:
			index = parsed
		case one.name == "finish_reason":
			reason, _ = one.value.(string)
		}
	}
	isKept := index < 128
	if isKept {
		r.begun[index] = true
	}
	if reason == "" || isKept && r.isStream && r.ended[index] {
		return true
	}
	if isKept {
		r.ended[index] = true
	}
	if !slices.Contains([]string{"stop", "length", "tool_calls", "function_call", "content_filter", "abort", "error", "eos_token", "stop_sequence", "max_tokens"}, reason) {
		reason = "other"
	}
	return r.answer(reason, nil)
}

// members are the members of an object, in the order of the document.
type members []pair

type pair struct {
	name  string
	value any
}

// get returns the last member of this name.
func (m members) get(name string) (value any, ok bool) {
	for _, one := range m {
		if one.name == name {
			value, ok = one.value, true
		}
	}
	return value, ok
}

// tree decodes a valid document, with objects as members.
func tree(body []byte) any {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	return subtree(decoder, next(decoder))
}

func next(decoder *json.Decoder) json.Token {
	token, err := decoder.Token()
	if err != nil {
		panic(err)
	}
	return token
}

func subtree(decoder *json.Decoder, token json.Token) any {
	switch token {
	case json.Delim('{'):
		object := members{}
		for decoder.More() {
			name := next(decoder).(string)
			object = append(object, pair{name, subtree(decoder, next(decoder))})
		}
		next(decoder)
		return object
	case json.Delim('['):
		list := []any{}
		for decoder.More() {
			list = append(list, subtree(decoder, next(decoder)))
		}
		next(decoder)
		return list
	}
	return token
}

// A reference collects the predictions of a reply. Its methods return false for
// values of any other shape than the accepted ones.
type reference struct {
	options   *Options
	answers   []string
	answered  int
	found     unexplained
	isElement bool
	isFinal   bool // see outputs

	isStream     bool
	begun, ended map[uint64]bool // choices, by their index
	names        []string        // of the classes in a row

	isTail         bool   // binary tensors may follow the JSON
	tail           []byte // the tensors not read yet
	tensors        []byte // all of the tensors
	isTruncated    bool   // the tensors are shorter than the JSON says
	hasInvalidUTF8 bool   // an element is not UTF-8; only encoding/json replaces the bytes
}

// unexplained says which numbers without an explanation a reply has.
type unexplained struct {
	single, class, noClass            bool
	row, distribution, noDistribution bool
}

func (u unexplained) or(other unexplained) unexplained {
	return unexplained{
		u.single || other.single, u.class || other.class, u.noClass || other.noClass,
		u.row || other.row, u.distribution || other.distribution, u.noDistribution || other.noDistribution,
	}
}

func (r *reference) isSupported() bool {
	n := r.found
	return (!n.single || n.class && !n.noClass) && (!n.row || n.distribution && !n.noDistribution)
}

func (r *reference) forget() {
	r.answers, r.answered, r.found = nil, 0, unexplained{}
	r.begun, r.ended = map[uint64]bool{}, map[uint64]bool{}
}

// replace forgets all predictions for those of a later member of the reply.
func (r *reference) replace() {
	r.forget()
	r.tail, r.isTruncated = r.tensors, false
}

func (r *reference) wanted() string {
	if r.isElement {
		return ""
	}
	return r.options.Output
}

func (r *reference) isLabels() bool { return r.options.Answer == Labels }

// add adds a prediction.
func (r *reference) add(line string) bool {
	r.answered++
	r.answers = append(r.answers, line)
	return true
}

// answer adds a prediction with a label.
func (r *reference) answer(label string, scores []float64) bool {
	if r.options.Answer == Number {
		return false
	}
	if len(scores) == 0 {
		return r.add(asText(label))
	}
	at := top(scores)
	line := fmt.Sprintf("%s %v", asText(label), scores[at])
	if r.options.Margins && len(scores) > 1 {
		second := math.Inf(-1)
		for i, score := range scores {
			if i != at {
				second = max(second, score)
			}
		}
		line += fmt.Sprintf(" by %v", scores[at]-second)
	}
	return r.add(line)
}

// score adds a score of a label, and the label if the prediction may have any
// number of labels.
func (r *reference) score(label string, score float64) {
	if r.options.Scores {
		r.answers = append(r.answers, fmt.Sprintf("score %s %v", asText(label), score))
	}
	if r.isLabels() && score >= r.options.Threshold {
		r.add(fmt.Sprintf("%s %v", asText(label), score))
	}
}

func top(scores []float64) (at int) {
	for i, score := range scores {
		if score > scores[at] {
			at = i
		}
	}
	return at
}

func (r *reference) class(index int) string {
	if index >= 0 && index < len(r.options.Classes) {
		return r.options.Classes[index]
	}
	return strconv.Itoa(index)
}

func (r *reference) flag(is bool) string {
	if index := map[bool]int{true: 1}[is]; index < len(r.options.Classes) {
		return r.options.Classes[index]
	}
	return strconv.FormatBool(is)
}

func isWholeFloat(value float64) bool {
	return value == math.Floor(value) && math.Abs(value) < 1<<53
}

// single reads a prediction that is one number.
func (r *reference) single(value float64, isDecimal, isColumn bool) bool {
	isWhole := isWholeFloat(value)
	switch r.options.Answer {
	case Number:
		return r.add(fmt.Sprint("value ", value))
	case Positive:
		return r.positive(value)
	case Class, Labels:
		return isWhole && r.add(r.class(int(value)))
	}
	r.found.single = true
	switch {
	case !isWhole || value < -1 || value > 1000 || isDecimal && isColumn:
		r.found.noClass = true
	case !isDecimal || value <= 1:
		r.found.class = true
	}
	return r.add(r.class(int(value)))
}

func (r *reference) positive(value float64) bool {
	if value < 0 || value > 1 {
		return false
	}
	r.score(r.class(0), 1-value)
	r.score(r.class(1), value)
	class := 1
	if value < r.options.Threshold {
		class, value = 0, 1-value
	}
	line := fmt.Sprintf("%s %v", asText(r.class(class)), value)
	if r.options.Margins {
		line += fmt.Sprintf(" by %v", value-(1-value))
	}
	return r.add(line)
}

// judge finds out whether scores are a distribution.
func (r *reference) judge(scores []float64, areNamed bool) (isDistribution, isUnknown bool) {
	if r.options.Answer != Unexplained {
		return true, false
	}
	sum, isOutside, falls := 0.0, len(scores) > 1001, true
	for i, score := range scores {
		sum += score
		isOutside = isOutside || score < 0 || score > 1
		falls = falls && (i == 0 || score < scores[i-1]-1e-11)
	}
	switch {
	case isOutside:
		r.found.noDistribution = true
	case areNamed && falls && len(scores) > 2 && sum < 1-0.0100001:
		isUnknown = true
	case math.Abs(sum-1) > 0.0100001:
		r.found.noDistribution = true
	case sum == 1 && slices.Max(scores) == 1, !areNamed && falls && len(scores) > 4:
		isUnknown = true
	default:
		isDistribution = true
	}
	r.found.row = true
	r.found.distribution = r.found.distribution || isDistribution
	return isDistribution, isUnknown
}

// row reads a row with a score for each class.
func (r *reference) row(scores []float64, isExplained bool) bool {
	switch {
	case r.isLabels():
		return true
	case r.options.Answer == Number:
		return false
	case !isExplained:
		r.judge(scores, false)
	}
	return r.answer(r.column(top(scores)), scores)
}

func (r *reference) scores(scores []float64) {
	for i, score := range scores {
		r.score(r.column(i), score)
	}
}

func (r *reference) reply(reply any) bool {
	switch reply := reply.(type) {
	case members:
		return r.replyObject(reply)
	case []any:
		return r.task(reply)
	}
	return false
}

// A replyState is the state of a reply after some of its members.
type replyState struct {
	isValid, hasAnswer, hasNodes bool
	bare                         fields // the reply as a prediction
}

func (r *reference) replyObject(reply members) bool {
	state := replyState{isValid: true, bare: fields{isBare: true}}
	for _, one := range reply {
		if r.isElement && state.hasAnswer {
			return false
		}
		switch one.name {
		case "predictions":
			r.replace()
			state = replyState{isValid: r.predictions(one.value), hasAnswer: true}
		case "outputs":
			r.replace()
			state = replyState{isValid: r.outputs(one.value, false), hasAnswer: true}
		case "choices":
			r.replace()
			state = replyState{isValid: r.choices(one.value), hasAnswer: true}
		case "model_name", "modelName", "model", "model_version", "modelVersion":
		default:
			if !state.hasAnswer || state.hasNodes {
				r.otherMember(&state, one)
			}
		}
	}
	if !state.hasAnswer {
		return r.object(&state.bare)
	}
	return state.isValid
}

func (r *reference) otherMember(state *replyState, one pair) {
	_, isList := one.value.([]any)
	object, isObject := one.value.(members)
	role := otherMember
	if !state.hasNodes && one.name != "data" {
		role = state.bare.role(one.name, r.wanted())
	}
	isPrediction := one.name == "prediction" && role == labelMember
	switch {
	case !state.hasNodes && (isList && (isPrediction || one.name == "data") || isObject && isPrediction):
		r.replace()
		state.isValid, state.hasAnswer = r.predictions(one.value), true
	case isObject && !isScore([]byte(one.name)):
		r.node(state, object)
	case state.hasNodes || one.name == "data":
	default:
		r.field(&state.bare, role, one)
	}
}

// node reads a reply inside of the reply.
func (r *reference) node(state *replyState, node members) {
	defer r.setNames([]any{})
	isAnswered := false
	for _, one := range node {
		if one.name == "names" {
			r.setNames(one.value)
		}
		if !slices.Contains([]string{"predictions", "ndarray", "tensor", "outputs"}, one.name) {
			continue
		}
		if isAnswered {
			state.isValid = false
			continue
		}
		if !state.hasNodes {
			r.replace()
			state.isValid, state.hasAnswer, state.hasNodes = true, true, true
		}
		isAnswered = true
		ok := false
		switch one.name {
		case "outputs":
			ok = r.outputs(one.value, true)
		case "tensor":
			ok = r.seldonTensor(one.value)
		default:
			ok = r.predictions(one.value)
		}
		state.isValid = state.isValid && ok
	}
}

// seldonTensor reads a tensor as the only output of V2.
func (r *reference) seldonTensor(value any) bool {
	tensor, isObject := value.(members)
	output := members{{"name", r.options.Output}, {"datatype", "FP64"}}
	for _, one := range tensor {
		switch one.name {
		case "shape":
			output = append(output, one)
		case "values":
			output = append(output, pair{"data", one.value})
		}
	}
	return isObject && r.outputs([]any{output}, true)
}

// setNames sets the names of the classes in a row.
func (r *reference) setNames(value any) {
	list, isList := value.([]any)
	if !isList {
		return
	}
	r.names = nil
	for _, one := range list {
		name, isText := one.(string)
		if !isText {
			r.names = nil
			return
		}
		r.names = append(r.names, name)
	}
	if len(r.names) > 0 && r.names[0] == "t:0" {
		r.names = nil
	}
}

// column returns the name of the class of a column.
func (r *reference) column(index int) string {
	if index < kept(r.names) && len(r.options.Classes) == 0 {
		return r.names[index]
	}
	return r.class(index)
}

func (r *reference) task(list []any) bool {
	isUnknown := r.options.Answer == Unexplained
	for _, one := range list {
		switch one := one.(type) {
		case members:
		case []any:
			for _, inner := range one {
				if _, isObject := inner.(members); isUnknown && !isObject {
					return false
				}
			}
		default:
			if isUnknown {
				return false
			}
		}
	}
	return r.batch(list, r.options.FlatList != Instances)
}

func (r *reference) predictions(predictions any) bool {
	switch predictions := predictions.(type) {
	case nil:
		return true
	case members:
		return r.prediction(predictions)
	case []any:
		return r.batch(predictions, r.options.FlatList == Scores)
	case string, bool, json.Number:
		return r.scalar(predictions)
	}
	return false
}

// scalar reads a prediction that is a string, a number, true or false.
func (r *reference) scalar(value any) bool {
	switch value := value.(type) {
	case string:
		return r.answer(value, nil)
	case bool:
		return r.answer(r.flag(value), nil)
	case json.Number:
		number, err := value.Float64()
		return err == nil && r.single(number, isDecimal(value), false)
	}
	return false
}

func isDecimal(number json.Number) bool { return strings.ContainsAny(string(number), ".eE") }

// batch reads a list of predictions. isFlat is set if its numbers and scored
// labels belong to one prediction.
func (r *reference) batch(list []any, isFlat bool) bool {
	var flat []any
	for _, one := range list {
		switch one := one.(type) {
		case members:
			fields := r.fields(one)
			fields.isMember = true
			switch {
			case isFlat && fields.isLabelled():
				flat = append(flat, one)
			case !r.object(fields):
				return false
			}
		case []any:
			if !r.list(one) {
				return false
			}
		case json.Number:
			if isFlat {
				flat = append(flat, one)
			} else if !r.scalar(one) {
				return false
			}
		default:
			if !r.scalar(one) {
				return false
			}
		}
	}
	return len(flat) == 0 || len(flat) == len(list) && r.list(flat)
}

// list reads a prediction that is a list.
func (r *reference) list(list []any) bool {
	if len(list) == 0 {
		return true
	}
	switch list[0].(type) {
	case string, bool:
		return r.texts(list)
	case json.Number:
		return r.numbers(list)
	case members:
		return r.labels(list)
	}
	return false
}

// texts reads a list of strings, or of true and false.
func (r *reference) texts(list []any) bool {
	if len(list) > 1 && !r.isLabels() {
		return false
	}
	_, areTexts := list[0].(string)
	for i, one := range list {
		switch one := one.(type) {
		case string:
			if !areTexts || !r.answer(one, nil) {
				return false
			}
		case bool:
			switch {
			case areTexts:
				return false
			case r.isLabels():
				r.score(r.class(i), indicator(one))
			case !r.answer(r.flag(one), nil):
				return false
			}
		default:
			return false
		}
	}
	return true
}

func (r *reference) numbers(list []any) bool {
	scores, ok := numbers(list)
	if !ok {
		return false
	}
	if len(scores) > 1 || r.isLabels() {
		r.scores(scores)
		return r.row(scores, false)
	}
	return r.single(scores[0], isDecimal(list[0].(json.Number)), true)
}

func numbers(list []any) (scores []float64, ok bool) {
	for _, one := range list {
		number, isNumber := one.(json.Number)
		score, err := number.Float64()
		if !isNumber || err != nil {
			return nil, false
		}
		scores = append(scores, score)
	}
	return scores, true
}

// labels reads a list of scored labels.
func (r *reference) labels(list []any) bool {
	var (
		scores []float64
		labels []string // of the scores
		first  string
	)
	for i, one := range list {
		object, isObject := one.(members)
		fields := r.fields(object)
		label, ok := fields.plainLabel(r)
		if !isObject || !fields.isLabelled() || fields.isBad(r) || !ok {
			return false
		}
		if i == 0 {
			first = label
		}
		score, isScored := fields.labelScore()
		switch {
		case isScored:
			labels, scores = append(labels, label), append(scores, score)
			r.score(label, score)
		case r.isLabels():
			r.answer(label, nil)
		}
	}
	switch {
	case r.options.Answer == Number:
		return false
	case r.isLabels():
		return true
	case len(scores) > 0:
		return r.answer(labels[top(scores)], scores)
	}
	return r.answer(first, nil)
}

// prediction reads a prediction that is an object.
func (r *reference) prediction(object members) bool { return r.object(r.fields(object)) }

// fields are the members of an object, by their meaning.
type fields struct {
	isBare   bool // the object is the reply
	isMember bool // of a list

	rank      uint8
	nextRank  uint8
	labelKind labelKind
	label     string
	number    float64
	isDecimal bool
	isColumn  bool
	names     []string

	score              float64
	isScored, badScore bool

	row            []float64
	hasRow, badRow bool
	lists          int

	named                     []float64
	namedBy                   []string
	isPMML, isNested, isMixed bool
	hasBoxes                  bool
}

func (r *reference) fields(object members) *fields {
	made := &fields{}
	for _, one := range object {
		r.field(made, made.role(one.name, r.wanted()), one)
	}
	return made
}

// role returns the meaning of a member's name.
func (f *fields) role(name, wanted string) member {
	rank := labelRank([]byte(name))
	if wanted != "" {
		rank = map[bool]uint8{true: 1}[name == wanted]
	}
	_, isPMML := cutPMML([]byte(name))
	switch {
	case rank > 0 && f.rank > 0 && rank > f.rank:
		return otherMember
	case rank > 0:
		f.nextRank = rank
		return labelMember
	case isScore([]byte(name)):
		return scoreMember
	case wanted != "" || f.isNested:
		return otherMember
	case isPMML:
		if !f.isPMML {
			f.isPMML, f.isMixed, f.named, f.namedBy = true, false, nil, nil
		}
		return pmmlMember
	}
	return namedMember
}

func (r *reference) field(f *fields, role member, one pair) {
	switch role {
	case labelMember:
		f.setLabel(r, one.value)
	case scoreMember:
		f.setScore(one.value)
	case pmmlMember:
		label, _ := cutPMML([]byte(one.name))
		f.addNamed(string(label), one.value)
	case namedMember:
		_, isList := one.value.([]any)
		f.hasBoxes = f.hasBoxes || isList && strings.HasSuffix(one.name, "boxes")
		if !f.isPMML {
			f.addNamed(one.name, one.value)
		}
	}
}

func (f *fields) setLabel(r *reference, value any) {
	if value == nil {
		if f.rank == f.nextRank {
			f.labelKind, f.rank = noLabel, 0
		}
		return
	}
	f.rank, f.labelKind, f.isColumn = f.nextRank, badLabel, false
	switch value := value.(type) {
	case string:
		f.labelKind, f.label = textLabel, value
	case bool:
		f.labelKind, f.label = textLabel, r.flag(value)
	case json.Number:
		number, err := value.Float64()
		if f.number, f.isDecimal = number, isDecimal(value); err == nil {
			f.labelKind = numberLabel
		}
	case []any:
		f.setLabels(r, value)
	}
}

func (f *fields) setLabels(r *reference, list []any) {
	f.names = nil
	if r.wanted() != "" {
		f.row, f.hasRow, f.badRow = nil, false, false
		if scores, ok := numbers(list); ok && len(list) > 0 {
			f.row, f.hasRow, f.labelKind = scores, true, noLabel
			return
		}
	}
	fractions := 0
	for _, one := range list {
		switch one := one.(type) {
		case string:
			f.names = append(f.names, one)
		case bool:
			f.names = append(f.names, r.flag(one))
		case json.Number:
			number, err := one.Float64()
			if err != nil || r.wanted() != "" {
				return
			}
			if f.number, f.isDecimal, f.isColumn = number, isDecimal(one), true; !isWholeFloat(number) {
				fractions++
			}
			f.names = append(f.names, r.class(int(number)))
		default:
			return
		}
	}
	switch {
	case len(list) == 0 || fractions > 0 && len(list) > 1:
	case len(list) > 1:
		f.labelKind = listLabel
	case f.isColumn:
		f.labelKind = numberLabel
	default:
		f.labelKind, f.label = textLabel, f.names[0]
	}
}

func (f *fields) setScore(value any) {
	f.isScored, f.badScore = false, false
	f.row, f.hasRow, f.badRow = nil, false, false
	if f.isNested {
		f.isNested, f.named, f.namedBy = false, nil, nil
	}
	switch value := value.(type) {
	case nil:
	case json.Number:
		score, err := value.Float64()
		f.score, f.isScored, f.badScore = score, err == nil, err != nil
	case []any:
		f.hasRow = true
		f.setRow(value)
	case members:
		f.isNested, f.isPMML, f.isMixed, f.named, f.namedBy = true, false, false, nil, nil
		for _, one := range value {
			f.addScoreOf(one.name, one.value)
		}
	default:
		f.badScore = true
	}
}

func (f *fields) setRow(list []any) {
	if len(list) == 1 {
		if inner, isList := list[0].([]any); isList {
			list = inner
		}
	}
	var ok bool
	f.row, ok = numbers(list)
	f.badRow = !ok
}

func (f *fields) addNamed(name string, value any) {
	list, isList := value.([]any)
	if !isList {
		f.addScoreOf(name, value)
		return
	}
	if f.lists++; f.lists == 1 && !f.hasRow {
		f.setRow(list)
	}
}

func (f *fields) addScoreOf(name string, value any) {
	number, isNumber := value.(json.Number)
	score, err := number.Float64()
	if !isNumber || err != nil {
		f.isMixed = true
		return
	}
	f.named, f.namedBy = append(f.named, score), append(f.namedBy, name)
}

func (f *fields) isLabelled() bool { return f.labelKind == textLabel || f.labelKind == numberLabel }

func (f *fields) isBad(r *reference) bool {
	return f.labelKind == badLabel || f.badScore || f.hasRow && f.badRow || f.hasBoxes && !r.isLabels()
}

// plainLabel returns the label, for an object in a list.
func (f *fields) plainLabel(r *reference) (label string, ok bool) {
	if f.labelKind == numberLabel {
		return r.class(int(f.number)), isWholeFloat(f.number)
	}
	return f.label, true
}

func (f *fields) labelScore() (score float64, isScored bool) {
	switch {
	case f.isScored:
		return f.score, true
	case f.hasRow && len(f.row) > 0:
		return slices.Max(f.row), true
	case (f.isNested || f.isPMML) && len(f.named) > 0:
		return slices.Max(f.named), true
	}
	return 0, false
}

// object reads a prediction that is an object.
func (r *reference) object(f *fields) bool {
	isNamed := len(f.named) > 0 && !f.isMixed
	switch {
	case f.isBad(r):
		return false
	case f.isLabelled():
		return r.labelled(f)
	case f.labelKind == listLabel:
		return r.labelList(f)
	case isNamed && (f.isNested || f.isPMML || f.lists == 0 && !f.hasRow && !f.isScored):
		return r.named(f)
	case len(f.row) == 1 && !f.badRow && (f.hasRow || f.lists == 1):
		return r.number(f, f.row[0])
	case len(f.row) > 0 && !f.badRow && (f.hasRow || f.lists == 1):
		return r.objectRow(f)
	case f.isScored:
		return r.number(f, f.score)
	}
	return false
}

// number reads an object with one number.
func (r *reference) number(f *fields, number float64) bool {
	return (!f.isBare || r.options.Answer != Unexplained) && r.single(number, true, true)
}

func (r *reference) labelled(f *fields) bool {
	score, isScored := f.labelScore()
	if f.labelKind == numberLabel && (!isScored || r.options.Answer == Number) {
		return r.single(f.number, f.isDecimal, f.isColumn)
	}
	label, ok := f.plainLabel(r)
	if !ok {
		return false
	}
	if f.labelKind == numberLabel && r.options.Answer == Unexplained {
		isClass := f.number >= -1 && f.number <= 1000
		r.found = r.found.or(unexplained{single: true, class: isClass, noClass: !isClass})
	}
	isRow := !f.isScored && f.hasRow && len(f.row) > 0
	switch {
	case isRow:
		r.scores(f.row[:min(len(f.row), contract.MaxLabels)])
	case isScored:
		r.score(label, score)
	}
	switch {
	case isScored && r.isLabels():
		return true
	case isScored && !f.isScored && f.hasRow && len(f.row) > 1:
		return r.answer(label, f.row)
	case isScored:
		return r.answer(label, []float64{score})
	}
	return r.answer(label, nil)
}

func (r *reference) labelList(f *fields) bool {
	isScored := f.hasRow && len(f.row) == len(f.names)
	if !isScored && (!r.isLabels() || f.hasRow && len(f.row) > 0) {
		return false
	}
	for i, name := range f.names {
		switch {
		case i >= kept(f.names):
		case isScored:
			r.score(name, f.row[i])
		default:
			r.answer(name, nil)
		}
	}
	if r.isLabels() {
		return kept(f.names) == len(f.names)
	}
	at := top(f.row)
	return at < kept(f.names) && r.answer(f.names[at], f.row)
}

func (r *reference) objectRow(f *fields) bool {
	if r.wanted() == "" && !r.judgeObject(f, f.row, false) {
		return false
	}
	return r.explained(f.row)
}

// judgeObject judges the scores of an object. A bare object gives no evidence
// against a classifier.
func (r *reference) judgeObject(f *fields, scores []float64, areNamed bool) bool {
	before := r.found
	isDistribution, isUnknown := r.judge(scores, areNamed)
	if isDistribution || !f.isBare || isUnknown && len(scores) > 2 {
		return true
	}
	r.found = before
	return false
}

func (r *reference) explained(scores []float64) bool {
	kept := scores[:min(len(scores), contract.MaxLabels)]
	r.scores(kept)
	return r.row(scores, true) && (len(kept) == len(scores) || !r.isLabels())
}

func (r *reference) named(f *fields) bool {
	isOrder := !f.isPMML && len(f.named) > 1
	for i, name := range f.namedBy {
		isOrder = isOrder && name == strconv.Itoa(i)
	}
	sum := 0.0
	for _, score := range f.named {
		sum += score
	}
	switch {
	case r.options.Answer == Number && len(f.named) > 1:
		return false
	case isOrder && r.options.Answer != Number:
		return (f.isMember || r.judgeObject(f, f.named, false)) && r.explained(f.named)
	case len(f.named) == 1:
		return r.number(f, f.named[0])
	case f.isPMML && (slices.Max(f.named) > 1 || math.Abs(sum-1) > 0.0100001):
		return false
	case !f.isPMML && !r.judgeObject(f, f.named, true):
		return false
	}
	for i, name := range f.namedBy[:kept(f.namedBy)] {
		r.score(name, f.named[i])
	}
	if r.isLabels() {
		return kept(f.namedBy) == len(f.named)
	}
	return r.answer(f.namedBy[top(f.named)], f.named)
}

// kept returns how many labels of a list a nameList keeps.
func kept(names []string) (n int) {
	bytes := 0
	for _, name := range names {
		bytes += len(name)
		var text contract.Text
		if text.AddAll([]byte(name)); n == contract.MaxLabels || bytes > 32*contract.MaxLabels || text.IsCut() {
			break
		}
		n++
	}
	return n
}

func asText(label string) string {
	var text contract.Text
	text.AddAll([]byte(label))
	return string(text.Append(nil))
}
