// Links between dashboards, and to other pages.

import { make } from './element.js';
import { write } from './address.js';
import { fill } from './template.js';
import { values } from './variable.js';

// anchor returns a link, or only its text if the address is not safe.
export function anchor(url, text, isNew = false) {
  if (!isSafe(url)) return make('span', {}, text);
  return make('a', { href: url, target: isNew ? '_blank' : null, rel: 'noreferrer' }, text);
}

// isSafe reports whether a link leads to a page of the web, which it names in full,
// or to a page of the preview. Browsers read /\example.com as another host.
function isSafe(url) {
  if (!/^(https?:\/\/|[/?#])/i.test(url)) return false;
  const { protocol, origin } = new URL(url, location.href);
  return /^https?:$/.test(protocol) && (/^https?:\/\//i.test(url) || origin === location.origin);
}

// written returns a link's address with its variables replaced. scoped has the
// variables of the link's value.
export function written(url, page, scoped = {}) {
  const time = new URLSearchParams({ from: page.chosen.from, to: page.chosen.to }).toString();
  const all = page.variables.flatMap((v) => v.chosen.map((value) => `var-${v.name}=${encodeURIComponent(value)}`)).join('&');
  return fill(url, { ...values(page.variables), ...scoped, __url_time_range: time, __all_variables: all }, 'percentencode');
}

// ofValue returns the variables of a link at a value.
export function ofValue(frame, value) {
  const scoped = { '__field.name': frame.name, '__series.name': frame.name, '__value.raw': String(value ?? ''), '__value.numeric': String(value ?? '') };
  for (const [label, text] of Object.entries(frame.labels)) scoped[`__field.labels.${label}`] = encodeURIComponent(text);
  return scoped;
}

// named returns a value's name, as a link if its settings have a link.
export function named(page, config, frame, text, value) {
  const [link] = config.links ?? [];
  if (!link) return make('span', {}, text);
  return anchor(written(link.url, page, ofValue(frame, value)), text, link.targetBlank);
}

// ofBoard returns the single links at the top of a dashboard.
export function ofBoard(page) {
  return (page.board.links ?? []).filter((link) => link.type !== 'dashboards').map((link) => single(page, link));
}

// toBoard returns the address of another dashboard, with what the dashboard's own link
// to it keeps. Such a link is to all dashboards with the same tags.
export function toBoard(page, { uid, tags }) {
  const link = (page.board?.links ?? []).find((l) => l.type === 'dashboards' && (l.tags ?? []).every((tag) => (tags ?? []).includes(tag)));
  const { from, to } = page.chosen;
  const chosen = new Map(page.variables.map((v) => [v.name, v.chosen]));
  return write({ uid, ...(link?.keepTime ? { from, to } : {}), variables: link?.includeVars ? chosen : new Map() });
}

export function single(page, link) {
  let url = written(link.url ?? '', page);
  const more = [link.keepTime && '${__url_time_range}', link.includeVars && '${__all_variables}'].filter(Boolean);
  if (more.length) url += (url.includes('?') ? '&' : '?') + written(more.join('&'), page);
  return anchor(url, link.title || url, link.targetBlank);
}
