package token

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// readModel reads the model, and names its kind.
func readModel(c, pre component) (model, string, error) {
	bytewise := pre.hasByteLevel()
	if bytewise && c.kind != "BPE" {
		return nil, "", fmt.Errorf("the pre-tokenizer ByteLevel with the model %s is unknown to this server; a guess would give wrong scores", c.kind)
	}
	switch c.kind {
	case "WordPiece":
		m, err := readWordPiece(c)
		return m, c.kind, err
	case "BPE":
		if !bytewise {
			return nil, "", errors.New("a BPE model without the pre-tokenizer ByteLevel is unknown to this server; a guess would give wrong scores")
		}
		m, err := readBPE(c)
		return m, "byte-level BPE", err
	case "Unigram":
		m, err := readUnigram(c)
		return m, c.kind, err
	}
	return nil, "", unknown("model", c.kind)
}

func readUnigram(c component) (model, error) {
	var settings struct {
		Unknown  *int64  `json:"unk_id"`
		Bytewise bool    `json:"byte_fallback"`
		Pieces   []piece `json:"vocab"`
	}
	if err := c.read(&settings); err != nil {
		return nil, err
	}
	switch unknown := settings.Unknown; {
	case unknown == nil:
		return nil, errors.New("the model Unigram has no unk_id, the id of unknown characters")
	case *unknown < 0 || *unknown >= int64(len(settings.Pieces)):
		return nil, fmt.Errorf("the unk_id of Unigram is %d, and its vocabulary has %d pieces", *unknown, len(settings.Pieces))
	}
	return newUnigram(settings.Pieces, *settings.Unknown, settings.Bytewise)
}

func readWordPiece(c component) (model, error) {
	settings := struct {
		Unknown  string           `json:"unk_token"`
		Prefix   string           `json:"continuing_subword_prefix"`
		MaxRunes int              `json:"max_input_chars_per_word"`
		Tokens   map[string]int64 `json:"vocab"`
	}{Unknown: "[UNK]", Prefix: "##", MaxRunes: 100}
	if err := c.read(&settings); err != nil {
		return nil, err
	}
	id, ok := settings.Tokens[settings.Unknown]
	if !ok {
		return nil, fmt.Errorf("WordPiece: its vocabulary has no token %s", settings.Unknown)
	}
	return newWordPiece(settings.Tokens, settings.Prefix, id, settings.MaxRunes), nil
}

type bpeSettings struct {
	Dropout  *float64         `json:"dropout"`
	Unknown  *string          `json:"unk_token"`
	Prefix   *string          `json:"continuing_subword_prefix"`
	Suffix   *string          `json:"end_of_word_suffix"`
	Fuse     bool             `json:"fuse_unk"`
	Fallback bool             `json:"byte_fallback"`
	Whole    bool             `json:"ignore_merges"`
	Tokens   map[string]int64 `json:"vocab"`
	Merges   []mergePair      `json:"merges"`
}

// mergePair is two tokens, written as a list or as a text with a space between.
type mergePair [2]string

// UnmarshalJSON reads both forms.
func (p *mergePair) UnmarshalJSON(data []byte) error {
	var list []string
	if err := json.Unmarshal(data, &list); err == nil && len(list) == 2 {
		*p = mergePair(list)
		return nil
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return errors.New("a merge is neither a text nor a list of two tokens")
	}
	left, right, ok := strings.Cut(text, " ")
	if !ok || strings.Contains(right, " ") {
		return errors.New("a merge is not two tokens with a space between")
	}
	*p = mergePair{left, right}
	return nil
}

func readBPE(c component) (model, error) {
	var settings bpeSettings
	if err := c.read(&settings); err != nil {
		return nil, err
	}
	switch {
	case settings.Dropout != nil && *settings.Dropout != 0:
		return nil, unknownSetting("BPE", "dropout")
	case settings.Prefix != nil && *settings.Prefix != "":
		return nil, unknownSetting("BPE", "continuing_subword_prefix")
	case settings.Suffix != nil && *settings.Suffix != "":
		return nil, unknownSetting("BPE", "end_of_word_suffix")
	case settings.Fallback:
		return nil, unknownSetting("BPE", "byte_fallback")
	}
	b := &byteLevel{tokens: settings.Tokens, merges: map[[2]int64]merge{}, whole: settings.Whole, unknown: missing, fuse: settings.Fuse}
	if settings.Unknown != nil {
		id, ok := settings.Tokens[*settings.Unknown]
		if !ok {
			return nil, fmt.Errorf("BPE: its vocabulary has no token %s", *settings.Unknown)
		}
		b.unknown = id
	}
	for i, r := range alphabet {
		b.bytes[i] = missing
		if id, ok := settings.Tokens[string(r)]; ok {
			b.bytes[i] = id
		}
	}
	return b, b.readMerges(settings.Merges)
}

func (b *byteLevel) readMerges(pairs []mergePair) error {
	for rank, pair := range pairs {
		left, leftOK := b.tokens[pair[0]]
		right, rightOK := b.tokens[pair[1]]
		id, ok := b.tokens[pair[0]+pair[1]]
		if !leftOK || !rightOK || !ok {
			return fmt.Errorf("BPE: merge %d joins tokens that are not in the vocabulary", rank+1)
		}
		b.merges[[2]int64{left, right}] = merge{rank, id}
	}
	return nil
}
