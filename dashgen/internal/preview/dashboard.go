package preview

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/moodring/moodring/dashgen/internal/dashboard"
)

// Servable returns a dashboard that can be served, or an error. A dashboard
// without a uid, such as an export for sharing, gets its uid from name.
func Servable(name string, d dashboard.Dashboard) (dashboard.Dashboard, error) {
	var classic struct {
		Panels []json.RawMessage `json:"panels"`
		Rows   []json.RawMessage `json:"rows"` // before Grafana 5, panels were in rows
	}
	if err := json.Unmarshal(d.JSON, &classic); err != nil {
		return dashboard.Dashboard{}, err
	}
	if classic.Panels == nil && classic.Rows == nil {
		return dashboard.Dashboard{}, errors.New("the dashboard has no panels to draw")
	}
	return d.Named(name)
}

// byUID returns dashboards by uid, and refuses two of the same uid.
func byUID(dashboards []dashboard.Dashboard) (map[string]dashboard.Dashboard, error) {
	if len(dashboards) == 0 {
		return nil, errors.New("no dashboards")
	}
	served := map[string]dashboard.Dashboard{}
	for _, d := range dashboards {
		if other, taken := served[d.UID]; taken {
			return nil, fmt.Errorf("dashboards %q and %q have the same uid, %s: change one", other.Title, d.Title, d.UID)
		}
		served[d.UID] = d
	}
	return served, nil
}
