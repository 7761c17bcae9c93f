package lint

import "testing"

func TestDatasourceVariable(t *testing.T) {
	testRule(t, datasourceVariable(), Context{}, []ruleCase{
		{"none", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "up"}]}]}`, []string{`dashboard: no variable chooses the data source: add one of type datasource, called datasource`}},
		{"one", `{"title":"D","panels":[{"type":"stat","targets":[{"expr":"up"}]}],"templating":{"list":[{"name":"datasource","type":"datasource"}]}}`, []string{}},
		{"nothing asked", `{"title":"D","panels":[{"type":"text"}]}`, []string{}},
	})
}
