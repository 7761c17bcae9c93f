// Queries of Prometheus's HTTP API, through the preview's server.

// Away marks errors of all queries: Prometheus cannot be reached.
export class Away extends Error {}

async function get(path, params, signal) {
  const body = new URLSearchParams(params);
  const long = body.toString().length > 4000;
  const reply = await fetch(long ? path : `${path}?${body}`, long ? { method: 'POST', body, signal } : { signal });
  const type = reply.headers.get('Content-Type') ?? '';
  if (!type.includes('json')) throw new Error(`the reply of Prometheus has the status ${reply.status} and is not JSON`);
  const result = await reply.json();
  if (result.errorType === 'away') throw new Away(result.error);
  if (result.status !== 'success') throw new Error(result.error ?? `the reply of Prometheus has the status ${reply.status}`);
  return result.data;
}

export function instant(query, time, signal) {
  return get('/api/v1/query', { query, time }, signal);
}

export function range(query, { from, to, step }, signal) {
  return get('/api/v1/query_range', { query, start: from, end: to, step }, signal);
}

export function labelNames({ from, to }, signal) {
  return get('/api/v1/labels', { start: from, end: to }, signal);
}

export function labelValues(label, match, { from, to }, signal) {
  const matched = match ? [['match[]', match]] : [];
  return get(`/api/v1/label/${encodeURIComponent(label)}/values`, [...matched, ['start', from], ['end', to]], signal);
}
