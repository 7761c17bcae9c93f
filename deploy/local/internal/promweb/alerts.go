package promweb

import (
	"cmp"
	"slices"

	"github.com/moodring/moodring/deploy/local/internal/promapi"
)

// states are the states of an alerting rule, the most urgent first.
var states = []string{"firing", "pending", "inactive", "unknown"}

// alertsOf returns the alerting rules of all groups, the most urgent first.
func alertsOf(groups []promapi.RuleGroup) []promapi.Rule {
	var alerting []promapi.Rule
	for _, group := range groups {
		for _, rule := range group.Rules {
			if rule.Alerting != nil {
				alerting = append(alerting, rule)
			}
		}
	}
	slices.SortStableFunc(alerting, func(a, b promapi.Rule) int {
		return cmp.Compare(slices.Index(states, a.State), slices.Index(states, b.State))
	})
	return alerting
}
