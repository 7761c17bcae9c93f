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

	"github.com/moodring/moodring/contract"
)

// decode is the reference reading of a reply, by encoding/json.
func decode(options *Options, body []byte) (outcome string, answers []string) {
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
	if reading.answered == 0 {
		return contract.OutcomeNoPredictions, nil
	}
	return contract.OutcomeCounted, reading.answers
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

// last returns the name that comes last in the object.
func (m members) last(names ...string) (name string) {
	for _, one := range m {
		if slices.Contains(names, one.name) {
			name = one.name
		}
	}
	return name
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
	options  *Options
	answers  []string
	answered int

	isTail         bool   // binary tensors may follow the JSON
	tail           []byte // the tensors not read yet
	isTruncated    bool   // the tensors are shorter than the JSON says
	hasInvalidUTF8 bool   // an element is not UTF-8; only encoding/json replaces the bytes
}

func (r *reference) answer(label string, scores []float64) bool {
	r.answered++
	if len(scores) == 0 {
		r.answers = append(r.answers, asText(label))
		return true
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
	r.answers = append(r.answers, line)
	return true
}

func (r *reference) score(label string, score float64) {
	if r.options.Scores {
		r.answers = append(r.answers, fmt.Sprintf("score %s %v", asText(label), score))
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

func (r *reference) reply(reply any) bool {
	switch reply := reply.(type) {
	case members:
		predictions, ok := reply.get("predictions")
		if outputs, isV2 := reply.get("outputs"); isV2 && reply.last("predictions", "outputs") == "outputs" {
			return r.outputs(outputs)
		}
		return ok && r.predictions(predictions)
	case []any:
		return r.task(reply)
	}
	return false
}

func (r *reference) task(list []any) bool {
	var flat []any
	for _, one := range list {
		switch one := one.(type) {
		case members:
			if r.options.FlatList == Instances {
				if !r.labels([]any{one}) {
					return false
				}
			} else {
				flat = append(flat, one)
			}
		case []any:
			if !r.labels(one) {
				return false
			}
		default:
			return false
		}
	}
	return r.flat(list, flat)
}

// flat reads the scores of a flat list. The whole list must consist of them.
func (r *reference) flat(list, flat []any) bool {
	return len(flat) == 0 || len(flat) == len(list) && r.list(flat)
}

func (r *reference) predictions(predictions any) bool {
	switch predictions := predictions.(type) {
	case nil:
		return true
	case members:
		return r.object(predictions)
	case []any:
		return r.batch(predictions)
	}
	return false
}

func (r *reference) batch(list []any) bool {
	var flat []any
	for _, one := range list {
		switch one := one.(type) {
		case string:
			r.answer(one, nil)
		case json.Number:
			if r.options.FlatList == Scores {
				flat = append(flat, one)
			} else if !r.index(one) {
				return false
			}
		case members:
			if _, isLabelled := one.get("label"); isLabelled && r.options.FlatList == Scores {
				flat = append(flat, one)
			} else if !r.object(one) {
				return false
			}
		case []any:
			if !r.list(one) {
				return false
			}
		default:
			return false
		}
	}
	return r.flat(list, flat)
}

func (r *reference) list(list []any) bool {
	if len(list) == 0 {
		return true
	}
	switch first := list[0].(type) {
	case string:
		return len(list) == 1 && r.answer(first, nil)
	case json.Number:
		if len(list) == 1 {
			return r.index(first)
		}
		scores, ok := numbers(list)
		if !ok {
			return false
		}
		r.distribution(scores)
		return r.answer(r.class(top(scores)), scores)
	}
	return r.labels(list)
}

func (r *reference) index(number json.Number) bool {
	index, ok := whole(number)
	return ok && r.answer(r.class(index), nil)
}

func whole(number json.Number) (int, bool) {
	value, err := number.Float64()
	return int(value), err == nil && value == math.Floor(value) && math.Abs(value) < 1<<53
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

func (r *reference) distribution(scores []float64) {
	for i, score := range scores {
		r.score(r.class(i), score)
	}
}

// labels reads a list of scored labels.
func (r *reference) labels(list []any) bool {
	var (
		scores []float64
		labels []string // of the scores
		first  string
	)
	for i, one := range list {
		object, _ := one.(members)
		value, _ := object.get("label")
		label, isString := value.(string)
		score, isScored, ok := scoreOf(object)
		if !isString || !ok {
			return false
		}
		if i == 0 {
			first = label
		}
		if isScored {
			labels, scores = append(labels, label), append(scores, score)
			r.score(label, score)
		}
	}
	switch {
	case len(scores) > 0:
		return r.answer(labels[top(scores)], scores)
	case len(list) > 0:
		return r.answer(first, nil)
	}
	return true
}

func scoreOf(object members) (score float64, isScored, ok bool) {
	value, _ := object.get("score")
	switch value := value.(type) {
	case nil:
		return 0, false, true
	case json.Number:
		score, err := value.Float64()
		return score, true, err == nil
	}
	return 0, false, false
}

// object reads a prediction that is an object.
func (r *reference) object(object members) bool {
	has := func(name string) bool { _, ok := object.get(name); return ok }
	indices, areSound := indicesOf(object)
	isEstimate, isSample := has("classes") || has("probabilities"), has("prediction")
	switch {
	case has("label"):
		return r.labels([]any{object})
	case len(indices) > 0:
		return areSound && !isEstimate && !isSample && !has("scores") && r.estimate(nil, indices)
	case isEstimate && !isSample && !has("scores"):
		classes, _ := object.get("classes")
		probabilities, _ := object.get("probabilities")
		return r.estimate(classes, probabilities)
	case isSample && !isEstimate:
		prediction, _ := object.get("prediction")
		scores, _ := object.get("scores")
		return r.estimate(prediction, scores)
	}
	return false
}

// indicesOf returns the values of members named like indices. ok is false
// unless the indices ascend from 0.
func indicesOf(object members) (values []any, ok bool) {
	ok = true
	for _, one := range object {
		if !isIndex([]byte(one.name)) {
			continue
		}
		ok = ok && one.name == strconv.Itoa(len(values))
		values = append(values, one.value)
	}
	return values, ok
}

func (r *reference) estimate(class, probabilities any) bool {
	label, hasLabel, ok := r.classOf(class)
	list, isList := probabilities.([]any)
	scores, areNumbers := numbers(list)
	switch {
	case !ok || !isList && probabilities != nil || !areNumbers || !hasLabel && len(scores) == 0:
		return false
	case !hasLabel:
		label = r.class(top(scores))
	}
	r.distribution(scores[:min(len(scores), contract.MaxLabels)])
	return r.answer(label, scores)
}

func (r *reference) classOf(class any) (label string, hasLabel, ok bool) {
	switch class := class.(type) {
	case nil:
		return "", false, true
	case string:
		return class, true, true
	case json.Number:
		index, ok := whole(class)
		return r.class(index), true, ok
	case []any:
		if len(class) != 1 {
			return "", false, false
		}
		switch class[0].(type) {
		case string, json.Number:
			return r.classOf(class[0])
		}
	}
	return "", false, false
}

func asText(label string) string {
	var text contract.Text
	text.AddAll([]byte(label))
	return string(text.Append(nil))
}
