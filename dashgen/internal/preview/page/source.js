// The types of data sources. The preview only has Prometheus, and says so of others.

// typeOf returns the type of a data source, as a panel or a query names it; undefined
// if the dashboard does not tell. A uid of the form ${NAME} is a variable, or an input
// of Grafana's import dialog.
export function typeOf(reference, board) {
  if (!reference || reference === 'default') return undefined;
  const { uid, type } = typeof reference === 'string' ? { uid: reference } : reference;
  const [, name] = String(uid ?? '').match(/^\$\{?(\w+)\}?$/) ?? [];
  const variable = (board.templating?.list ?? []).find((v) => v.name === name && v.type === 'datasource');
  const input = (board.__inputs ?? []).find((i) => i.name === name && i.type === 'datasource');
  const chosen = typeof variable?.query === 'object' ? variable.query?.query : variable?.query;
  return chosen || input?.pluginId || type || guessed(uid);
}

// others are words in the names of data sources that are no Prometheus. In old
// dashboards, a panel only has such a name.
const others = /loki|tempo|jaeger|elastic|opensearch|influx|graphite|postgres|mysql|mssql|clickhouse|cloudwatch|zabbix|testdata/i;

function guessed(uid) {
  return String(uid ?? '').match(others)?.[0].toLowerCase();
}

// ofPrometheus are the data sources that answer PromQL, and those of Grafana that
// stand for the panel's own.
const ofPrometheus = /prometheus|victoriametrics|^datasource$|^mixed$/i;

export function isPrometheus(type) {
  return type === undefined || ofPrometheus.test(type);
}

// Unknown marks what the preview cannot draw and Grafana can.
export class Unknown extends Error {}
