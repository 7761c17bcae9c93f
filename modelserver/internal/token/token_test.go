package token

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// TestVocabulary: a folder with vocab.txt alone gives the ids of the same vocabulary in a tokenizer.json.
func TestVocabulary(t *testing.T) {
	data, err := os.ReadFile(vocabulary)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "vocab.txt"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	var recorded reference
	readJSON(t, "testdata/reference.json", &recorded)
	for kind, settings := range map[string]string{"uncased": `{}`, "cased": `{"do_lower_case":false}`} {
		if err := os.WriteFile(filepath.Join(folder, "tokenizer_config.json"), []byte(settings), 0o600); err != nil {
			t.Fatal(err)
		}
		plain, err := Open(folder)
		if err != nil {
			t.Fatal(err)
		}
		full := recorded.open(t, kind)
		for _, text := range texts(t)[:2000] {
			got, _ := plain.Encode(text, 64)
			want, _ := full.Encode(text, 64)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s %+q (-want +got):\n%s", kind, text, diff)
			}
		}
	}
}

func TestParseErrors(t *testing.T) {
	const (
		wordPiece = `"model":{"type":"WordPiece","vocab":{"[UNK]":0,"a":1}}`
		pre       = `"pre_tokenizer":{"type":"ByteLevel"},`
	)
	bpe := func(settings string) string {
		return `{` + pre + `"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]` + settings + `}}`
	}
	for text, want := range map[string]string{
		``:                               "it is no tokenizer.json",
		`{"model":null}`:                 `the model "" is unknown to this server`,
		`{"model":{"vocab":{}}}`:         `the model "(no type)" is unknown`,
		`{"model":{"type":"WordLevel"}}`: `the model "WordLevel" is unknown`,
		`{"model":{"type":"WordPiece","vocab":{}}}`:                                                                                       "WordPiece: its vocabulary has no token [UNK]",
		`{"model":{"type":"WordPiece","vocab":[]}}`:                                                                                       "WordPiece: json",
		`{"normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"NFX"}]},` + wordPiece + `}`:                              `the normalizer "NFX" is unknown`,
		`{"normalizer":{"type":"Replace","pattern":{"Regex":"a"},"content":"b"},` + wordPiece + `}`:                                       `the setting "pattern" of Replace is unknown`,
		`{"pre_tokenizer":{"type":"Split"},` + wordPiece + `}`:                                                                            `the pre-tokenizer "Split" is unknown`,
		`{"post_processor":{"type":"TemplateProcessing","single":[]},` + wordPiece + `}`:                                                  `the setting "single" of TemplateProcessing is unknown`,
		`{"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x"}}]},` + wordPiece + `}`:                       "the marker x has no ids",
		`{"added_tokens":[{"id":5,"content":"x","single_word":true}],` + wordPiece + `}`:                                                  `added token 5: the setting "single_word"`,
		`{"pre_tokenizer":{"type":"ByteLevel"},` + wordPiece + `}`:                                                                        "the pre-tokenizer ByteLevel with the model WordPiece is unknown",
		`{"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"ByteLevel"},{"type":"BertPreTokenizer"}]},"model":{"type":"BPE"}}`: "a pre-tokenizer after ByteLevel is unknown",
		`{"model":{"type":"BPE","vocab":{},"merges":[]}}`:                                                                                 "a BPE model without the pre-tokenizer ByteLevel",
		bpe(`,"dropout":0.1`):                   `the setting "dropout" of BPE`,
		bpe(`,"byte_fallback":true`):            `the setting "byte_fallback" of BPE`,
		bpe(`,"continuing_subword_prefix":"x"`): `the setting "continuing_subword_prefix" of BPE`,
		bpe(`,"end_of_word_suffix":"x"`):        `the setting "end_of_word_suffix" of BPE`,
		bpe(`,"unk_token":"x"`):                 "BPE: its vocabulary has no token x",
		bpe(`,"merges":["b a"]`):                "merge 1 joins tokens that are not in the vocabulary",
		bpe(`,"merges":["a b c"]`):              "a merge is not two tokens with a space between",
		bpe(`,"merges":[7]`):                    "a merge is neither a text nor a list of two tokens",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gave %v, want %s", text, err, want)
		}
	}
}

func TestUnigramErrors(t *testing.T) {
	model := func(settings string) string { return `{"model":{"type":"Unigram",` + settings + `}}` }
	with := func(part, settings string) string {
		return `{"` + part + `":{` + settings + `},"model":{"type":"Unigram","unk_id":0,"vocab":[["u",0]]}}`
	}
	precompiled := func(data string) string {
		return with("normalizer", `"type":"Precompiled","precompiled_charsmap":"`+base64.StdEncoding.EncodeToString([]byte(data))+`"`)
	}
	units := func(units ...uint32) string {
		return string(binary.LittleEndian.AppendUint32(nil, uint32(len(units)*4))) + string(littleEndian(units))
	}
	trie := make([]uint32, 1024) // the text "a" ends at 512, whose value is to follow
	trie[0], trie[256^'a'] = 256<<10, (256^'a'^512)<<10|1<<8|'a'
	valued := func(value uint32) string {
		trie[512] = 1<<31 | value
		return units(trie...)
	}
	for text, want := range map[string]string{
		model(`"vocab":[["a",0]]`):                                                             "Unigram has no unk_id",
		model(`"unk_id":1,"vocab":[["a",0]]`):                                                  "the unk_id of Unigram is 1, and its vocabulary has 1 pieces",
		model(`"unk_id":-1,"vocab":[["a",0]]`):                                                 "the unk_id of Unigram is -1",
		model(`"unk_id":0,"vocab":[]`):                                                         "its vocabulary has 0 pieces",
		model(`"unk_id":0,"vocab":{"a":0}`):                                                    "Unigram: json",
		model(`"unk_id":0,"vocab":[["a"]]`):                                                    "a piece is not a list of a text and a score",
		model(`"unk_id":0,"vocab":[["a",0,0]]`):                                                "a piece is not a list of a text and a score",
		model(`"unk_id":0,"vocab":[null]`):                                                     "a piece is not a list of a text and a score",
		model(`"unk_id":0,"vocab":[["a","NaN"]]`):                                              "a score is not a number",
		model(`"unk_id":0,"vocab":[["a",null]]`):                                               "a score is not a number",
		model(`"unk_id":0,"vocab":[["a",-1e400]]`):                                             "the score -1e400 is too large",
		model(`"unk_id":0,"vocab":[["a",1e99999999999999999999]]`):                             "the exponent of the score 1e99999999999999999999 is too large",
		model(`"unk_id":0,"vocab":[["` + strings.Repeat("a", 1025) + `",0]]`):                  "piece 0 of Unigram has 1025 bytes; the limit is 1024",
		with("pre_tokenizer", `"type":"Metaspace"`):                                            "the replacement of Metaspace is not one character",
		with("pre_tokenizer", `"type":"Metaspace","replacement":"_","prepend_scheme":"last"`):  `the prepend_scheme of Metaspace is "last"`,
		with("pre_tokenizer", `"type":"Metaspace","replacement":"_","add_prefix_space":false`): `the add_prefix_space of Metaspace is false, and its prepend_scheme is "always"`,
		with("pre_tokenizer", `"type":"Sequence","pretokenizers":[{"type":"Metaspace","replacement":"_","prepend_scheme":"first"}]`):                      `the setting "prepend_scheme" of a Metaspace in a Sequence`,
		strings.Replace(with("pre_tokenizer", `"type":"Metaspace","replacement":"_","prepend_scheme":"first"`), "{", `{"normalizer":{"type":"NFKC"},`, 1): `the prepend_scheme "first" of Metaspace, after a normalizer`,
		with("normalizer", `"type":"Replace","pattern":{"Regex":"[ab]"},"content":""`):                                                                    `the setting "pattern" of Replace`,
		with("normalizer", `"type":"Precompiled","precompiled_charsmap":"?"`):                                                                             "precompiled_charsmap is not base64",
		with("normalizer", `"type":"Precompiled","precompiled_charsmap":null`):                                                                            "precompiled_charsmap is too short",
		precompiled("\x00\x00\x00"):         "precompiled_charsmap is too short",
		precompiled("\x00\x00\x00\x00"):     "precompiled_charsmap is shorter than its trie",
		precompiled("\x08\x00\x00\x00xxx"):  "precompiled_charsmap is shorter than its trie",
		precompiled("\xff\xff\xff\xffxxxx"): "precompiled_charsmap is shorter than its trie",
		precompiled(units(1 << 30)):         "the trie in precompiled_charsmap points outside itself",
		precompiled(units(trie[:512]...)):   "the trie in precompiled_charsmap points outside itself",
		precompiled(valued(3) + "\u00e9"):   "the trie in precompiled_charsmap points outside the replacements",
		precompiled(valued(1) + "\u00e9"):   "the trie in precompiled_charsmap points outside the replacements",
		precompiled(valued(0) + "\xff"):     "a replacement in precompiled_charsmap is not UTF-8",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.200s gave %v, want %s", text, err, want)
		}
	}
}

func littleEndian(units []uint32) (data []byte) {
	for _, u := range units {
		data = binary.LittleEndian.AppendUint32(data, u)
	}
	return data
}

// TestPieces: the best sum of scores wins, of equal sums the longest last piece, of equal pieces the last, and a stretch of unknown
// characters is one id, or its bytes.
func TestPieces(t *testing.T) {
	for settings, ids := range map[string]map[string][]int64{
		`"vocab":[["u",0],["a",-1],["b",-1],["ab",-3],["abc",-2],["b",-1]]`: {
			"": nil, "ab": {1, 5}, "abc": {4}, "abcab": {4, 1, 5}, "x": {0}, "xyz": {0}, "axyb": {1, 0, 5}, "u": {0}, "xux": {0}, "a\x00é": {1, 0},
		},
		`"vocab":[["u",0],["aa",-2],["a",-1],["<0x78>",-9],["<0xC3>",-9],["<0xA9>",-9]],"byte_fallback":true`: {
			"aaa": {2, 1}, "x": {3}, "xé": {3, 4, 5}, "xy": {0}, "u": {0}, "<0x78>": {3},
		},
	} {
		tokenizer, err := Parse([]byte(`{"model":{"type":"Unigram","unk_id":0,` + settings + `}}`))
		if err != nil {
			t.Fatal(err)
		}
		for text, want := range ids {
			if got, _ := tokenizer.Encode(text, 100); !slices.Equal(got, want) {
				t.Errorf("%q gave %v, want %v", text, got, want)
			}
		}
		if tokenizer.Kind() != "Unigram" || tokenizer.MaxID() != 5 {
			t.Errorf("got a %s tokenizer with ids up to %d", tokenizer.Kind(), tokenizer.MaxID())
		}
	}
}

// TestAddedSpaces: the spaces that an added token takes in may be tokens themselves. The ids are the library's.
func TestAddedSpaces(t *testing.T) {
	for sides, want := range map[string][3][]int64{
		`"rstrip":true`:               {{1, 2, 2, 2, 1}, {2, 1}, {2, 2}},
		`"lstrip":true`:               {{1, 2, 2, 2, 1}, {2, 1}, {2, 2}},
		`"lstrip":true,"rstrip":true`: {{1, 2, 1}, {2, 1}, {2}},
	} {
		tokenizer, err := Parse([]byte(`{"added_tokens":[{"id":2,"content":" ",` + sides + `}],"model":{"type":"Unigram","unk_id":0,"vocab":[["u",0],["a",-1]]}}`))
		if err != nil {
			t.Fatal(err)
		}
		for i, text := range []string{"a   a", " a", "  "} {
			if got, _ := tokenizer.Encode(text, 100); !slices.Equal(got, want[i]) {
				t.Errorf("%s: %q gave %v, want %v", sides, text, got, want[i])
			}
		}
	}
}

// TestFirst: Metaspace puts a mark before the text if the first character is still there. The ids are the library's.
func TestFirst(t *testing.T) {
	for normalizer, want := range map[string][6][]int64{
		`null`: {{1, 2, 1, 2}, {1, 2}, {1, 3, 3, 2}, {1, 3, 4, 2}, {4, 2}, {1, 1, 2}},
		`{"type":"Strip","strip_left":true,"strip_right":true}`:        {{1, 2, 1, 2}, {2}, {1, 3, 3, 2}, {1, 3, 4, 2}, {4, 2}, {2}},
		`{"type":"Replace","pattern":{"String":"bb"},"content":"a"}`:   {{1, 2, 1, 2}, {1, 2}, {2, 2}, {1, 3, 4, 2}, {4, 2}, {1, 1, 2}},
		`{"type":"Replace","pattern":{"Regex":" {2,}"},"content":"a"}`: {{1, 2, 1, 2}, {1, 2}, {1, 3, 3, 2}, {1, 3, 4, 2}, {4, 2}, {2, 2}},
		`{"type":"Prepend","prepend":"b"}`:                             {{1, 3, 2, 1, 2}, {1, 3, 1, 2}, {1, 3, 3, 3, 2}, {1, 3, 3, 4, 3, 2}, {4, 3, 2}, {1, 3, 1, 1, 2}},
	} {
		tokenizer, err := Parse([]byte(`{"added_tokens":[{"id":4,"content":"|"}],"normalizer":` + normalizer + `,` +
			`"pre_tokenizer":{"type":"Metaspace","replacement":"_","prepend_scheme":"first"},` +
			`"model":{"type":"Unigram","unk_id":0,"vocab":[["u",0],["_",-1],["a",-1],["b",-1]]}}`))
		if err != nil {
			t.Fatal(err)
		}
		for i, text := range []string{"a a", " a", "bba", "b|a", "|a", "  a"} {
			if got, _ := tokenizer.Encode(text, 100); !slices.Equal(got, want[i]) {
				t.Errorf("%s: %q gave %v, want %v", normalizer, text, got, want[i])
			}
		}
	}
}

// TestScores: a score is read as Hugging Face's library reads it, which is not always the nearest float.
func TestScores(t *testing.T) {
	for text, want := range map[string]float64{
		"-3.7264628410339355": -3.726462841033935, "0": 0, "1e5": 1e5, "-1E-5": -1e-5, "1.5e+3": 1500,
		"18446744073709551615": 1.8446744073709552e+19, "123456789012345678901234567890": 1.2345678901234568e+29,
		"184467440737095516160.12345": 1.844674407370955e+20, "1844674407370955161.65": 1.8446744073709553e+18,
		"0.1234567890123456789012345": 0.12345678901234568, "2.5e-320": 2.5e-320, "1e-400": 0, "0e999": 0, "123456789e-330": 1.24e-322,
	} {
		if got, err := parseScore(text); got != want || err != nil {
			t.Errorf("%s gave %v (%v), want %v", text, got, err, want)
		}
	}
}

// TestUnknownBytes: bytes without a token are dropped, unknown, or one unknown for a run of them.
func TestUnknownBytes(t *testing.T) {
	for settings, want := range map[string][]int64{``: {2, 0}, `,"unk_token":"u"`: {2, 3, 3, 0, 3}, `,"unk_token":"u","fuse_unk":true`: {2, 3, 0, 3}} {
		tokenizer, err := Parse([]byte(`{"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"use_regex":false},` +
			`"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2,"u":3},"merges":[["a","b"]]` + settings + `}}`))
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := tokenizer.Encode("abxya-", 100); !slices.Equal(got, want) {
			t.Errorf("%s gave %v, want %v", settings, got, want)
		}
	}
}

// FuzzParse: any tokenizer.json is refused or gives a tokenizer that does not fail.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"added_tokens":[{"id":1,"content":"x","lstrip":true}],"normalizer":{"type":"BertNormalizer"},"pre_tokenizer":{"type":"BertPreTokenizer"},` +
		`"post_processor":{"type":"BertProcessing","cls":["c",1],"sep":["s",2]},"model":{"type":"WordPiece","vocab":{"[UNK]":0,"a":1}}}`))
	f.Add([]byte(`{"normalizer":{"type":"Replace","pattern":{"String":"a"},"content":"b"},"pre_tokenizer":{"type":"ByteLevel"},"post_processor":{"type":"TemplateProcessing",` +
		`"single":[{"Sequence":{"id":"A","type_id":0}}]},"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}}`))
	f.Add([]byte(`{"normalizer":{"type":"Sequence","normalizers":[{"type":"Nmt"},{"type":"Strip","strip_left":true},{"type":"Replace","pattern":{"Regex":" {2,}"},` +
		`"content":"x"}]},"pre_tokenizer":{"type":"Metaspace","replacement":"_","prepend_scheme":"first","split":false},"model":{"type":"Unigram","unk_id":0,` +
		`"vocab":[["u",0.0],["_a",-1.5],["<0xC3>",-2e1]],"byte_fallback":true}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		tokenizer, err := Parse(data)
		if err != nil || tokenizer.Check(8) != nil {
			return
		}
		if ids, _ := tokenizer.Encode("a x b é 中", 8); len(ids) > 8 {
			t.Fatalf("%d ids, want at most 8", len(ids))
		}
	})
}

// FuzzEncode compares each tokenizer with a plain one: BPE merges pair by pair, Unigram looks all pieces up, and a cut text has the
// first ids of the whole.
func FuzzEncode(f *testing.F) {
	for _, text := range append(texts(f)[:50], generate(f, true)[:50]...) {
		f.Add(text)
	}
	var recorded reference
	readJSON(f, "testdata/reference.json", &recorded)
	tokenizers, plain := map[string]*Tokenizer{}, map[string]func(string) []int64{}
	for kind := range recorded.Kinds {
		tokenizers[kind] = recorded.open(f, kind)
		switch m := tokenizers[kind].model.(type) {
		case *byteLevel:
			if !m.whole {
				plain[kind] = m.plain
			}
		case *unigram:
			plain[kind] = m.plain()
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || len(text) > 2000 {
			return
		}
		for kind, tokenizer := range tokenizers {
			checkEncode(t, kind, tokenizer, text)
			if plain[kind] == nil {
				continue
			}
			if got, want := tokenizer.model.append(nil, text), plain[kind](text); !slices.Equal(got, want) {
				t.Fatalf("%s %q: %v, want %v", kind, text, got, want)
			}
		}
	})
}

func checkEncode(t *testing.T, kind string, tokenizer *Tokenizer, text string) {
	whole, _ := tokenizer.Encode(text, unlimited)
	short, cut := tokenizer.Encode(text, 16)
	markers := len(tokenizer.before) + len(tokenizer.after)
	inner := whole[len(tokenizer.before) : len(whole)-len(tokenizer.after)]
	want := slices.Concat(tokenizer.before, inner[:min(len(inner), 16-markers)], tokenizer.after)
	if !slices.Equal(short, want) || cut != (len(whole) > 16) {
		t.Fatalf("%s %q: cut to %v, want %v", kind, text, short, want)
	}
}

// plain returns a function that compares the scores of all pieces that end at a place, without the trie.
func (u *unigram) plain() func(word string) []int64 {
	pieces, longest := map[string]int64{}, utf8.UTFMax
	for id, text := range u.texts() {
		pieces[text], longest = id, max(longest, len(text))
	}
	return func(word string) []int64 {
		best, unknown, from := make([]float64, len(word)+1), make([]bool, len(word)+1), make([]int, len(word)+1)
		for end := 1; end <= len(word); end++ {
			from[end] = -1
			for start := max(0, end-longest); start < end; start++ {
				id, known := pieces[word[start:end]]
				if _, size := utf8.DecodeRuneInString(word[start:]); !utf8.RuneStart(word[start]) || !known && start+size != end {
					continue
				}
				score := u.penalty + best[start]
				if known {
					score = u.scores[id] + best[start]
				}
				if from[end] < 0 || score > best[end] {
					best[end], from[end], unknown[end] = score, start, !known || id == u.unknown
				}
			}
		}
		return u.idsOf(stretches(word, from, unknown), pieces)
	}
}

// stretches returns the pieces of the way back from the end, with unknown neighbours as one.
func stretches(word string, from []int, unknown []bool) (stretches []string) {
	for end := len(word); end > 0; {
		start := from[end]
		for unknown[end] && start > 0 && unknown[start] {
			start = from[start]
		}
		stretches = append(stretches, word[start:end])
		end = start
	}
	slices.Reverse(stretches)
	return stretches
}

// idsOf returns the ids of pieces and of unknown stretches.
func (u *unigram) idsOf(stretches []string, pieces map[string]int64) (ids []int64) {
	for _, stretch := range stretches {
		id, known := pieces[stretch]
		if !known {
			id = u.unknown
		}
		spelled := make([]int64, len(stretch))
		for i := range len(stretch) {
			if byteID, ok := pieces[fmt.Sprintf("<0x%02X>", stretch[i])]; ok {
				spelled[i] = byteID
			}
		}
		if known || !u.bytewise || slices.Contains(spelled, 0) {
			spelled = []int64{id}
		}
		ids = append(ids, spelled...)
	}
	return ids
}

// texts returns the texts in the trie with their ids.
func (u *unigram) texts() map[int64]string {
	texts, all := map[int32]string{}, map[int64]string{}
	for at, n := range u.trie.nodes {
		for child := n.first; child < n.first+int32(n.children); child++ {
			texts[child] = texts[int32(at)] + string(u.trie.labels[child:child+1])
		}
		if n.id != missing {
			all[int64(n.id)] = texts[int32(at)]
		}
	}
	return all
}

// FuzzCharsmap: any table is refused or gives a normalizer that does not fail, and that counts its characters right.
func FuzzCharsmap(f *testing.F) {
	data, err := base64.StdEncoding.DecodeString(table(f))
	if err != nil {
		f.Fatal(err)
	}
	known, err := readCharsmap(table(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data[:4096], "\uff21\u0301")
	for _, text := range generate(f, true)[:50] {
		f.Add([]byte(nil), text)
	}
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		m, err := readCharsmap(base64.StdEncoding.EncodeToString(data))
		if err != nil {
			m = known
		}
		changed := m.normalize(text)
		if utf8.ValidString(text) && (m.lead(text, len(text)) > len(changed) || m.lead(text, 0) > 0) {
			t.Fatalf("%q became %q, of which %d bytes stand for it", text, changed, m.lead(text, len(text)))
		}
	})
}

// plain is BPE as its paper has it: find the best pair, join it, and begin again.
func (b *byteLevel) plain(word string) []int64 {
	var ids []int64
	for _, s := range b.symbols(word) {
		ids = append(ids, s.id)
	}
	for {
		best, at := merge{rank: 1 << 30}, -1
		for i := range len(ids) - 1 {
			if m, ok := b.merges[[2]int64{ids[i], ids[i+1]}]; ok && m.rank < best.rank {
				best, at = m, i
			}
		}
		if at < 0 {
			return ids
		}
		ids[at] = best.id
		ids = slices.Delete(ids, at+1, at+2)
	}
}

func BenchmarkEncode(b *testing.B) {
	var recorded reference
	readJSON(b, "testdata/reference.json", &recorded)
	for _, kind := range []string{"uncased", "roberta", "xlm-roberta", "albert"} {
		b.Run(kind, func(b *testing.B) {
			tokenizer := recorded.open(b, kind)
			b.ReportAllocs()
			for b.Loop() {
				tokenizer.Encode("I was feeling rather gloomy until my sister called, and now I'm over the moon!", 128)
			}
		})
	}
}
