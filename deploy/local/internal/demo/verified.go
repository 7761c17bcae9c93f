package demo

import (
	"encoding/json"
	"fmt"
)

// Panels counts the panels of all dashboards, and those with data.
type Panels struct {
	Total    int `json:"total"`
	Answered int `json:"answered"`
}

// Verified is the result of dashgen verify. Unsound names each failed or empty
// query of a panel, annotation, variable or rule, and the cause.
type Verified struct {
	Panels  Panels   `json:"panels"`
	Unsound []string `json:"unsound,omitempty"`
}

// IsSound reports whether all panels have data and all queries are sound.
func (v Verified) IsSound() bool { return v.Panels.Answered == v.Panels.Total && len(v.Unsound) == 0 }

// ReadVerified reads the output of dashgen verify --json.
func ReadVerified(text []byte) (Verified, error) {
	var report struct {
		Panels  Panels
		Queries []struct {
			Board, Panel, State, Error string
			Sound                      bool
		}
	}
	if err := json.Unmarshal(text, &report); err != nil {
		return Verified{}, err
	}
	read := Verified{Panels: report.Panels}
	for _, q := range report.Queries {
		if q.Sound {
			continue
		}
		unsound := fmt.Sprintf("%s, %s: %s", q.Board, q.Panel, q.State)
		if q.Error != "" {
			unsound += ": " + q.Error
		}
		read.Unsound = append(read.Unsound, unsound)
	}
	return read, nil
}
