package lint

import "testing"

func TestFixedDatasource(t *testing.T) {
	testRule(t, fixedDatasource(), Context{}, []ruleCase{
		{"uids", `{"title":"D","panels":[{"title":"P","datasource":{"type":"prometheus","uid":"PBFA97CFB590B2093"},"targets":[{"datasource":{"uid":"PBFA97CFB590B2093"}}]}],"templating":{"list":[{"name":"v","datasource":{"uid":"abc"}}]},"annotations":{"list":[{"name":"A","datasource":{"uid":"-- Grafana --"}},{"name":"B","datasource":"Prometheus"}]}}`, []string{`panel "P": uses the fixed data source "PBFA97CFB590B2093": replace it by ${datasource}`, `variable v: uses the fixed data source "abc": replace it by ${datasource}`, `annotation B: uses the fixed data source "Prometheus": replace it by ${datasource}`}},
		{"an unknown variable", `{"title":"D","panels":[{"title":"P","datasource":{"uid":"${source}"}}]}`, []string{`panel "P": uses the fixed data source "${source}": replace it by ${datasource}`}},
		{"a variable", `{"title":"D","panels":[{"title":"P","datasource":{"uid":"${datasource}"},"targets":[{"datasource":{"uid":"$datasource"}}]}],"templating":{"list":[{"name":"datasource","type":"datasource"}]}}`, []string{}},
		{"an import of grafana.com", `{"title":"D","panels":[{"title":"P","datasource":{"uid":"${DS_PROMETHEUS}"}}]}`, []string{}},
	})
}
