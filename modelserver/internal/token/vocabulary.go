package token

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"
)

// openVocabulary reads a BERT vocabulary, in which a token's line number is its id, and the settings of BertTokenizer in
// tokenizer_config.json.
func openVocabulary(folder string) (*Tokenizer, error) {
	path := filepath.Join(folder, "vocab.txt")
	tokens, err := readLines(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("tokenizer: neither tokenizer.json nor vocab.txt is in %s; export the model with its tokenizer", folder)
	}
	if err != nil {
		return nil, fmt.Errorf("vocabulary: %w", err)
	}
	settings, err := readBertTokenizer(filepath.Join(folder, "tokenizer_config.json"))
	if err != nil {
		return nil, err
	}
	ids := map[string]int64{}
	for _, marker := range []string{"[UNK]", "[CLS]", "[SEP]"} {
		id, ok := tokens[marker]
		if !ok {
			return nil, fmt.Errorf("vocabulary %s has no line %s; it is no BERT vocabulary", path, marker)
		}
		ids[marker] = id
	}
	return &Tokenizer{
		normalizers: bertNormalizers(true, settings.Ideographs, settings.Accents, settings.Lower),
		splitters:   []splitter{bertWords},
		model:       newWordPiece(tokens, "##", ids["[UNK]"], 100),
		before:      []int64{ids["[CLS]"]},
		after:       []int64{ids["[SEP]"]},
		kind:        "WordPiece",
	}, nil
}

func readLines(path string) (map[string]int64, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	tokens := map[string]int64{}
	lines := bufio.NewScanner(file)
	for id := int64(0); lines.Scan(); id++ {
		tokens[strings.TrimRightFunc(lines.Text(), unicode.IsSpace)] = id
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return tokens, nil
}

type bertTokenizer struct {
	Lower      bool  `json:"do_lower_case"`
	Accents    *bool `json:"strip_accents"`
	Ideographs bool  `json:"tokenize_chinese_chars"`
}

func readBertTokenizer(path string) (bertTokenizer, error) {
	settings := bertTokenizer{Lower: true, Ideographs: true}
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return settings, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &settings)
	}
	if err != nil {
		return settings, fmt.Errorf("tokenizer settings %s: %w", path, err)
	}
	return settings, nil
}
