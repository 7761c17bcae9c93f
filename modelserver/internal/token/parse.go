package token

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Open reads a folder's tokenizer.json, or else its vocab.txt.
func Open(folder string) (*Tokenizer, error) {
	path := filepath.Join(folder, "tokenizer.json")
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return openVocabulary(folder)
	}
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	t, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("tokenizer %s: %w", path, err)
	}
	return t, nil
}

// file is Hugging Face's tokenizer.json. Its truncation and padding are the server's own work.
type file struct {
	Added         []added   `json:"added_tokens"`
	Normalizer    component `json:"normalizer"`
	PreTokenizer  component `json:"pre_tokenizer"`
	PostProcessor component `json:"post_processor"`
	Model         component `json:"model"`
}

// Parse reads a tokenizer.json. A component that is not known is an error with its name, because a guess would give wrong ids.
func Parse(data []byte) (*Tokenizer, error) {
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("it is no tokenizer.json: %w", err)
	}
	t := &Tokenizer{}
	var err error
	if t.normalizers, err = readNormalizers(f.Normalizer); err != nil {
		return nil, err
	}
	if err = t.readPreTokenizer(f.PreTokenizer); err != nil {
		return nil, err
	}
	if t.model, t.kind, err = readModel(f.Model, f.PreTokenizer); err != nil {
		return nil, err
	}
	if err := t.readAdded(f.Added); err != nil {
		return nil, err
	}
	return t, t.readMarkers(f.PostProcessor)
}

// component is one part of a tokenizer.json. Its kind is in the key "type", and its settings beside it.
type component struct {
	kind     string
	settings json.RawMessage
}

// UnmarshalJSON keeps the settings for the reader of the kind. Null is a component without a kind.
func (c *component) UnmarshalJSON(data []byte) error {
	var typed struct {
		Type *string `json:"type"`
	}
	if err := json.Unmarshal(data, &typed); err != nil {
		return err
	}
	if typed.Type != nil {
		c.kind = *typed.Type
	} else if !bytes.Equal(bytes.TrimSpace(data), []byte("null")) {
		c.kind = "(no type)"
	}
	c.settings = bytes.Clone(data)
	return nil
}

// read reads the settings of a component.
func (c component) read(settings any) error {
	if err := json.Unmarshal(c.settings, settings); err != nil {
		return fmt.Errorf("%s: %w", c.kind, err)
	}
	return nil
}

func unknown(part, kind string) error {
	return fmt.Errorf("the %s %q is unknown to this server; a guess would give wrong scores", part, kind)
}

func unknownSetting(kind, setting string) error {
	return fmt.Errorf("the setting %q of %s is unknown to this server; a guess would give wrong scores", setting, kind)
}

func readNormalizers(c component) ([]normalizer, error) {
	switch c.kind {
	case "":
		return nil, nil
	case "Sequence":
		var settings struct {
			Normalizers []component `json:"normalizers"`
		}
		if err := c.read(&settings); err != nil {
			return nil, err
		}
		return flatten(settings.Normalizers, readNormalizers)
	case "BertNormalizer":
		return readBert(c)
	case "Replace":
		return readReplace(c)
	case "NFD":
		return []normalizer{{change: decompose}}, nil
	case "NFC":
		return []normalizer{{change: compose}}, nil
	case "NFKD":
		return []normalizer{{change: decomposeCompatible}}, nil
	case "NFKC":
		return []normalizer{{change: composeCompatible}}, nil
	case "Lowercase":
		return []normalizer{local(lower)}, nil
	case "StripAccents":
		return []normalizer{local(stripMarks)}, nil
	case "Nmt":
		return []normalizer{local(cleanNmt)}, nil
	case "Strip":
		return readStrip(c)
	case "Prepend":
		return readPrepend(c)
	case "Precompiled":
		return readPrecompiled(c)
	}
	return nil, unknown("normalizer", c.kind)
}

// flatten reads the components of a sequence one after the other.
func flatten[T any](components []component, read func(component) ([]T, error)) ([]T, error) {
	var all []T
	for _, c := range components {
		some, err := read(c)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func readBert(c component) ([]normalizer, error) {
	settings := struct {
		Clean     bool  `json:"clean_text"`
		Ideograph bool  `json:"handle_chinese_chars"`
		Accents   *bool `json:"strip_accents"`
		Lower     bool  `json:"lowercase"`
	}{Clean: true, Ideograph: true, Lower: true}
	if err := c.read(&settings); err != nil {
		return nil, err
	}
	return bertNormalizers(settings.Clean, settings.Ideograph, settings.Accents, settings.Lower), nil
}

// bertNormalizers returns BERT's normalizers in their order. Unless accents says otherwise, lower-casing strips accents.
func bertNormalizers(cleans, ideographs bool, accents *bool, lowers bool) []normalizer {
	strips := lowers
	if accents != nil {
		strips = *accents
	}
	var all []normalizer
	for _, step := range []struct {
		wanted bool
		change func(string) string
	}{{cleans, clean}, {ideographs, spaceIdeographs}, {strips, stripAccents}, {lowers, lower}} {
		if step.wanted {
			all = append(all, normalizer{change: step.change})
		}
	}
	return all
}

func (t *Tokenizer) readPreTokenizer(c component) error {
	if c.kind == "Metaspace" {
		m, err := readMetaspace(c)
		if err == nil && m.scheme == "first" {
			return t.readFirst(m)
		}
		t.splitters = []splitter{m.words}
		return err
	}
	var err error
	t.splitters, err = readSplitters(c)
	return err
}

func readSplitters(c component) ([]splitter, error) {
	switch c.kind {
	case "":
		return nil, nil
	case "Sequence":
		var settings struct {
			PreTokenizers []component `json:"pretokenizers"`
		}
		if err := c.read(&settings); err != nil {
			return nil, err
		}
		for i, c := range settings.PreTokenizers {
			if c.hasByteLevel() && i < len(settings.PreTokenizers)-1 {
				return nil, errors.New("a pre-tokenizer after ByteLevel is unknown to this server; a guess would give wrong scores")
			}
		}
		return flatten(settings.PreTokenizers, readSplitters)
	case "BertPreTokenizer":
		return []splitter{bertWords}, nil
	case "WhitespaceSplit":
		return []splitter{spacedWords}, nil
	case "ByteLevel":
		return readByteLevel(c)
	case "Metaspace":
		m, err := readMetaspace(c)
		if err == nil && m.scheme == "first" {
			err = unknownSetting("a Metaspace in a Sequence", "prepend_scheme")
		}
		return []splitter{m.words}, err
	}
	return nil, unknown("pre-tokenizer", c.kind)
}

// hasByteLevel reports whether a pre-tokenizer is a ByteLevel, or has one in its sequence.
func (c component) hasByteLevel() bool { return strings.Contains(string(c.settings), `"ByteLevel"`) }

func readByteLevel(c component) ([]splitter, error) {
	settings := struct {
		Space   bool `json:"add_prefix_space"`
		Pattern bool `json:"use_regex"`
	}{Space: true, Pattern: true}
	if err := c.read(&settings); err != nil {
		return nil, err
	}
	split := splitter(gptWords)
	if !settings.Pattern {
		split = unsplit
	}
	if settings.Space {
		split = withSpace(split)
	}
	return []splitter{split}, nil
}

// readAdded sorts the added tokens by the time at which they are found.
func (t *Tokenizer) readAdded(tokens []added) error {
	for _, a := range tokens {
		a.match = a.Content
		if a.Normalized {
			a.match, _ = t.normalize(a.match, 0)
		}
		switch {
		case a.match == "":
			continue
		case a.SingleWord && !a.Special:
			return fmt.Errorf("added token %d: %w", a.ID, unknownSetting("an added token", "single_word"))
		case a.Normalized:
			t.normalized = append(t.normalized, a)
		default:
			t.raw = append(t.raw, a)
		}
	}
	return nil
}
