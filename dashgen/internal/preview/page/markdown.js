// Markdown for panels and descriptions: headings, paragraphs, lists, code,
// emphasis, links and tables. HTML in the text stays text.

import { make } from './element.js';
import { anchor } from './link.js';

export function markdown(text, level = 4) {
  return blocks(String(text ?? '').replaceAll('\r', '').split('\n'), level);
}

function blocks(lines, level) {
  const out = [];
  while (lines.length > 0) {
    const kind = kinds.find(([pattern]) => pattern.test(lines[0]));
    out.push(kind[1](lines, level));
  }
  return out.filter(Boolean);
}

// run removes the matching lines from the front, and returns them.
function run(lines, pattern) {
  const end = lines.findIndex((line) => !pattern.test(line));
  return lines.splice(0, end < 0 ? lines.length : end);
}

const items = (lines, pattern) => run(lines, pattern).map((line) => make('li', {}, inline(line.replace(pattern, ''))));

const kinds = [
  [/^\s*$/, (lines) => void lines.shift()],
  [/^```/, (lines) => {
    lines.shift();
    const code = run(lines, /^(?!```)/);
    lines.shift();
    return make('pre', { tabindex: 0 }, make('code', {}, code.join('\n')));
  }],
  [/^#{1,6} /, (lines, level) => {
    const [, marks, text] = lines.shift().match(/^(#+) (.*)$/);
    return make('h' + Math.min(6, level + marks.length - 1), {}, inline(text));
  }],
  [/^\s*[-*] /, (lines) => make('ul', {}, items(lines, /^\s*[-*] /))],
  [/^\s*\d+\. /, (lines) => make('ol', {}, items(lines, /^\s*\d+\. /))],
  [/^\|/, (lines) => table(run(lines, /^\|/))],
  [/./, (lines) => make('p', {}, inline([lines.shift(), ...run(lines, /^(?!\s*$|```|#{1,6} |\s*[-*] |\s*\d+\. |\|)/)].join(' ')))],
];

function table(lines) {
  const cells = (line) => line.replace(/^\||\|\s*$/g, '').split('|').map((cell) => inline(cell.trim()));
  const [head, ...rest] = lines.filter((line) => !/^\|[\s:|-]+\|?\s*$/.test(line));
  const row = (line, tag) => make('tr', {}, cells(line).map((cell) => make(tag, {}, cell)));
  return make('table', {}, make('thead', {}, row(head, 'th')), make('tbody', {}, rest.map((line) => row(line, 'td'))));
}

const marks = /`([^`]+)`|\*\*(.+?)\*\*|\*(\S(?:.*?\S)?)\*|\[([^\]]+)\]\(([^)\s]+)\)/;

function inline(text) {
  const out = [];
  for (let found; (found = text.match(marks)); text = text.slice(found.index + found[0].length)) {
    const [, code, strong, emphasis, link, url] = found;
    out.push(text.slice(0, found.index));
    if (code) out.push(make('code', {}, code));
    else if (strong) out.push(make('strong', {}, inline(strong)));
    else if (emphasis) out.push(make('em', {}, inline(emphasis)));
    else out.push(anchor(url, link));
  }
  return [...out, text];
}
