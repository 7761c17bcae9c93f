package token

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// metaspace writes spaces as a mark, and begins a word at each mark.
type metaspace struct {
	mark   string
	scheme string // which parts begin with a mark: always, first or never
	split  bool
}

func readMetaspace(c component) (metaspace, error) {
	settings := struct {
		Mark   string `json:"replacement"`
		Prefix *bool  `json:"add_prefix_space"`
		Scheme string `json:"prepend_scheme"`
		Split  *bool  `json:"split"`
	}{Scheme: "always"}
	if err := c.read(&settings); err != nil {
		return metaspace{}, err
	}
	m := metaspace{settings.Mark, settings.Scheme, settings.Split == nil || *settings.Split}
	switch {
	case utf8.RuneCountInString(m.mark) != 1:
		return m, errors.New("the replacement of Metaspace is not one character")
	case m.scheme != "always" && m.scheme != "first" && m.scheme != "never":
		return m, fmt.Errorf("the prepend_scheme of Metaspace is %q; want always, first or never", m.scheme)
	case settings.Prefix != nil && !*settings.Prefix && m.scheme != "never":
		return m, fmt.Errorf("the add_prefix_space of Metaspace is false, and its prepend_scheme is %q; want never", m.scheme)
	}
	return m, nil
}

func (m metaspace) words(part string) []string {
	part = strings.ReplaceAll(part, " ", m.mark)
	if m.scheme != "never" && !strings.HasPrefix(part, m.mark) {
		part = m.mark + part
	}
	if !m.split {
		return []string{part}
	}
	words := make([]string, 0, strings.Count(part, m.mark)+1)
	for part != "" {
		end := len(part)
		if next := strings.Index(part[1:], m.mark); next >= 0 {
			end = 1 + next
		}
		words, part = append(words, part[:end]), part[end:]
	}
	return words
}

// readFirst reads a Metaspace that puts its mark before the text alone. The part that the text begins with is known by the
// places of its characters, so that this server must know how every normalizer moves them.
func (t *Tokenizer) readFirst(m metaspace) error {
	for _, n := range t.normalizers {
		if n.lead == nil {
			return errors.New(`the prepend_scheme "first" of Metaspace, after a normalizer of the kinds BertNormalizer, NFC, NFD, NFKC or NFKD, is unknown to this server; a guess would give wrong scores`)
		}
	}
	later := m
	later.scheme = "never"
	t.splitters, t.later = []splitter{m.words}, []splitter{later.words}
	return nil
}
