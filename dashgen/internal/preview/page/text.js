// Text panels. HTML is shown as source, because the text of a dashboard must not
// become part of the page.

import { make } from './element.js';
import { markdown } from './markdown.js';
import { fill } from './template.js';
import { values } from './variable.js';

export function prose(place, scope) {
  const { mode = 'markdown', content = '' } = scope.panel.options ?? {};
  const text = fill(content, values(scope.page.variables), 'text');
  place.append(make('div', { class: 'prose' }, mode === 'markdown' ? markdown(text) : make('pre', { tabindex: 0 }, make('code', {}, text))));
}
