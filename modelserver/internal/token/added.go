package token

import (
	"strings"
	"unicode/utf8"
)

// added is a token that is found in a text before the text is split into words.
type added struct {
	ID         int64  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	Left       bool   `json:"lstrip"`
	Right      bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
	match      string // Content as the text has it
}

// part is a stretch of a text: an added token, or text.
type part struct {
	text  string
	token *added
	start int // where the part begins in the text
}

// split cuts a text at the added tokens: the leftmost match counts, and of several the longest. A special token in a text
// is text, but it hides a token that overlaps it. Spaces that a token takes in may still hold other tokens.
func split(text string, tokens []added) []part {
	if len(tokens) == 0 {
		return []part{{text: text}}
	}
	var parts []part
	start, spaces := 0, 0 // spaces is where the last spaces that a token takes in end
	for at := 0; at < len(text); {
		found := longestAt(text[at:], tokens)
		if found == nil {
			_, size := utf8.DecodeRuneInString(text[at:])
			at += size
			continue
		}
		from, to := at, at+len(found.match)
		at = to
		if found.Special {
			continue
		}
		if found.Left {
			from = start + len(strings.TrimRightFunc(text[start:max(start, from)], isSpace))
		}
		if found.Right {
			if to > spaces {
				spaces = len(text) - len(strings.TrimLeftFunc(text[to:], isSpace))
			}
			to = spaces
		}
		if start < from {
			parts = append(parts, part{text: text[start:from], start: start})
		}
		if from < to { // else the token before has taken it
			parts = append(parts, part{token: found, start: from})
		}
		start = to
	}
	if start < len(text) || len(parts) == 0 {
		parts = append(parts, part{text: text[start:], start: start})
	}
	return parts
}

func longestAt(text string, tokens []added) *added {
	var found *added
	for i, token := range tokens {
		if strings.HasPrefix(text, token.match) && (found == nil || len(token.match) > len(found.match)) {
			found = &tokens[i]
		}
	}
	return found
}
