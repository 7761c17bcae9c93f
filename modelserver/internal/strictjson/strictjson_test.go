package strictjson

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestObject(t *testing.T) {
	for body, want := range map[string]string{
		`{"a":1,"b":[2]}`:          `map[a:1 b:[2]]`,
		`{"a":1,"a":2,"A":3}`:      `map[A:3 a:2]`,
		`{}`:                       `map[]`,
		`{"a":"\ud83d\ude42"}`:     `map[a:"\ud83d\ude42"]`,
		`{"a":"\\ud83d"}`:          `map[a:"\\ud83d"]`,
		`{"a":"\ud83d"}`:           `the body has half of a surrogate pair (byte 6); write the character whole`,
		`{"a":"\ud83dx"}`:          `the body has half of a surrogate pair (byte 6); write the character whole`,
		`{"a":"\ude42\ud83d"}`:     `the body has half of a surrogate pair (byte 6); write the character whole`,
		`{"a":"\ud83d\ud83d"}`:     `the body has half of a surrogate pair (byte 6); write the character whole`,
		`{"\uDC00":"secret"}`:      `the body has half of a surrogate pair (byte 2); write the character whole`,
		`{"a":"\\\\\ud83d"}`:       `the body has half of a surrogate pair (byte 10); write the character whole`,
		"{\"a\":\"secret\xff\"}":   `the body is not UTF-8`,
		"{\"a\":\"\xed\xa0\xbd\"}": `the body is not UTF-8`,
		`{"a":"\u12"}`:             `the body is not JSON (byte 11)`,
		`{"a":"\`:                  `the body is not JSON (byte 7)`,
		`{"a":secret}`:             `the body is not JSON (byte 6)`,
		`{"a":1}{"a":2}`:           `the body is not JSON (byte 8)`,
		`["secret"]`:               `the body is not a JSON object`,
		`null`:                     `the body is not a JSON object`,
		``:                         `the body is not JSON (byte 0)`,
		`{"a":[1` + strings.Repeat(",1", maxValues) + `]}`: `the body has more than 16384 values; send fewer texts at once`,
	} {
		members, err := Object([]byte(body))
		got := fmt.Sprintf("%s", members)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s gave %s, want %s", body, got, want)
		}
	}
}

// TestCommas: a comma in a string separates no values.
func TestCommas(t *testing.T) {
	for body, want := range map[string]int{`{"a":","}`: 1, `{"a":"\",","b":1}`: 2, `{"a":"\\","b":1}`: 2, `[[1,2],{"a":3,"b":"`: 4, `"\`: 1} {
		if got := values([]byte(body)); got != want {
			t.Errorf("%s has %d values, want %d", body, got, want)
		}
	}
	if _, err := Object([]byte(`{"a":"` + strings.Repeat(",", 2*maxValues) + `"}`)); err != nil {
		t.Error(err)
	}
}

// FuzzObject: a body that is let in has only whole characters, and no error quotes the body.
func FuzzObject(f *testing.F) {
	f.Add([]byte(`{"a":"\ud83d\ude42","b":["\\u"]}`))
	f.Add([]byte(`{"a":"\udc00"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		members, err := Object(body)
		if err != nil {
			if strings.Contains(err.Error(), `"`) {
				t.Fatalf("%q gave %v", body, err)
			}
			return
		}
		for _, member := range members {
			if !utf8.Valid(member) {
				t.Fatalf("%q let %q in", body, member)
			}
		}
	})
}
