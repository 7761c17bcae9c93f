package token

import (
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
		`{"model":{"type":"WordPiece","vocab":{}}}`:                                                                 "WordPiece: its vocabulary has no token [UNK]",
		`{"model":{"type":"WordPiece","vocab":[]}}`:                                                                 "WordPiece: json",
		`{"normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"NFKC"}]},` + wordPiece + `}`:       `the normalizer "NFKC" is unknown`,
		`{"normalizer":{"type":"Replace","pattern":{"Regex":"a"},"content":"b"},` + wordPiece + `}`:                 `the setting "pattern" of Replace is unknown`,
		`{"pre_tokenizer":{"type":"Split"},` + wordPiece + `}`:                                                      `the pre-tokenizer "Split" is unknown`,
		`{"post_processor":{"type":"TemplateProcessing","single":[]},` + wordPiece + `}`:                            `the setting "single" of TemplateProcessing is unknown`,
		`{"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x"}}]},` + wordPiece + `}`: "the marker x has no ids",
		`{"added_tokens":[{"id":5,"content":"x","single_word":true}],` + wordPiece + `}`:                            `added token 5: the setting "single_word"`,
		`{"model":{"type":"BPE","vocab":{},"merges":[]}}`:                                                           "a BPE model without the pre-tokenizer ByteLevel",
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

// FuzzEncode compares each tokenizer with a plain one: BPE merges pair by pair, and a cut text has the first ids of the whole.
func FuzzEncode(f *testing.F) {
	for _, text := range texts(f)[:50] {
		f.Add(text)
	}
	var recorded reference
	readJSON(f, "testdata/reference.json", &recorded)
	tokenizers := map[string]*Tokenizer{}
	for kind := range recorded.Kinds {
		tokenizers[kind] = recorded.open(f, kind)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || len(text) > 2000 {
			return
		}
		for kind, tokenizer := range tokenizers {
			checkEncode(t, kind, tokenizer, text)
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
	if b, ok := tokenizer.model.(*byteLevel); ok && !b.whole {
		if got, want := b.append(nil, text), b.plain(text); !slices.Equal(got, want) {
			t.Fatalf("%s %q: %v, want %v", kind, text, got, want)
		}
	}
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
	for _, kind := range []string{"uncased", "roberta"} {
		b.Run(kind, func(b *testing.B) {
			tokenizer := recorded.open(b, kind)
			b.ReportAllocs()
			for b.Loop() {
				tokenizer.Encode("I was feeling rather gloomy until my sister called, and now I'm over the moon!", 128)
			}
		})
	}
}
