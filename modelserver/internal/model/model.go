// Package model classifies texts: the input is a list of texts, the output is every label with its score for each text.
package model

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// Score is one label with its probability, 0 to 1. The scores of a text add up to 1.
type Score struct {
	Label string  `json:"label"`
	Score float32 `json:"score"`
}

// Prediction holds all labels for one text, sorted by score, highest first.
type Prediction []Score

// Model returns one prediction for each text, in the order of the texts. It is safe for concurrent use. When ctx is done,
// it returns early with ctx's error.
type Model interface {
	Predict(ctx context.Context, texts []string) ([]Prediction, error)
}

// Func is a Model made of a function of one text, for tests without a network.
type Func func(text string) Prediction

// Predict calls f for each text in turn.
func (f Func) Predict(_ context.Context, texts []string) ([]Prediction, error) {
	predictions := make([]Prediction, len(texts))
	for i, text := range texts {
		predictions[i] = f(text)
	}
	return predictions, nil
}

// Classifier is a Model that joins a tokenizer, a network, and the names of the network's outputs.
type Classifier struct {
	labels []string
	encode func(text string) []int64
	scores func(ids []int64) ([]float32, error)
	slots  chan struct{}
}

// NewClassifier returns a Classifier that calls scores for at most parallel texts at a time.
func NewClassifier(labels []string, encode func(string) []int64, scores func([]int64) ([]float32, error), parallel int) *Classifier {
	return &Classifier{labels: labels, encode: encode, scores: scores, slots: make(chan struct{}, parallel)}
}

// Predict runs each text on its own. An int8 network scales its activations by all texts of a run, so in a shared run the
// scores of a text would depend on the other texts.
func (c *Classifier) Predict(ctx context.Context, texts []string) ([]Prediction, error) {
	predictions := make([]Prediction, len(texts))
	for i, text := range texts {
		prediction, err := c.predictOne(ctx, text)
		if err != nil {
			return nil, err
		}
		predictions[i] = prediction
	}
	return predictions, nil
}

func (c *Classifier) predictOne(ctx context.Context, text string) (Prediction, error) {
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

// ranked pairs labels with scores, highest score first. Equal scores keep the order of the labels.
func ranked(labels []string, scores []float32) (Prediction, error) {
	if len(scores) != len(labels) {
		return nil, fmt.Errorf("the model gave %d scores for %d labels; its config.json belongs to another model", len(scores), len(labels))
	}
	prediction := make(Prediction, len(labels))
	for i, label := range labels {
		if !(scores[i] >= 0 && scores[i] <= 1) { // also catches NaN, which JSON cannot hold
			return nil, fmt.Errorf("the model gave label %q the score %v, want 0 to 1; its last layer must be a softmax", label, scores[i])
		}
		prediction[i] = Score{label, scores[i]}
	}
	slices.SortStableFunc(prediction, func(a, b Score) int { return cmp.Compare(b.Score, a.Score) })
	return prediction, nil
}
