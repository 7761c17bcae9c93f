package json

// A Pair is an object with two members: a string and a number.
type Pair struct {
	Text   Span // without the quotes
	Number Span
	Value  Decimal // of Number
}

// A Span is a range of bytes in a chunk.
type Span struct{ From, To int }

// Of returns the bytes of the span.
func (s Span) Of(chunk []byte) []byte { return chunk[s.From:s.To] }

// A Key is the name of a member with five bytes, with quotes and colon, as
// Window.Word returns it.
type Key uint64

// KeyOf returns the key of a name with five bytes.
func KeyOf(name string) Key { return Key(WordOf(`"` + name + `":`)) }

// Pair reads the object at a position, and returns the position behind. Has
// must be true for the position. end is 0 for another value, or for an unusual
// spelling. If a member comes twice, the last one counts.
func (w Window) Pair(at int, text, number Key, found *Pair) (end int) {
	if w.Byte(at) != '{' {
		return 0
	}
	var hasText, hasNumber bool
	for c := byte(','); c == ','; {
		at = w.AfterSpace(at + 1)
		key := Key(w.Word(at))
		at = w.AfterSpace(at + word)
		switch key {
		case text:
			if w.Byte(at) != '"' {
				return 0
			}
			from := at + 1
			if at = w.EndOfRun(from); w.Byte(at) != '"' {
				return 0
			}
			found.Text, hasText = Span{from, at}, true
			at++
		case number:
			from := at
			if found.Value, at = w.Decimal(from); at == 0 {
				return 0
			}
			found.Number, hasNumber = Span{from, at}, true
		default:
			return 0
		}
		if at = w.AfterSpace(at); !w.Has(at) {
			return 0
		}
		c = w.Byte(at)
		if c != ',' && (c != '}' || !hasText || !hasNumber) {
			return 0
		}
	}
	return at + 1
}
