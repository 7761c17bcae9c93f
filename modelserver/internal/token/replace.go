package token

import (
	"strings"
)

// replace is a normalizer that replaces every match of a pattern.
type replace struct {
	// find returns the first match in a text, and is not asked about an empty text; start is -1 if there is none.
	find    func(text string) (start, end int)
	content string
}

func readReplace(c component) ([]normalizer, error) {
	var settings struct {
		Pattern struct {
			String *string `json:"String"`
			Regex  *string `json:"Regex"`
		} `json:"pattern"`
		Content string `json:"content"`
	}
	if err := c.read(&settings); err != nil {
		return nil, err
	}
	r := replace{content: settings.Content}
	switch text, regex := settings.Pattern.String, settings.Pattern.Regex; {
	case text != nil && *text != "" && regex == nil:
		r.find = func(in string) (int, int) {
			start := strings.Index(in, *text)
			return start, start + len(*text)
		}
	case text == nil && regex != nil && runs[*regex] != nil:
		r.find = runs[*regex]
	default:
		return nil, unknownSetting("Replace", "pattern")
	}
	return []normalizer{{r.change, r.lead}}, nil
}

// runs are the regular expressions that this server knows, each with its find.
var runs = map[string]func(text string) (start, end int){
	` +`:      findRun(1, isBlank),
	` {2,}`:   findRun(2, isBlank),
	`\s+`:     findRun(1, isPatternSpace),
	`\s{2,}`:  findRun(2, isPatternSpace),
	`[ ]+`:    findRun(1, isBlank),
	`[ ]{2,}`: findRun(2, isBlank),
}

func isBlank(r rune) bool { return r == ' ' }

func isPatternSpace(r rune) bool { return kindOf(r) == spaceKind }

// findRun returns a function that finds the first run of at least so many characters of a kind.
func findRun(least int, matches func(rune) bool) func(text string) (start, end int) {
	return func(text string) (int, int) {
		start, length := 0, 0
		for at, r := range text {
			switch {
			case matches(r):
				if length == 0 {
					start = at
				}
				length++
			case length >= least:
				return start, at
			default:
				length = 0
			}
		}
		if length >= least {
			return start, len(text)
		}
		return -1, -1
	}
}

// each calls yield for each stretch of a text, matched or not.
func (r replace) each(text string, yield func(stretch string, matched bool)) {
	for text != "" {
		start, end := r.find(text)
		if start < 0 {
			yield(text, false)
			return
		}
		yield(text[:start], false)
		yield(text[start:end], true)
		text = text[end:]
	}
}

func (r replace) change(text string) string {
	var out strings.Builder
	r.each(text, func(stretch string, matched bool) {
		if matched {
			stretch = r.content
		}
		out.WriteString(stretch)
	})
	return out.String()
}

// lead counts a replacement to the place where its match ends.
func (r replace) lead(text string, length int) int {
	at, lead := 0, 0
	r.each(text, func(stretch string, matched bool) {
		at += len(stretch)
		switch {
		case !matched:
			lead += max(0, len(stretch)-max(0, at-length))
		case at <= length:
			lead += len(r.content)
		}
	})
	return lead
}

func readPrepend(c component) ([]normalizer, error) {
	var settings struct {
		Text string `json:"prepend"`
	}
	if err := c.read(&settings); err != nil {
		return nil, err
	}
	return []normalizer{{
		change: func(text string) string {
			if text == "" {
				return ""
			}
			return settings.Text + text
		},
		lead: func(_ string, length int) int { return len(settings.Text) + length },
	}}, nil
}

func readStrip(c component) ([]normalizer, error) {
	var settings struct {
		Left  bool `json:"strip_left"`
		Right bool `json:"strip_right"`
	}
	if err := c.read(&settings); err != nil {
		return nil, err
	}
	strip := func(text string) (stripped string, left int) {
		stripped = text
		if settings.Left {
			stripped = strings.TrimLeftFunc(text, isSpace)
		}
		left = len(text) - len(stripped)
		if settings.Right {
			stripped = strings.TrimRightFunc(stripped, isSpace)
		}
		return stripped, left
	}
	return []normalizer{{
		change: func(text string) string { text, _ = strip(text); return text },
		lead: func(text string, length int) int {
			stripped, left := strip(text)
			return min(max(0, length-left), len(stripped))
		},
	}}, nil
}
