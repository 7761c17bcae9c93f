package answer

import (
	"math/bits"

	"github.com/moodring/moodring/plugin/internal/json"
)

// ReadSingle reads the whole body of a reply with one prediction, in the
// spelling of KServe's servers:
//
//	{"predictions":[[{"label":"joy","score":0.98},{"label":"love","score":0.01}]]}
//
// It returns the label of the highest score, the first of equals, and the
// score. The score may be cut to eight digits if its millionths, and its
// comparison with a bound of up to six digits, stay the same. ok is false for
// any other spelling or reply: then use a Scanner. If ok is true, a Scanner
// gives the same result. The capacity of body must exceed its length by
// json.Margin.
//
// Most replies of a classifier look like this, and the gateway has little time
// for each. So ReadSingle compares scores by their digits, and parses one score
// in thirty.
func ReadSingle(body []byte) (label []byte, score float64, ok bool) {
	if cap(body) < len(body)+json.Margin {
		return nil, 0, false
	}
	w := json.WindowOn(body[:len(body)+json.Margin])
	if w.Word(0) != replyStart[0] || w.Word(8) != replyStart[1] || w.Byte(16) != '[' {
		return nil, 0, false
	}
	var top, next candidate
	for at := len(`{"predictions":[[`); ; at++ {
		if at = next.read(w, at, len(body)); at == 0 {
			return nil, 0, false
		}
		switch {
		case next.isTiny:
			if top.key < tinyBound {
				return nil, 0, false
			}
		case next.key > top.key || top.scoreAt == 0:
			top = next
		case next.key == top.key && (next.isLong || top.isLong):
			return nil, 0, false
		}
		if w.Byte(at) != ',' {
			return top.parse(body, w, at)
		}
	}
}

var (
	replyStart = [2]uint64{json.WordOf(`{"predic`), json.WordOf(`tions":[`)}
	replyEnd   = json.WordOf(`]]}`)
	labelStart = [2]uint64{json.WordOf(`{"label"`), json.WordOf(`:"`)}
	scoreStart = [2]uint64{json.WordOf(`","score`), json.WordOf(`":`)}
	point      = json.WordOf(`0.`)
	exponent   = json.WordOf(`e-`)
	zeros      = json.WordOf(`00000000`)
	tinyBound  = bits.ReverseBytes64(json.WordOf("00010000")) // the key of 0.0001
)

// A candidate is a scored label, by its position in the body. The struct is
// small because Go's WebAssembly copies larger ones by a call into the engine
// (memory.copy).
type candidate struct {
	key              uint64 // the first eight digits after the score's decimal point, the first digit in the highest byte
	labelAt, scoreAt uint32 // positions of the label and of the score
	isLong           bool   // the score has more than eight digits
	isTiny           bool   // the score has an exponent, and is below 0.0001
}

// read reads the scored label at a position and returns the position behind, or
// 0 if the body does not continue with a whole scored label.
func (c *candidate) read(w json.Window, at, size int) (end int) {
	if !w.Has(at) || w.Word(at) != labelStart[0] || w.Word(at+8)&0xffff != labelStart[1] {
		return 0
	}
	from := at + len(`{"label":"`)
	to := w.EndOfRun(from)
	if !w.Has(to) || w.Word(to) != scoreStart[0] || w.Word(to+8)&0xffff != scoreStart[1] {
		return 0
	}
	number := to + len(`","score":`)
	c.labelAt, c.scoreAt = uint32(from), uint32(number)
	if w.Word(number)&0xffff == point {
		end = c.readFraction(w, number+len(`0.`))
	} else {
		end = c.readExponent(w, number)
	}
	if end == 0 || end >= size || end > number+maxScoreBytes || w.Byte(end) != '}' {
		return 0
	}
	return end + 1
}

// maxScoreBytes limits the length of a score. Models write up to 22 bytes; the
// Scanner accepts 1024.
const maxScoreBytes = 64

// readFraction reads the digits after the decimal point.
func (c *candidate) readFraction(w json.Window, at int) (end int) {
	end = w.EndOfDigits(at)
	digits := end - at
	c.key = bits.ReverseBytes64(w.Word(at))
	c.isLong, c.isTiny = digits > 8, false
	if digits < 8 { // fill the key with zeros
		shift := 8 * digits
		c.key = c.key>>(64-shift)<<(64-shift) | zeros>>shift
		if digits == 0 {
			return 0
		}
	}
	return end
}

// readExponent reads a score such as 9.1e-05.
func (c *candidate) readExponent(w json.Window, at int) (end int) {
	end = w.EndOfDigits(at)
	if end != at+1 {
		return 0
	}
	if w.Byte(end) == '.' {
		from := end + 1
		if end = w.EndOfDigits(from); end == from || !w.Has(end) {
			return 0
		}
	}
	tens, ones := w.Byte(end+2), w.Byte(end+3)
	c.isTiny = w.Word(end)&0xffff == exponent && '0' <= tens && tens <= '9' && '0' <= ones && ones <= '9' && (tens > '0' || ones >= '5')
	if !c.isTiny {
		return 0
	}
	return end + len(`e-05`)
}

// parse returns the label and its score. ok is false if the reply does not end
// at this position.
func (c *candidate) parse(body []byte, w json.Window, at int) (label []byte, score float64, ok bool) {
	if at+len(`]]}`) != len(body) || w.Word(at)&0xffffff != replyEnd {
		return nil, 0, false
	}
	from, number := int(c.labelAt), int(c.scoreAt)
	label = body[from : number-len(`","score":`)]
	if score, ok = c.firstDigits(); ok {
		return label, score, true
	}
	decimal, end := w.Decimal(number)
	if end == 0 {
		return nil, 0, false
	}
	score, ok = decimal.Float(body[number:end])
	return label, score, ok
}

// firstDigits returns the first eight digits of the score. ok is false if the
// other digits can change the rounding to millionths or a comparison with a
// bound.
func (c *candidate) firstDigits() (score float64, ok bool) {
	digits := c.key - zeros
	pairs := digits + digits>>8*10
	number := uint32(pairs&0xff) + 100*uint32(pairs>>16&0xff) + 10_000*uint32(pairs>>32&0xff) + 1_000_000*uint32(pairs>>48&0xff)
	switch number % 100 {
	case 0, 49, 50:
		if c.isLong {
			return 0, false
		}
	}
	return float64(number) / 100_000_000, true
}
