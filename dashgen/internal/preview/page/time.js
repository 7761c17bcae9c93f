// Points in time as Grafana writes them: "now-1h", "now/d", milliseconds since
// 1970, or a date. Times are in seconds here.

const seconds = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };

// duration reads "90s", "1h", "1h30m" or "500ms". For another text it returns NaN.
export function duration(text) {
  if (!/^(\d+(\.\d+)?(ms|[smhdwMy]))+$/.test(text ?? '')) return NaN;
  let sum = 0;
  for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdwMy])/g)) {
    sum += count * ({ ...seconds, ms: 0.001, M: 30 * 86400, y: 365 * 86400 })[unit];
  }
  return sum;
}

// parse returns the time of a text. isEnd rounds up: "now/d" at the end of a range
// is the last second of the day.
export function parse(text, now, isEnd = false) {
  if (/^-?\d+$/.test(text)) return Number(text) / 1000;
  if (!text?.startsWith('now')) return Date.parse(text) / 1000;
  let time = now;
  const steps = [...text.slice(3).matchAll(/([-+])(\d+)([smhdwMy])|\/([smhdwMy])/g)];
  if (steps.map((s) => s[0]).join('') !== text.slice(3)) return NaN;
  for (const [, sign, count, unit, floor] of steps) {
    time = floor ? round(time, floor, isEnd) : move(time, Number(sign + count), unit);
  }
  return time;
}

function move(time, count, unit) {
  if (seconds[unit]) return time + count * seconds[unit];
  const date = new Date(time * 1000);
  if (unit === 'M') date.setMonth(date.getMonth() + count);
  else date.setFullYear(date.getFullYear() + count);
  return date.getTime() / 1000;
}

function round(time, unit, isEnd) {
  const date = new Date(time * 1000);
  const fields = ['y', 'M', 'd', 'h', 'm', 's'];
  const at = fields.indexOf(unit === 'w' ? 'd' : unit);
  const parts = [date.getFullYear(), date.getMonth(), date.getDate(), date.getHours(), date.getMinutes(), date.getSeconds()];
  const floored = parts.map((part, i) => (i <= at ? part : i === 2 ? 1 : 0));
  if (unit === 'w') floored[2] -= (date.getDay() + 6) % 7;
  if (isEnd) floored[at] += unit === 'w' ? 7 : 1;
  return (new Date(...floored).getTime() - (isEnd ? 1 : 0)) / 1000;
}

const pad = (n) => String(n).padStart(2, '0');

// clock formats a time for an axis with marks every step seconds.
export function clock(time, step) {
  const d = new Date(time * 1000);
  const day = `${pad(d.getMonth() + 1)}-${pad(d.getDate())}`;
  if (step >= 86400) return day;
  const minute = `${pad(d.getHours())}:${pad(d.getMinutes())}`;
  if (step < 60) return `${minute}:${pad(d.getSeconds())}`;
  return minute === '00:00' ? day : minute;
}

// stamp formats a time in full.
export function stamp(time) {
  const d = new Date(time * 1000);
  return `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())} ${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}`;
}
