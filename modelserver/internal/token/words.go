package token

import (
	"strings"
	"unicode/utf8"
)

// bertWords splits at spaces, and makes a word of each punctuation mark.
func bertWords(text string) []string {
	var words []string
	for _, field := range strings.FieldsFunc(text, isSpace) {
		for field != "" {
			size := bertWord(field)
			words, field = append(words, field[:size]), field[size:]
		}
	}
	return words
}

// bertWord returns the length in bytes of the first word of s: one punctuation mark, or the text up to the next mark.
func bertWord(s string) int {
	if at := strings.IndexFunc(s, isPunctuation); at > 0 {
		return at
	} else if at < 0 {
		return len(s)
	}
	_, size := utf8.DecodeRuneInString(s)
	return size
}

func spacedWords(text string) []string { return strings.FieldsFunc(text, isSpace) }

// gptWords splits by GPT-2's pattern: contractions, then letters, numbers or other marks with the space before them, then
// spaces. The last of several spaces belongs to the word after it.
func gptWords(text string) []string {
	var words []string
	for text != "" {
		size := gptWord(text)
		words, text = append(words, text[:size]), text[size:]
	}
	return words
}

var contractions = []string{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"}

func gptWord(s string) int {
	for _, contraction := range contractions {
		if strings.HasPrefix(s, contraction) {
			return len(contraction)
		}
	}
	space := 0
	if s[0] == ' ' {
		space = 1
	}
	if r, _ := utf8.DecodeRuneInString(s[space:]); space < len(s) && kindOf(r) != spaceKind {
		return space + run(s[space:], kindOf(r))
	}
	size := run(s, spaceKind)
	if size == len(s) {
		return size
	}
	if _, last := utf8.DecodeLastRuneInString(s[:size]); last < size {
		return size - last
	}
	return size
}

// run returns the length in bytes of the characters of one kind at the start of s.
func run(s string, want kind) int {
	for at, r := range s {
		if kindOf(r) != want {
			return at
		}
	}
	return len(s)
}

// withSpace puts a space before a text that has none.
func withSpace(split splitter) splitter {
	return func(text string) []string {
		if !strings.HasPrefix(text, " ") {
			text = " " + text
		}
		return split(text)
	}
}

func unsplit(text string) []string { return []string{text} }
