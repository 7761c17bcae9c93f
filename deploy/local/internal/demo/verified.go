package demo

import (
	"encoding/json"
	"fmt"
)

// Panels of the dashboards, and how many of them have an answer.
type Panels struct {
	Total    int `json:"total"`
	Answered int `json:"answered"`
}

// Verified is what dashgen verify found: Unsound names each query of panels,
// annotations, variables and rules without a sound answer, and says why.
type Verified struct {
	Panels  Panels   `json:"panels"`
	Unsound []string `json:"unsound,omitempty"`
}

// IsSound tells whether there was nothing to find.
func (v Verified) IsSound() bool { return v.Panels.Answered == v.Panels.Total && len(v.Unsound) == 0 }

// ReadVerified reads what dashgen verify --json prints.
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
