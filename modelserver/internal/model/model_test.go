package model

import (
	"fmt"
	"log/slog"
	"math"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/moodring/moodring/modelserver/internal/metric"
	"github.com/moodring/moodring/modelserver/internal/modeltest"
	"github.com/moodring/moodring/modelserver/internal/onnx"
)

var library *onnx.Runtime

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run starts ONNX Runtime at the first use, because a process has it once.
func run(m *testing.M) int {
	code := m.Run()
	if library != nil {
		if err := library.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return code
}

func options(t testing.TB) Options {
	t.Helper()
	if library == nil {
		started, err := onnx.Start(modeltest.Library(t))
		if err != nil {
			t.Fatal(err)
		}
		library = started
	}
	return Options{Runtime: library, Truncate: true, Queue: 4096, Timeout: 10 * time.Second, Metrics: metric.New(), Log: slog.New(slog.DiscardHandler)}
}

func open(t testing.TB, dir string, o Options) *Model {
	t.Helper()
	m, err := Open("m", dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// network returns a folder whose network is n with the usual weights.
func network(n modeltest.Network) modeltest.Files {
	n.Weights = modeltest.Weights
	return modeltest.Folder().With("model.onnx", string(n.Encode()))
}

const config = `{"id2label":{"0":"good","1":"bad"},"vocab_size":10,"max_position_embeddings":16`

// unigram is a tokenizer.json of modeltest.Words as pieces.
const unigram = `{"normalizer":{"type":"Replace","pattern":{"Regex":" {2,}"},"content":" "},
"pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"},
"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}},
 {"SpecialToken":{"id":"[SEP]","type_id":0}}],"special_tokens":{"[CLS]":{"ids":[2]},"[SEP]":{"ids":[3]}}},
"model":{"type":"Unigram","unk_id":1,"vocab":[["[PAD]",0],["[UNK]",0],["[CLS]",0],["[SEP]",0],
 ["▁good",-2.5],["▁bad",-2.5],["▁so",-3.5],["▁very",-3.5],["ly",-4.5],["!",-4.5]]}}`

// TestFolders reads folders of every kind that optimum exports. The text "very good" has the logits 2.25 and 0.
func TestFolders(t *testing.T) {
	softmax := "good 0.9047 bad 0.0953 of 16"
	for name, test := range map[string]struct {
		files modeltest.Files
		want  string
	}{
		"vocab.txt":           {modeltest.Folder(), softmax},
		"tokenizer.json":      {modeltest.Folder().With("vocab.txt", "").With("tokenizer.json", modeltest.Tokenizer(t)), softmax},
		"tokenizer.json wins": {modeltest.Folder().With("vocab.txt", "wrong").With("tokenizer.json", modeltest.Tokenizer(t)), softmax},
		"quantised name":      {rename(modeltest.Folder(), "model.onnx", "model_quantized.onnx"), softmax},
		"folder onnx":         {rename(modeltest.Folder(), "model.onnx", "onnx/model.onnx"), softmax},
		"folder onnx, int8":   {rename(modeltest.Folder(), "model.onnx", "onnx/model_quantized.onnx"), softmax},
		"token types":         {network(modeltest.Network{Inputs: []string{"input_ids", "token_type_ids", "attention_mask"}}), softmax},
		"ids alone":           {network(modeltest.Network{Inputs: []string{"input_ids"}}), softmax},
		"int32":               {network(modeltest.Network{Narrow: true}), softmax},
		"one text a run":      {network(modeltest.Network{OneRow: true}), softmax},
		"scores":              {network(modeltest.Network{Output: "scores"}), "good 2.2500 bad 0.0000 of 16"},
		"single label":        {modeltest.Folder().With("config.json", config+`,"problem_type":"single_label_classification"}`), softmax},
		"multi label":         {modeltest.Folder().With("config.json", config+`,"problem_type":"multi_label_classification"}`), "good 0.9047 bad 0.5000 of 16"},
		"regression":          {modeltest.Folder().With("config.json", config+`,"problem_type":"regression"}`), "good 2.2500 bad 0.0000 of 16"},
		"no names":            {modeltest.Folder().With("config.json", `{"problem_type":null}`), "LABEL_0 0.9047 LABEL_1 0.0953 of 512"},
		"one name":            {modeltest.Folder().With("config.json", `{"id2label":{"1":"bad"}}`), "LABEL_0 0.9047 bad 0.0953 of 512"},
		"tokenizer's limit":   {modeltest.Folder().With("tokenizer_config.json", `{"model_max_length":8}`), "good 0.9047 bad 0.0953 of 8"},
		"no limit":            {modeltest.Folder().With("tokenizer_config.json", `{"model_max_length":1000000000000000019884624838656}`), softmax},
		"RoBERTa's positions": {modeltest.Folder().With("config.json", config+`,"model_type":"roberta"}`), "good 0.9047 bad 0.0953 of 14"},
		"XLM-R":               {modeltest.Folder().With("tokenizer.json", unigram).With("config.json", config+`,"model_type":"xlm-roberta"}`), "good 0.9047 bad 0.0953 of 14"},
		"DistilBERT":          {modeltest.Folder().With("config.json", config+`,"model_type":"distilbert"}`), softmax},
	} {
		t.Run(name, func(t *testing.T) {
			m := open(t, test.files.Write(t), options(t))
			answer, err := m.Predict(t.Context(), []string{"very good"})
			if err != nil {
				t.Fatal(err)
			}
			row := answer.Rows[0]
			got := fmt.Sprintf("%s %.4f %s %.4f of %d", answer.Labels[0], row[0], answer.Labels[1], row[1], m.MaxTokens())
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func rename(files modeltest.Files, from, to string) modeltest.Files {
	return files.With(to, files[from]).With(from, "")
}

// TestFolderErrors: each error names the file, the fault, and what to do.
func TestFolderErrors(t *testing.T) {
	tokenizer := func(from, to string) modeltest.Files {
		return modeltest.Folder().With("tokenizer.json", strings.Replace(modeltest.Tokenizer(t), from, to, 1))
	}
	for name, test := range map[string]struct {
		files modeltest.Files
		want  string
	}{
		"empty":                {modeltest.Files{}, "has no network; it needs one of model.onnx, model_quantized.onnx, onnx/model.onnx, onnx/model_quantized.onnx"},
		"no configuration":     {modeltest.Folder().With("config.json", ""), "config.json: no such file"},
		"broken configuration": {modeltest.Folder().With("config.json", "{"), "config.json: unexpected end of JSON"},
		"no tokenizer":         {modeltest.Folder().With("vocab.txt", ""), "neither tokenizer.json nor vocab.txt is in "},
		"no network":           {modeltest.Folder().With("model.onnx", "text"), "model.onnx is no ONNX file"},
		"cut network":          {modeltest.Folder().With("model.onnx", modeltest.Folder()["model.onnx"][:200]), "model.onnx is no ONNX file"},
		"two same labels":      {modeltest.Folder().With("config.json", `{"id2label":{"0":"a","1":"a"}}`), `names the label "a" twice`},
		"too many labels":      {modeltest.Folder().With("config.json", `{"id2label":{"0":"a","1":"b","2":"c"}}`), "names 3 labels, and the network has 2 outputs"},
		"strange id":           {modeltest.Folder().With("config.json", `{"id2label":{"x":"a"}}`), `has the id "x"; want 0 to 1`},
		"strange problem":      {modeltest.Folder().With("config.json", `{"problem_type":"token"}`), `problem_type "token" is unknown`},
		"strange input":        {network(modeltest.Network{Inputs: []string{"input_ids", "pixels"}}), `input "pixels" is unknown`},
		"left side":            {modeltest.Folder().With("tokenizer_config.json", `{"truncation_side":"left"}`), `cut on the side "left"`},
		"no space":             {modeltest.Folder().With("tokenizer_config.json", `{"model_max_length":2}`), "2 tokens a text leave none for the text"},
		"other vocabulary":     {modeltest.Folder().With("config.json", `{"vocab_size":9}`), "the tokenizer has the id 9, and the network's vocabulary has 9 ids"},
		"vocabulary of words":  {modeltest.Folder().With("vocab.txt", "one\n"), "it is no BERT vocabulary"},
		"normalizer":           {tokenizer("BertNormalizer", "Other"), `the normalizer "Other" is unknown to this server`},
		"pre-tokenizer":        {tokenizer("BertPreTokenizer", "UnicodeScripts"), `the pre-tokenizer "UnicodeScripts" is unknown`},
		"post-processor":       {tokenizer("BertProcessing", "Other"), `the post-processor "Other" is unknown`},
		"model":                {tokenizer("WordPiece", "WordLevel"), `the model "WordLevel" is unknown`},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := Open("m", test.files.Write(t), options(t))
			if err == nil {
				t.Fatal(m.Close(), "the folder was loaded")
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestTruncation(t *testing.T) {
	long := strings.Repeat("good ", 15)
	cuts := options(t)
	answer, err := open(t, modeltest.Folder().Write(t), cuts).Predict(t.Context(), []string{long, "good", long[:len(long)-5]})
	if err != nil || answer.Truncated != 1 {
		t.Errorf("%v texts were cut (%v), want 1: 14 words and 2 markers fit into 16 tokens", answer, err)
	}
	refuses := options(t)
	refuses.Truncate = false
	_, err = open(t, modeltest.Folder().Write(t), refuses).Predict(t.Context(), []string{"good", long})
	if err == nil || !strings.Contains(err.Error(), "text 2 is longer than the model's 16 tokens") {
		t.Errorf("got %v", err)
	}
}

// TestNeighbours: every score of a text is the same alone, in a batch of 32, and among 64 callers; for a network whose
// quantisation depends on the batch, and for a network that runs texts together.
func TestNeighbours(t *testing.T) {
	var texts []string
	for i := range 32 {
		texts = append(texts, strings.TrimSpace(strings.Repeat("good ", i%5)+strings.Repeat("bad ", i%7)+strings.Repeat("so ", i%3)))
	}
	for name, test := range map[string]struct {
		files    modeltest.Files
		batching string
	}{
		"dynamic":          {network(modeltest.Network{Dynamic: true}), "no: the network's DynamicQuantizeLinear scales its input by all texts of a run"},
		"float":            {modeltest.Folder(), "up to 16 texts of similar length"},
		"unmasked padding": {network(modeltest.Network{Inputs: []string{"input_ids"}}), "no: a text's scores moved by"},
		"one text":         {network(modeltest.Network{OneRow: true}), "no: the network does not run several texts"},
	} {
		t.Run(name, func(t *testing.T) {
			m := open(t, test.files.Write(t), options(t))
			if !strings.HasPrefix(m.Batching(), test.batching) {
				t.Errorf("batching %q, want %q", m.Batching(), test.batching)
			}
			checkNeighbours(t, m, texts)
		})
	}
}

func checkNeighbours(t *testing.T, m *Model, texts []string) {
	t.Helper()
	alone := make([][]float32, len(texts))
	for i, text := range texts {
		answer, err := m.Predict(t.Context(), []string{text})
		if err != nil {
			t.Fatal(err)
		}
		alone[i] = answer.Rows[0]
	}
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			answer, err := m.Predict(t.Context(), texts)
			if err != nil {
				if !strings.Contains(err.Error(), "full") {
					t.Error(err)
				}
				return
			}
			for i, row := range answer.Rows {
				if d := largestDifference(row, alone[i]); d > 2e-4 {
					t.Errorf("%q: the scores moved by %v", texts[i], d)
				}
			}
		})
	}
	group.Wait()
}

func TestActivateErrors(t *testing.T) {
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
		if err := activate("none", []float32{0, bad}); err == nil || !strings.Contains(err.Error(), "output 1 is") {
			t.Errorf("%v gave %v", bad, err)
		}
	}
}
