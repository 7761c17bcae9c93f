package token

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// piece is a text with its score, written as a list of two.
type piece struct {
	text  string
	score float64
}

// UnmarshalJSON reads ["▁the", -3.5].
func (p *piece) UnmarshalJSON(data []byte) error {
	list := bytes.TrimSpace(data)
	comma := bytes.LastIndexByte(list, ',')
	if comma < 0 || list[0] != '[' || json.Unmarshal(list[1:comma], &p.text) != nil {
		return errors.New("a piece is not a list of a text and a score")
	}
	var err error
	p.score, err = parseScore(string(bytes.TrimSpace(list[comma+1 : len(list)-1])))
	return err
}

// parseScore reads a JSON number as Rust's serde_json does. It reads the digits as an integer of 64 bits, rounds the integer to a
// float, and rounds again for the exponent. The result may be a neighbour of the nearest float. Another piece may then win.
func parseScore(text string) (float64, error) {
	digits, negative := strings.CutPrefix(text, "-")
	if digits == "" || digits[0] < '0' || digits[0] > '9' {
		return 0, errors.New("a score is not a number")
	}
	significand, exponent := uint64(0), 0
	point, full := false, false
	for i, c := range []byte(digits) {
		switch c {
		case '.':
			point, full = true, false
		case 'e', 'E':
			power, err := strconv.Atoi(digits[i+1:])
			if err != nil {
				return 0, fmt.Errorf("the exponent of the score %s is too large", text)
			}
			return scaled(text, significand, exponent+power, negative)
		default:
			digit := uint64(c - '0')
			full = full || significand > (math.MaxUint64-digit)/10
			switch {
			case !full && point:
				significand, exponent = significand*10+digit, exponent-1
			case !full:
				significand = significand*10 + digit
			case !point:
				exponent++
			}
		}
	}
	return scaled(text, significand, exponent, negative)
}

// scaled returns the significand times a power of ten.
func scaled(text string, significand uint64, exponent int, negative bool) (float64, error) {
	const largest = 308 // the largest power of ten of a float
	score := float64(significand)
	for ; exponent < -largest && score != 0; exponent += largest {
		score /= 1e308
	}
	if score != 0 && exponent > largest {
		exponent, score = largest, math.Inf(1)
	}
	if score != 0 {
		power, err := strconv.ParseFloat("1e"+strconv.Itoa(max(exponent, -exponent)), 64)
		if err != nil {
			return 0, err
		}
		if exponent >= 0 {
			score *= power
		} else {
			score /= power
		}
	}
	if math.IsInf(score, 0) {
		return 0, fmt.Errorf("the score %s is too large", text)
	}
	if negative {
		score = -score
	}
	return score, nil
}
