// Returns an element of the page as SVG: boxes, text and drawings at their places.
// It supports the elements of the preview's page.
(root) => {
  const origin = root.getBoundingClientRect();
  const short = (n) => Number(n.toFixed(2));
  const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
  const measure = new OffscreenCanvas(1, 1).getContext('2d');
  const letters = new Intl.Segmenter();
  let clips = 0;

  const isClear = (color) => /^rgba\(.*, 0\)$/.test(color);
  const at = ({ left, top, width, height }) =>
    `x="${short(left - origin.left)}" y="${short(top - origin.top)}" width="${short(width)}" height="${short(height)}"`;

  function element(e) {
    const style = getComputedStyle(e);
    if (style.display === 'none' || style.visibility === 'hidden' || e.matches('.spoken, .skip, .tip, script, noscript')) return '';
    const rect = e.getBoundingClientRect();
    if (e.tagName === 'CANVAS') return canvas(e, rect);
    if (e.tagName === 'svg') return drawing(e, rect, style);
    const inner = [...e.childNodes].map((n) => (n.nodeType === 3 ? text(n, style) : n.nodeType === 1 ? element(n) : '')).join('');
    return box(rect, style) + (style.overflowX === 'visible' || !inner ? inner : clipped(rect, inner));
  }

  function clipped(rect, inner) {
    const id = `box${++clips}`;
    return `<clipPath id="${id}"><rect ${at(rect)}/></clipPath><g clip-path="url(#${id})">${inner}</g>`;
  }

  function box(rect, style) {
    if (!rect.width || !rect.height) return '';
    let out = '';
    const radius = parseFloat(style.borderTopLeftRadius) || 0;
    const isFramed = style.borderTopStyle === 'solid' && style.borderLeftStyle === 'solid' && parseFloat(style.borderTopWidth) > 0;
    if (!isClear(style.backgroundColor) || isFramed) {
      const line = isFramed ? ` stroke="${style.borderTopColor}" stroke-width="${parseFloat(style.borderTopWidth)}"` : '';
      out += `<rect ${at(rect)} rx="${radius}" fill="${isClear(style.backgroundColor) ? 'none' : style.backgroundColor}"${line}/>`;
    }
    if (isFramed) return out;
    const { left, top, width, height, bottom } = rect;
    const edge = parseFloat(style.borderLeftWidth);
    const foot = parseFloat(style.borderBottomWidth);
    if (edge > 0) out += `<rect ${at({ left, top, width: edge, height })} fill="${style.borderLeftColor}"/>`;
    if (foot > 0) out += `<rect ${at({ left, top: bottom - foot, width, height: foot })} fill="${style.borderBottomColor}"/>`;
    return out;
  }

  function canvas(e, rect) {
    return `<svg ${at(rect)} viewBox="0 0 ${e.width} ${e.height}">${(e.recorded ?? []).join('')}</svg>`;
  }

  function drawing(e, rect, style) {
    const kept = [...e.attributes].filter((a) => !['width', 'height', 'class', 'aria-hidden'].includes(a.name));
    const attributes = kept.map((a) => ` ${a.name}="${escape(a.value)}"`).join('');
    return `<svg ${at(rect)} color="${style.color}" opacity="${style.opacity}"${attributes}>${e.innerHTML}</svg>`;
  }

  // text writes a node line by line, with the line breaks of the page.
  function text(node, style) {
    if (!node.data.trim()) return '';
    measure.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const { fontBoundingBoxAscent: ascent, fontBoundingBoxDescent: descent } = measure.measureText('x');
    const line = style.textDecorationLine.includes('underline') || node.parentElement.closest('a') ? ' text-decoration="underline"' : '';
    return lines(node).map(({ content, left, right, top, bottom, isMissing }) => {
      const y = (top + bottom) / 2 + (ascent - descent) / 2 - origin.top;
      return `<text x="${short(left - origin.left)}" y="${short(y)}" font-size="${parseFloat(style.fontSize)}"` +
        ` font-weight="${style.fontWeight}" font-family="${escape(style.fontFamily)}"` +
        ` fill="${style.color}"${isMissing ? '' : ` textLength="${short(right - left)}" lengthAdjust="spacingAndGlyphs"`}${line}>${escape(content)}</text>`;
    }).join('');
  }

  function lines(node) {
    const range = document.createRange();
    const found = [];
    for (const { segment, index } of letters.segment(node.data)) {
      range.setStart(node, index);
      range.setEnd(node, index + segment.length);
      const [rect] = range.getClientRects();
      const isSpace = /^\s+$/.test(segment);
      if (!rect || isSpace && !rect.width) continue;
      const content = isSpace ? ' ' : segment;
      const { left, right, top, bottom } = rect;
      const isMissing = !rect.width; // the browser has no font for it; the viewer may
      const last = found.at(-1);
      if (!last || Math.abs(last.top - top) >= 2) found.push({ content, left, right, top, bottom, isMissing });
      else Object.assign(last, { content: last.content + content, left: Math.min(last.left, left), right: Math.max(last.right, right), isMissing: last.isMissing || isMissing });
    }
    return found.map(trimmed(node)).filter((l) => l.content.trim());
  }

  // trimmed cuts a line where the page cuts it, with an ellipsis.
  function trimmed(node) {
    const end = node.parentElement.closest('.name, h2, h3')?.getBoundingClientRect().right ?? Infinity;
    return (l) => {
      if (l.right <= end + 1) return l;
      const count = Math.max(1, Math.floor(((end - l.left) / (l.right - l.left)) * l.content.length) - 2);
      return { ...l, content: `${l.content.slice(0, count)}…`, right: end };
    };
  }

  const { width, height } = origin;
  const back = getComputedStyle(document.documentElement).backgroundColor;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${short(width)}" height="${short(height)}" viewBox="0 0 ${short(width)} ${short(height)}">` +
    `<rect width="100%" height="100%" fill="${back}"/>${element(root)}</svg>\n`;
}
