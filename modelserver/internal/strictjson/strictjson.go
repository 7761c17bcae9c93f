// Package strictjson reads JSON objects from callers. It refuses texts with broken characters, which encoding/json would change
// silently. No error quotes the body.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/moodring/moodring/modelserver/internal/problem"
)

// maxValues limits the values of a body: a parsed value takes far more memory than the two bytes that it may have in the body. A
// request with the largest number of texts has a tenth of this.
const maxValues = 16384

// Object returns the members of a JSON object, by their exact names. Of two members with the same name the last counts.
func Object(body []byte) (map[string]json.RawMessage, error) {
	if err := check(body); err != nil {
		return nil, err
	}
	if bytes.Count(body, comma) >= maxValues && values(body) > maxValues {
		return nil, problem.New(problem.TooLarge, "the body has more than %d values; send fewer texts at once", maxValues)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil || members == nil {
		return nil, explain(err)
	}
	return members, nil
}

var comma = []byte{','}

// values returns the number of commas outside strings, plus one.
func values(body []byte) int {
	count, inside := 1, false
	for at := 0; at < len(body); at++ {
		switch {
		case body[at] == '"':
			inside = !inside
		case inside && body[at] == '\\':
			at++
		case !inside && body[at] == ',':
			count++
		}
	}
	return count
}

// explain returns an error with the position of err alone: the message of err quotes the body.
func explain(err error) error {
	if syntax := new(json.SyntaxError); errors.As(err, &syntax) {
		return fmt.Errorf("the body is not JSON (byte %d)", syntax.Offset)
	}
	return errors.New("the body is not a JSON object")
}

// check refuses bytes outside UTF-8 and halves of surrogate pairs: encoding/json would make U+FFFD of both.
func check(body []byte) error {
	if !utf8.Valid(body) {
		return errors.New("the body is not UTF-8")
	}
	for at := 0; ; {
		next := bytes.IndexByte(body[at:], '\\')
		if next < 0 || at+next+1 >= len(body) {
			return nil
		}
		at += next
		if body[at+1] != 'u' {
			at += 2
			continue
		}
		unit, ok := escape(body[at:])
		if !ok {
			return nil // the JSON parser gives the error
		}
		if !utf16.IsSurrogate(unit) {
			at += 6
			continue
		}
		if second, ok := escape(body[at+6:]); !ok || utf16.DecodeRune(unit, second) == utf8.RuneError {
			return fmt.Errorf("the body has half of a surrogate pair (byte %d); write the character whole", at)
		}
		at += 12
	}
}

// escape reads \uXXXX.
func escape(s []byte) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(s[2:6]), 16, 16)
	return rune(unit), err == nil
}

// Write returns compact JSON as KServe writes it: without a final newline and without HTML escapes.
func Write(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}
