package soak

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/contract"
)

// panel is the query of the overview's panel of predictions by label.
type panel string

// increase matches the function in the panel's query, whose range is the range of
// the dashboard.
var increase = regexp.MustCompile(`increase\((` + contract.Predictions + `\{[^}]*\})\[\$__range\]\)`)

// variable matches a variable of the dashboard in a query.
var variable = regexp.MustCompile(`\$\w+`)

// predictionsPanel reads the query from the generated dashboard.
func predictionsPanel(root string) (panel, error) {
	file := filepath.Join(root, "dashboards", "grafana-dashboard.json")
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	var dashboard struct {
		Panels []struct {
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	for _, shown := range dashboard.Panels {
		for _, target := range shown.Targets {
			if increase.MatchString(target.Expr) {
				return panel(target.Expr), nil
			}
		}
	}
	return "", fmt.Errorf("%s has no panel that matches %s", file, increase)
}

// growth returns the query as Grafana sends it, for a range and for all values of
// the variables.
func (p panel) growth(over time.Duration) string {
	ranged := strings.ReplaceAll(string(p), "$__range", model.Duration(over).String())
	return variable.ReplaceAllString(ranged, ".*")
}

// counters returns the query with the counters in place of their growth, which is
// an estimate.
func (p panel) counters() string {
	return panel(increase.ReplaceAllString(string(p), "$1")).growth(time.Minute) + " > 0"
}
