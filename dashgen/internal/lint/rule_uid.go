package lint

import (
	"fmt"
	"regexp"
)

// validUID matches the uids that Grafana accepts.
var validUID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)

func dashboardUID() rule {
	return rule{
		name: "dashboard-uid",
		rule: "The uid of a dashboard has at most 40 characters of A-Z, a-z, 0-9, _ and -. Dashboards in several files have different uids and titles.",
		why: "Grafana refuses other uids. Of two dashboards with one uid, the file that Grafana reads last replaces the other. " +
			"Two dashboards of one title cannot be in one folder.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			if d.UID != "" && !validUID.MatchString(d.UID) {
				report("dashboard", fmt.Sprintf("has the uid %q, which Grafana refuses: use at most 40 of A-Z, a-z, 0-9, _ and -", d.UID))
			}
		},
		checkAll: func(all []File, report func(file int, place, message string)) {
			uids, titles := map[string]string{}, map[string]string{}
			for i, file := range all {
				if other, ok := uids[file.UID]; ok && file.UID != "" {
					report(i, "dashboard", fmt.Sprintf("has the uid %s, as has %s", file.UID, other))
				}
				if other, ok := titles[file.Title]; ok && file.Title != "" {
					report(i, "dashboard", fmt.Sprintf("has the title %q, as has %s", file.Title, other))
				}
				uids[file.UID], titles[file.Title] = file.Name, file.Name
			}
		},
	}
}
