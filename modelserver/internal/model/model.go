// Package model is what the server asks: texts in, for each text every label with its score out.
package model

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// Score is one label, and how likely the model holds it to be: 0..1, all of a text's scores add up to 1.
type Score struct {
	Label string  `json:"label"`
	Score float32 `json:"score"`
}

// Answer is all labels of one text, the likeliest first.
type Answer []Score

// Model answers texts: one answer a text, in their order. It is safe for concurrent use and ends early,
// with ctx's error, when ctx is done.
type Model interface {
	Predict(ctx context.Context, texts []string) ([]Answer, error)
}

// Func is a Model made of a function of one text; tests of the protocol use it in place of a network.
type Func func(text string) Answer

// Predict answers each text in turn.
func (f Func) Predict(_ context.Context, texts []string) ([]Answer, error) {
	answers := make([]Answer, len(texts))
	for i, text := range texts {
		answers[i] = f(text)
	}
	return answers, nil
}

// Classifier is a Model of three parts: a tokenizer, a network, and the names of the network's outputs.
type Classifier struct {
	labels []string
	encode func(text string) []int64
	scores func(ids []int64) ([]float32, error)
	slots  chan struct{}
}

// NewClassifier joins the parts. At most parallel texts are in scores at once.
func NewClassifier(labels []string, encode func(string) []int64, scores func([]int64) ([]float32, error), parallel int) *Classifier {
	return &Classifier{labels: labels, encode: encode, scores: scores, slots: make(chan struct{}, parallel)}
}

// Predict runs each text on its own: an int8 network scales its activations by all it sees at once, so in a
// shared run a text's scores would depend on its neighbours.
func (c *Classifier) Predict(ctx context.Context, texts []string) ([]Answer, error) {
	answers := make([]Answer, len(texts))
	for i, text := range texts {
		answer, err := c.one(ctx, text)
		if err != nil {
			return nil, err
		}
		answers[i] = answer
	}
	return answers, nil
}

func (c *Classifier) one(ctx context.Context, text string) (Answer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	scores, err := c.scores(c.encode(text))
	if err != nil {
		return nil, err
	}
	return ranked(c.labels, scores)
}

// ranked pairs labels with scores, highest first; equal scores keep the order of the labels.
func ranked(labels []string, scores []float32) (Answer, error) {
	if len(scores) != len(labels) {
		return nil, fmt.Errorf("the model gave %d scores for %d labels; its config.json belongs to another model", len(scores), len(labels))
	}
	answer := make(Answer, len(labels))
	for i, label := range labels {
		if !(scores[i] >= 0 && scores[i] <= 1) { // also catches NaN, which JSON cannot hold
			return nil, fmt.Errorf("the model gave label %q the score %v, want 0 to 1; its last layer must be a softmax", label, scores[i])
		}
		answer[i] = Score{label, scores[i]}
	}
	slices.SortStableFunc(answer, func(a, b Score) int { return cmp.Compare(b.Score, a.Score) })
	return answer, nil
}
