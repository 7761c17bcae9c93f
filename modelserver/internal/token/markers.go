package token

import (
	"encoding/json"
	"fmt"
)

// readMarkers reads the ids that the post-processor puts around a text.
func (t *Tokenizer) readMarkers(c component) error {
	switch c.kind {
	case "", "ByteLevel": // ByteLevel only moves offsets
		return nil
	case "Sequence":
		var settings struct {
			Processors []component `json:"processors"`
		}
		if err := c.read(&settings); err != nil {
			return err
		}
		for _, processor := range settings.Processors {
			if err := t.readMarkers(processor); err != nil {
				return err
			}
		}
		return nil
	case "BertProcessing", "RobertaProcessing":
		var settings struct {
			Before marker `json:"cls"`
			After  marker `json:"sep"`
		}
		if err := c.read(&settings); err != nil {
			return err
		}
		return t.surround([]int64{settings.Before.id}, []int64{settings.After.id})
	case "TemplateProcessing":
		return t.readTemplate(c)
	}
	return unknown("post-processor", c.kind)
}

func (t *Tokenizer) surround(before, after []int64) error {
	if t.before != nil || t.after != nil {
		return fmt.Errorf("two post-processors put markers around a text; want one")
	}
	t.before, t.after = before, after
	return nil
}

// marker is a token with its id, as a list of two.
type marker struct{ id int64 }

// UnmarshalJSON reads ["[CLS]", 101].
func (m *marker) UnmarshalJSON(data []byte) error {
	var token string
	return json.Unmarshal(data, &[]any{&token, &m.id})
}

// templatePart is a marker or the text.
type templatePart struct {
	Sequence *struct {
		ID   string `json:"id"`
		Type int    `json:"type_id"`
	} `json:"Sequence"`
	Special *struct {
		ID   string `json:"id"`
		Type int    `json:"type_id"`
	} `json:"SpecialToken"`
}

func (t *Tokenizer) readTemplate(c component) error {
	var settings struct {
		Single  []templatePart `json:"single"`
		Special map[string]struct {
			IDs []int64 `json:"ids"`
		} `json:"special_tokens"`
	}
	if err := c.read(&settings); err != nil {
		return err
	}
	var around [2][]int64
	side := 0
	for _, part := range settings.Single {
		switch {
		case part.Sequence != nil && part.Sequence.ID == "A" && part.Sequence.Type == 0 && side == 0:
			side = 1
		case part.Special != nil && part.Special.Type == 0:
			special, ok := settings.Special[part.Special.ID]
			if !ok {
				return fmt.Errorf("TemplateProcessing: the marker %s has no ids", part.Special.ID)
			}
			around[side] = append(around[side], special.IDs...)
		default:
			return unknownSetting("TemplateProcessing", "single")
		}
	}
	if side == 0 {
		return unknownSetting("TemplateProcessing", "single")
	}
	return t.surround(around[0], around[1])
}
