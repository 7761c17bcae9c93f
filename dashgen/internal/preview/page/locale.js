// A browser without a locale, such as Chromium under LANG=C, has the language
// en-US@posix. Intl does not know it, and uPlot gives the language to Intl.
'use strict';

try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en-US' });
}
