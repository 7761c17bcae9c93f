package main

import (
	"encoding/json"
	"strconv"
	"strings"
)

// valueBounds are the buckets of the model that answers numbers.
var valueBounds = []float64{-2.5, 0, 10, 250000}

// otherShapes lists the reply formats of V1 that are objects, and the formats that
// need the option answer.
func otherShapes() []shape {
	withClasses := object{"classes": classes}
	each := func(write func(*generator, answered)) func(*generator, []answered) {
		return func(g *generator, batch []answered) { g.list(len(batch), func(i int) { write(g, batch[i]) }) }
	}
	inside := func(s shape, before, after string) shape {
		s.write = inJSON(before, each((*generator).scores), after)
		return s
	}
	single := v1("single object", nil, scoredLabel, nil)
	single.most, single.write = 1, inJSON("", func(g *generator, batch []answered) { g.single(batch[0]) }, "")
	ensemble := v1("ensemble", withClasses, vector, nil)
	ensemble.write = inJSON(`{"a":{"predictions":`, func(g *generator, batch []answered) {
		half := len(batch) / 2
		each((*generator).scores)(g, batch[:half])
		g.put(`},"b":{"predictions":`)
		each((*generator).scores)(g, batch[half:])
	}, `}}`)
	return []shape{
		v1("parallel", withClasses, vector, each((*generator).parallel)),
		v1("named", object{"answer": "class"}, vector, each((*generator).named)),
		v1("booleans", nil, boolean, each(func(g *generator, a answered) { g.put(a.labels[0]) })),
		v1("numbers", object{"answer": "number", "buckets": valueBounds}, value, each(func(g *generator, a answered) { g.number(a.scores[0]) })),
		v1("probability", object{"answer": "probability"}, positive, each(func(g *generator, a answered) { g.number(a.scores[1]) })),
		v1("plural", object{"answer": "labels", "classes": classes}, plural, each((*generator).scores)),
		inside(v1("columns", withClasses, vector, nil), `{"outputs":{"output_0":`, `}}`),
		inside(v1("column", withClasses, vector, nil), `{"outputs":`, `}`),
		inside(v1("seldon", withClasses, vector, nil), `{"data":{"names":["a"],"ndarray":`, `},"meta":{}}`),
		inside(v1("event", withClasses, vector, nil), `{"specversion":"1.0","id":"1","data":{"predictions":`, `}}`),
		inside(v1("seldon's names", object{"answer": "class"}, vector, nil), `{"data":{"names":`+namesOfClasses()+`,"ndarray":`, `},"meta":{}}`),
		single, ensemble,
		chat("model", 4, (*generator).chat), chat("adapter", 4, (*generator).chat), chat("model", 4, (*generator).stream),
	}
}

func namesOfClasses() string {
	names, err := json.Marshal(classes)
	if err != nil {
		panic(err)
	}
	return string(names)
}

// chat returns the format of a chat model: the model of the gateway's only service,
// or a model that the configuration lists.
func chat(model string, most int, write func(*generator, string, []answered)) shape {
	named := model
	if model == "model" {
		named = "a name that the caller has asked for"
	}
	return shape{model: model, path: "/openai/v1/chat/completions", most: most, choose: reason, write: func(g *generator, _ shape, batch []answered) ([]byte, int) {
		g.text.Reset()
		write(g, named, batch)
		return []byte(g.text.String()), 0
	}}
}

func reason(g *generator) answered {
	reasons := []string{"stop", "length", "tool_calls", "function_call", "content_filter", "abort", "error"}
	return answered{labels: reasons[g.IntN(len(reasons)):][:1]}
}

// chat writes choices with texts that look like reasons.
func (g *generator) chat(model string, batch []answered) {
	g.put(`{"object":"chat.completion","model":`)
	g.quote(model)
	g.put(`,"choices":`)
	g.list(len(batch), func(i int) {
		g.put(`{"index":` + strconv.Itoa(i) + `,"message":{"content":`)
		g.quote(g.oddLabel())
		g.put(`,"finish_reason":"stop"},"finish_reason":`)
		g.quote(batch[i].labels[0])
		g.put("}")
	})
	g.put(`,"usage":{"total_tokens":3}}`)
}

// stream writes the same as events, in which the choices take turns.
func (g *generator) stream(model string, batch []answered) {
	for _, isLast := range []bool{false, false, true} {
		for _, i := range g.Perm(len(batch)) {
			reason := "null"
			if isLast {
				reason = strconv.Quote(batch[i].labels[0])
			}
			text := strconv.Quote(strings.ToValidUTF8(oddLabels[g.IntN(3)], ""))
			g.text.WriteString(`data: {"model":"` + model + `","choices":[{"index":` + strconv.Itoa(i) + `,"delta":{"content":` + text + `},"finish_reason":` + reason + "}]}\n\n")
		}
	}
	g.text.WriteString(`data: {"choices":[],"usage":{"total_tokens":3}}` + "\n\ndata: [DONE]\n\n")
}

func boolean(g *generator) answered {
	return answered{labels: []string{strconv.FormatBool(g.IntN(2) == 0)}}
}

func value(g *generator) answered {
	number := []float64{-2.5, 0, 10, 250000, g.NormFloat64(), 1e5 * g.NormFloat64()}[g.IntN(6)]
	return answered{scores: []float64{number}, isValue: true}
}

// positive chooses the probability of class 1 in steps that a float64 holds
// exactly, and so does the probability of class 0.
func positive(g *generator) answered {
	p := float64(g.IntN(1<<10+1)) / (1 << 10)
	a := answered{labels: []string{"0", "1"}, scores: []float64{1 - p, p}}
	if p >= threshold {
		a.top = 1
	}
	return a
}

func plural(g *generator) answered {
	a := answered{labels: classes, isPlural: true}
	for range classes {
		a.scores = append(a.scores, g.score(1))
	}
	a.scores[g.IntN(len(classes))] = 1
	return a
}

// parallel writes labels, and a score for each.
func (g *generator) parallel(a answered) {
	g.put(`{"sequence":"x","labels":`)
	g.list(len(a.labels), func(i int) { g.quote(a.labels[i]) })
	g.put(`,"scores":`)
	g.scores(a)
	g.put("}")
}

// named writes a score for each label.
func (g *generator) named(a answered) {
	g.put("{")
	for i, label := range a.labels {
		if i > 0 {
			g.put(",")
		}
		g.quote(label)
		g.put(":")
		g.number(a.scores[i])
	}
	g.put("}")
}

// single writes a prediction that is the reply.
func (g *generator) single(a answered) {
	g.put(`{"latency":12.5,"class":`)
	g.quote(a.labels[0])
	g.put(`,"confidence":`)
	g.number(a.scores[0])
	g.put("}")
}
