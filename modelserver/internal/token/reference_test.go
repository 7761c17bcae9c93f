package token

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// vocabulary is the vocabulary from which testdata/reference.py makes its WordPiece tokenizers.
const vocabulary = "../../models/bert-emotion-model/vocab.txt"

// reference is what Hugging Face's tokenizers gives, recorded by testdata/reference.py.
type reference struct {
	Kinds map[string]struct {
		Tokenizer            map[string]json.RawMessage
		Alone, Inside, Texts string // a checksum for each block
	}
}

func readJSON(t testing.TB, path string, value any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, value)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// open returns the tokenizer of a kind: its settings from the reference, with its vocabulary filled in.
func (r reference) open(t testing.TB, kind string) *Tokenizer {
	t.Helper()
	settings := r.Kinds[kind].Tokenizer
	var model map[string]any
	if err := json.Unmarshal(settings["model"], &model); err != nil {
		t.Fatal(err)
	}
	switch model["type"] {
	case "WordPiece":
		tokens, err := readLines(vocabulary)
		if err != nil {
			t.Fatal(err)
		}
		model["vocab"] = tokens
	case "Unigram":
		model["vocab"] = pieces(t, model["rounded"] == true)
	default:
		var trained struct{ Model struct{ Vocab, Merges any } }
		readJSON(t, "testdata/bpe.json", &trained)
		model["vocab"], model["merges"] = trained.Model.Vocab, trained.Model.Merges
	}
	all := map[string]any{}
	for key, value := range settings {
		all[key] = value
	}
	all["model"] = model
	data, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	data = bytes.ReplaceAll(data, []byte(`"precompiled_charsmap":null`), fmt.Appendf(nil, `"precompiled_charsmap":%q`, table(t)))
	tokenizer, err := Parse(data)
	if err != nil {
		t.Fatalf("%s: %v", kind, err)
	}
	return tokenizer
}

// pieces are those of testdata/unigram.json, with their scores as they are written there, or rounded and with a piece for each byte.
func pieces(t testing.TB, rounded bool) any {
	if !rounded {
		var pieces []json.RawMessage
		readJSON(t, "testdata/unigram.json", &pieces)
		return pieces
	}
	var pieces [][2]any
	readJSON(t, "testdata/unigram.json", &pieces)
	for i := range pieces {
		pieces[i][1] = math.RoundToEven(pieces[i][1].(float64))
	}
	for b := range 256 {
		pieces = append(pieces, [2]any{fmt.Sprintf("<0x%02X>", b), -99})
	}
	return pieces
}

// table returns SentencePiece's table of replacements nmt_nfkc, as base64.
func table(t testing.TB) string {
	t.Helper()
	file, err := os.Open("testdata/nmt_nfkc.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(data)
}

// generator makes the texts that testdata/reference.py makes.
type generator struct {
	Words      []string
	Further    []string // words for Unigram
	Separators []string
	Ranges     [][2]rune
	state      uint64
}

func (g *generator) below(n int) int {
	g.state = g.state*6364136223846793005 + 1442695040888963407
	return int((g.state >> 33) % uint64(n))
}

func (g *generator) text(seed uint64) string {
	g.state = seed
	var out strings.Builder
	for range 1 + g.below(12) {
		switch choice := g.below(8); {
		case choice < 4:
			out.WriteString(g.Words[g.below(len(g.Words))])
		case choice < 7:
			span := g.Ranges[g.below(len(g.Ranges))]
			for range 1 + g.below(8) {
				r := span[0] + rune(g.below(int(span[1]-span[0]+1)))
				if !utf8.ValidRune(r) {
					r = '?'
				}
				out.WriteRune(r)
			}
		default:
			letter := string(rune('a' + g.below(26)))
			out.WriteString(strings.Repeat(letter, 1+g.below(120)))
		}
		out.WriteString(g.Separators[g.below(len(g.Separators))])
	}
	return out.String()
}

func texts(t testing.TB) []string { return generate(t, false) }

func generate(t testing.TB, further bool) []string {
	var g generator
	readJSON(t, "testdata/texts.json", &g)
	if further {
		g.Words = append(g.Words, g.Further...)
	}
	texts := []string{"", " "}
	for seed := range uint64(20000) {
		texts = append(texts, g.text(seed))
	}
	return texts
}

func characters(form string) []string {
	var all []string
	for r := range rune(utf8.MaxRune + 1) {
		if utf8.ValidRune(r) {
			all = append(all, fmt.Sprintf(form, string(r)))
		}
	}
	return all
}

const unlimited = 1 << 30

// checksum is that of testdata/reference.py for a block of texts.
func checksum(tokenizer *Tokenizer, block []string) string {
	sum := uint32(0)
	for _, text := range block {
		ids, _ := tokenizer.Encode(text, unlimited)
		data := make([]byte, 0, 4*len(ids)+4)
		for _, id := range ids {
			data = binary.LittleEndian.AppendUint32(data, uint32(id))
		}
		sum = crc32.Update(sum, crc32.IEEETable, binary.LittleEndian.AppendUint32(data, 1<<32-1))
	}
	return fmt.Sprintf("%08x", sum)
}

// compare compares all blocks of texts with their checksums.
func compare(t *testing.T, tokenizer *Tokenizer, texts []string, want string) {
	const size = 1024
	if len(want) != 8*((len(texts)+size-1)/size) {
		t.Fatalf("the reference has %d checksums for %d texts", len(want)/8, len(texts))
	}
	var group sync.WaitGroup
	for at := 0; at < len(texts); at += size {
		group.Go(func() {
			block := texts[at:min(at+size, len(texts))]
			if got := checksum(tokenizer, block); got != want[at/size*8:at/size*8+8] {
				t.Errorf("the ids of texts %d to %d differ, from %+q on; see testdata/README.md", at, at+len(block)-1, block[0])
			}
		})
	}
	group.Wait()
}

// TestReference compares the ids of every character, alone and between letters, and of 20,000 generated texts with those
// of Hugging Face's tokenizers.
func TestReference(t *testing.T) {
	var recorded reference
	readJSON(t, "testdata/reference.json", &recorded)
	alone, inside, generated, further := characters("%s"), characters("a%sb"), texts(t), generate(t, true)
	if len(recorded.Kinds) < 12 || len(alone) != 1112064 || len(generated) != 20002 {
		t.Fatalf("%d kinds, %d characters, %d texts", len(recorded.Kinds), len(alone), len(generated))
	}
	for kind, want := range recorded.Kinds {
		t.Run(kind, func(t *testing.T) {
			tokenizer := recorded.open(t, kind)
			generated := generated
			if tokenizer.kind == "Unigram" {
				generated = further
			}
			t.Run("alone", func(t *testing.T) { compare(t, tokenizer, alone, want.Alone) })
			t.Run("inside", func(t *testing.T) { compare(t, tokenizer, inside, want.Inside) })
			t.Run("texts", func(t *testing.T) { compare(t, tokenizer, generated, want.Texts) })
		})
	}
}
