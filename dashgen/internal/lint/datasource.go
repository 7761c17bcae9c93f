package lint

import (
	"encoding/json"
	"regexp"
	"strings"
)

// language is the query language of a data source.
type language int

const (
	unknownLanguage language = iota // read as PromQL, unless the text is clearly LogQL
	promQLanguage
	metricsQL // of VictoriaMetrics: PromQL with extensions that Prometheus's parser does not know
	otherLanguage
)

// languageOf returns the language of a data source plugin.
func languageOf(plugin string) language {
	switch plugin {
	case "":
		return unknownLanguage
	case "prometheus", "grafana-amazonprometheus-datasource", "grafana-azureprometheus-datasource":
		return promQLanguage
	case "victoriametrics-datasource", "victoriametrics-metrics-datasource":
		return metricsQL
	}
	return otherLanguage
}

var (
	victoriaWords = regexp.MustCompile(`(?i)victoria-?metrics|vmsingle|vmselect|\bvm\b`)
	otherWords    = regexp.MustCompile(`(?i)loki|logs|tempo|jaeger|elastic|opensearch|influx|graphite|postgres|mysql|mssql|clickhouse|cloudwatch|stackdriver|zabbix|testdata`)
)

// guess returns the language that the name of a data source, or the description of
// a data source variable, suggests.
func guess(text string) language {
	switch {
	case otherWords.MatchString(text):
		return otherLanguage
	case victoriaWords.MatchString(text):
		return metricsQL
	}
	return unknownLanguage
}

// reference is a data source as a panel, query, variable or annotation names it.
// In old dashboards it is a name, and since Grafana 8.3 an object. Both are empty
// for the default data source.
type reference struct {
	Plugin string `json:"type"`
	UID    string `json:"uid"`
}

func readReference(source json.RawMessage) reference {
	var name string
	if json.Unmarshal(source, &name) == nil {
		if name == "default" {
			name = ""
		}
		return reference{UID: name}
	}
	var object reference
	if json.Unmarshal(source, &object) != nil {
		return reference{} // no data source is written in this form
	}
	return object
}

// isBuiltIn reports whether the data source is a part of Grafana.
func (r reference) isBuiltIn() bool {
	return strings.HasPrefix(r.UID, "-- ") || r.UID == "grafana" || r.UID == "__expr__" || r.Plugin == "__expr__"
}

// variable returns the name of the variable that chooses the data source, if the
// whole uid is a variable.
func (r reference) variable() (string, bool) {
	if variable.FindString(r.UID) != r.UID || r.UID == "" {
		return "", false
	}
	return variableName(r.UID), true
}

// language returns the language of the first reference that names a data source.
// The queries of a panel come before the panel.
func (d Dashboard) language(sources ...json.RawMessage) language {
	for _, source := range sources {
		r := readReference(source)
		if r == (reference{}) || r.UID == "-- Mixed --" {
			continue
		}
		return d.languageOf(r)
	}
	return unknownLanguage
}

func (d Dashboard) languageOf(r reference) language {
	if name, ok := r.variable(); ok {
		if chosen := d.languageOfVariable(name); chosen != unknownLanguage {
			return chosen
		}
	}
	if known := languageOf(r.Plugin); known != unknownLanguage {
		return known
	}
	if r.isBuiltIn() {
		return otherLanguage
	}
	return guess(r.UID)
}

// languageOfVariable returns the language of the data sources that a variable, or
// an input of Grafana's import dialog, offers.
func (d Dashboard) languageOfVariable(name string) language {
	for _, v := range d.Templating.List {
		if v.Name != name || v.Type != "datasource" {
			continue
		}
		known := languageOf(v.text())
		if known == promQLanguage && victoriaWords.MatchString(v.Label+" "+v.Regex+" "+v.chosenText()) {
			return metricsQL
		}
		return known
	}
	for _, input := range d.Inputs {
		if input.Name == name && input.Type == "datasource" {
			return languageOf(input.Plugin)
		}
	}
	return unknownLanguage
}

// logQL matches filters and parsers that follow a selector of a log query.
var logQL = regexp.MustCompile(`\|=|\|~|!=\s*"|\|\s*(json|logfmt|pattern|regexp|unpack|line_format|label_format)\b|^\s*_time:`)
