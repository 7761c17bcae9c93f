package json

// Pair is an object with a member that is a string and one that is a number.
type Pair struct {
	Text   Span // without its quotes
	Number Span
	Value  Decimal // the number's
}

// Span is where in a chunk something stands.
type Span struct{ From, To int }

// Of returns the part of the chunk.
func (s Span) Of(chunk []byte) []byte { return chunk[s.From:s.To] }

// Key is a member's name of five bytes with its quotes and colon, as Word shows
// them.
type Key uint64

// KeyOf returns the key of a name of five bytes.
func KeyOf(name string) Key { return Key(WordOf(`"` + name + `":`)) }

// Pair reads the object at a place that Has is true for, and returns the place
// behind it; 0 where there is none, or one that is written in an unusual way. Of
// members that stand twice the last counts.
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
