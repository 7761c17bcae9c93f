package promapi

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/util/annotations"
)

// RuleGroup is a group of rules, as /api/v1/rules has it.
type RuleGroup struct {
	Name           string    `json:"name"`
	File           string    `json:"file"`
	Rules          []Rule    `json:"rules"`
	Interval       float64   `json:"interval"`
	Limit          int       `json:"limit"`
	EvaluationTime float64   `json:"evaluationTime"`
	LastEvaluation time.Time `json:"lastEvaluation"`
}

// Rule is a recording rule, or an alerting rule with its state.
type Rule struct {
	Name           string           `json:"name"`
	Query          string           `json:"query"`
	Labels         labels.Labels    `json:"labels"`
	Health         rules.RuleHealth `json:"health"`
	LastError      string           `json:"lastError,omitempty"`
	EvaluationTime float64          `json:"evaluationTime"`
	LastEvaluation time.Time        `json:"lastEvaluation"`
	Type           string           `json:"type"`
	*Alerting
}

// Alerting is the part of a rule that only alerting rules have.
type Alerting struct {
	State         string        `json:"state"`
	Duration      float64       `json:"duration"`
	KeepFiringFor float64       `json:"keepFiringFor"`
	Annotations   labels.Labels `json:"annotations"`
	Alerts        []Alert       `json:"alerts"`
}

// Alert is a pending or firing alert.
type Alert struct {
	Labels          labels.Labels `json:"labels"`
	Annotations     labels.Labels `json:"annotations"`
	State           string        `json:"state"`
	ActiveAt        time.Time     `json:"activeAt,omitzero"`
	KeepFiringSince time.Time     `json:"keepFiringSince,omitzero"`
	Value           string        `json:"value"`
}

// rules lists the rules of one type, or of both when the parameter type is
// missing. Groups without a rule of the type are left out.
func (o Options) rules(r *http.Request) (any, annotations.Annotations, error) {
	wanted := map[string]string{"": "", "alert": typeAlerting, "record": typeRecording}
	kind, known := wanted[r.FormValue("type")]
	if !known {
		return nil, nil, invalid("type", fmt.Errorf("not supported value %q", r.FormValue("type")))
	}
	return map[string]any{"groups": o.ruleGroups(kind)}, nil, nil
}

// RuleGroups returns all groups of rules.
func (o Options) RuleGroups() []RuleGroup { return o.ruleGroups("") }

func (o Options) ruleGroups(kind string) []RuleGroup {
	groups := []RuleGroup{}
	for _, from := range o.Rules.RuleGroups() {
		group := RuleGroup{
			Name: from.Name(), File: from.File(),
			Interval: from.Interval().Seconds(), Limit: from.Limit(),
			EvaluationTime: from.GetEvaluationTime().Seconds(), LastEvaluation: from.GetLastEvaluation(),
		}
		for _, each := range from.Rules() {
			if described := describe(each); kind == "" || kind == described.Type {
				group.Rules = append(group.Rules, described)
			}
		}
		if len(group.Rules) > 0 {
			groups = append(groups, group)
		}
	}
	return groups
}

const (
	typeAlerting  = "alerting"
	typeRecording = "recording"
)

func describe(from rules.Rule) Rule {
	described := Rule{
		Name: from.Name(), Query: from.Query().String(), Labels: from.Labels(), Health: from.Health(), Type: typeRecording,
		EvaluationTime: from.GetEvaluationDuration().Seconds(), LastEvaluation: from.GetEvaluationTimestamp(),
	}
	if err := from.LastError(); err != nil {
		described.LastError = err.Error()
	}
	if from, isAlerting := from.(*rules.AlertingRule); isAlerting {
		described.Type = typeAlerting
		described.Alerting = &Alerting{
			State: from.State().String(), Duration: from.HoldDuration().Seconds(), KeepFiringFor: from.KeepFiringFor().Seconds(),
			Annotations: from.Annotations(), Alerts: activeAlerts(from),
		}
	}
	return described
}

func (o Options) alerts(*http.Request) (any, annotations.Annotations, error) {
	alerts := []Alert{}
	for _, from := range o.Rules.AlertingRules() {
		alerts = append(alerts, activeAlerts(from)...)
	}
	return map[string]any{"alerts": alerts}, nil, nil
}

// activeAlerts returns the pending and firing alerts of a rule.
func activeAlerts(from *rules.AlertingRule) []Alert {
	alerts := []Alert{}
	for _, active := range from.ActiveAlerts() {
		alerts = append(alerts, Alert{
			Labels: active.Labels, Annotations: active.Annotations, State: active.State.String(),
			ActiveAt: active.ActiveAt, KeepFiringSince: active.KeepFiringSince,
			Value: strconv.FormatFloat(active.Value, 'e', -1, 64),
		})
	}
	return alerts
}
