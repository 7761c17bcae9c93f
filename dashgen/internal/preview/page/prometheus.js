// Questions to Prometheus's HTTP API, through the preview's own server.

async function ask(path, params, signal) {
  const body = new URLSearchParams(params);
  const long = body.toString().length > 4000;
  const reply = await fetch(long ? path : `${path}?${body}`, long ? { method: 'POST', body, signal } : { signal });
  const type = reply.headers.get('Content-Type') ?? '';
  if (!type.includes('json')) throw new Error(`Prometheus answered ${reply.status} and no JSON`);
  const answer = await reply.json();
  if (answer.status !== 'success') throw new Error(answer.error ?? `Prometheus answered ${reply.status}`);
  return answer.data;
}

export function instant(query, time, signal) {
  return ask('/api/v1/query', { query, time }, signal);
}

export function range(query, { from, to, step }, signal) {
  return ask('/api/v1/query_range', { query, start: from, end: to, step }, signal);
}

export function labelNames({ from, to }, signal) {
  return ask('/api/v1/labels', { start: from, end: to }, signal);
}

export function labelValues(label, match, { from, to }, signal) {
  const matched = match ? [['match[]', match]] : [];
  return ask(`/api/v1/label/${encodeURIComponent(label)}/values`, [...matched, ['start', from], ['end', to]], signal);
}
