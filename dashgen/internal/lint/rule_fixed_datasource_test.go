package lint

import "testing"

func TestFixedDatasource(t *testing.T) {
	testRule(t, fixedDatasource(), Context{}, []ruleCase{
		{"uids", `{"title":"D","panels":[{"title":"P","datasource":{"type":"prometheus","uid":"PBFA97CFB590B2093"},"targets":[{"datasource":{"uid":"PBFA97CFB590B2093"}}]}],"templating":{"list":[{"name":"v","datasource":{"uid":"abc"}}]},"annotations":{"list":[{"name":"A","datasource":{"uid":"-- Grafana --"}},{"name":"B","datasource":"Prometheus"}]}}`, []string{`panel "P": uses the fixed data source "PBFA97CFB590B2093": replace it by ${datasource}`, `variable v: uses the fixed data source "abc": replace it by ${datasource}`, `annotation B: uses the fixed data source "Prometheus": replace it by ${datasource}`}},
		{"an unknown variable", `{"title":"D","panels":[{"title":"P","datasource":{"uid":"${source}"}}]}`, []string{`panel "P": uses the data source ${source}, and no variable of the dashboard has this name: add a variable of type datasource, called source`}},
		{"a variable", `{"title":"D","panels":[{"title":"P","datasource":{"uid":"${datasource}"},"targets":[{"datasource":{"uid":"$datasource"}}]}],"templating":{"list":[{"name":"datasource","type":"datasource"}]}}`, []string{}},
		{"a variable of another type", `{"title":"D","panels":[{"title":"P","datasource":"$job"}],"templating":{"list":[{"name":"job","type":"query"}]}}`, []string{`panel "P": uses the data source $job, and no variable of the dashboard has this name: add a variable of type datasource, called job`}},
		{"an import of grafana.com", `{"title":"D","__inputs":[{"name":"DS_PROMETHEUS","type":"datasource","pluginId":"prometheus"}],"panels":[{"title":"P","datasource":{"uid":"${DS_PROMETHEUS}"}}]}`, []string{`panel "P": uses the data source ${DS_PROMETHEUS}, and no variable of the dashboard has this name: add a variable of type datasource, called DS_PROMETHEUS`}},
		{"none, although there is a variable", `{"title":"D","panels":[{"title":"P","type":"stat","targets":[{"expr":"up"}]},{"title":"Q","type":"stat","datasource":"$ds","targets":[{"expr":"up"}]},{"title":"R","type":"stat","targets":[{"expr":"up","datasource":{"uid":"${ds}"}}]},{"type":"text"}],"templating":{"list":[{"name":"ds","type":"datasource"}]}}`, []string{`panel "P": has no data source, and so ignores the variable: set its data source to ${ds}`}},
		{"the default, without a variable", `{"title":"D","panels":[{"title":"P","type":"stat","datasource":"default","targets":[{"expr":"up"}]}]}`, nil},
		{"parts of Grafana", `{"title":"D","panels":[{"title":"P","datasource":{"uid":"-- Mixed --"},"targets":[{"datasource":{"type":"__expr__","uid":"__expr__"}}]}]}`, nil},
	})
}
