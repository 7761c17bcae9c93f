// The page's address holds the whole selection, with Grafana's parameter names, so
// that links work in both Grafana and the preview.

export function read(location) {
  const params = new URLSearchParams(location.search);
  const variables = new Map();
  for (const [key, value] of params) {
    if (!key.startsWith('var-')) continue;
    const name = key.slice(4);
    variables.set(name, [...(variables.get(name) ?? []), value]);
  }
  return {
    uid: location.pathname.split('/')[2],
    from: params.get('from'),
    to: params.get('to'),
    refresh: params.get('refresh'),
    panel: params.get('viewPanel'),
    theme: params.get('theme'),
    kiosk: params.has('kiosk'),
    variables,
  };
}

export function write(chosen) {
  const params = new URLSearchParams();
  for (const key of ['from', 'to', 'refresh', 'theme']) {
    if (chosen[key]) params.set(key, chosen[key]);
  }
  if (chosen.panel) params.set('viewPanel', chosen.panel);
  if (chosen.kiosk) params.set('kiosk', '');
  for (const [name, values] of chosen.variables) {
    for (const value of values) params.append('var-' + name, value);
  }
  return `/d/${chosen.uid}?${params}`;
}
