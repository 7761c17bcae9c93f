package model

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func length(text string) []int64 { return []int64{int64(len(text))} }

func TestClassifierRanks(t *testing.T) {
	scores := func(ids []int64) ([]float32, error) {
		if ids[0] == 0 {
			return []float32{0.25, 0.5, 0.25}, nil
		}
		return []float32{0, 0, 1}, nil
	}
	classifier := NewClassifier([]string{"a", "b", "c"}, length, scores, 1)
	got, err := classifier.Predict(t.Context(), []string{"", "x"})
	if err != nil {
		t.Fatal(err)
	}
	want := []Prediction{
		{{"b", 0.5}, {"a", 0.25}, {"c", 0.25}},
		{{"c", 1}, {"a", 0}, {"b", 0}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestClassifierErrors(t *testing.T) {
	broken := errors.New("the network is broken")
	for name, test := range map[string]struct {
		scores []float32
		err    error
		want   string
	}{
		"network":    {nil, broken, "the network is broken"},
		"too few":    {[]float32{1}, nil, "1 scores for 2 labels"},
		"NaN":        {[]float32{0, float32(math.NaN())}, nil, `label "b" the score NaN`},
		"no softmax": {[]float32{-3, 4}, nil, `label "a" the score -3`},
	} {
		t.Run(name, func(t *testing.T) {
			scores := func([]int64) ([]float32, error) { return test.scores, test.err }
			_, err := NewClassifier([]string{"a", "b"}, length, scores, 1).Predict(t.Context(), []string{"x"})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Predict: %v, want an error with %q", err, test.want)
			}
		})
	}
}

// TestClassifierBounds: while one caller uses the only slot, the next caller waits until its context is cancelled.
func TestClassifierBounds(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	scores := func([]int64) ([]float32, error) {
		entered <- struct{}{}
		<-leave
		return []float32{1}, nil
	}
	classifier := NewClassifier([]string{"a"}, length, scores, 1)
	first := make(chan error)
	go func() {
		_, err := classifier.Predict(t.Context(), []string{"first"})
		first <- err
	}()
	<-entered

	ctx, cancel := context.WithCancel(t.Context())
	second := make(chan error)
	go func() {
		_, err := classifier.Predict(ctx, []string{"second"})
		second <- err
	}()
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("the second caller got %v, want context.Canceled", err)
	}
	close(leave)
	if err := <-first; err != nil {
		t.Errorf("the first caller got %v", err)
	}
}

func TestReadConfig(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"good":        {`{"labels":["a","b"],"max_tokens":64}`, ""},
		"no labels":   {`{"max_tokens":64}`, "no labels"},
		"twice":       {`{"labels":["a","a"],"max_tokens":64}`, `label "a" is listed twice`},
		"unknown key": {`{"labels":["a"],"max_token":64}`, `unknown field "max_token"`},
		"not JSON":    {`labels: [a]`, "invalid character"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config.json")
			if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := ReadConfig(path)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("ReadConfig: %v, want %q", err, test.want)
			}
		})
	}
	if _, err := ReadConfig("none.json"); err == nil || !strings.Contains(err.Error(), "none.json") {
		t.Errorf("ReadConfig of a missing file: %v", err)
	}
}
