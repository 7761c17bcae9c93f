package lint

import "testing"

func TestFixedDatasource(t *testing.T) {
	look(t, fixedDatasource(), Context{}, []sight{
		{"uids", `{"title":"D","panels":[{"title":"P","datasource":{"type":"prometheus","uid":"PBFA97CFB590B2093"},"targets":[{"datasource":{"uid":"PBFA97CFB590B2093"}}]}],"templating":{"list":[{"name":"v","datasource":{"uid":"abc"}}]},"annotations":{"list":[{"name":"A","datasource":{"uid":"-- Grafana --"}},{"name":"B","datasource":"Prometheus"}]}}`, []string{`panel "P": asks the fixed data source "PBFA97CFB590B2093": put ${datasource} in its place`, `variable v: asks the fixed data source "abc": put ${datasource} in its place`, `annotation B: asks the fixed data source "Prometheus": put ${datasource} in its place`}},
		{"a variable that is not there", `{"title":"D","panels":[{"title":"P","datasource":{"uid":"${source}"}}]}`, []string{`panel "P": asks the fixed data source "${source}": put ${datasource} in its place`}},
		{"a variable", `{"title":"D","panels":[{"title":"P","datasource":{"uid":"${datasource}"},"targets":[{"datasource":{"uid":"$datasource"}}]}],"templating":{"list":[{"name":"datasource","type":"datasource"}]}}`, []string{}},
		{"an import of grafana.com", `{"title":"D","panels":[{"title":"P","datasource":{"uid":"${DS_PROMETHEUS}"}}]}`, []string{}},
	})
}
