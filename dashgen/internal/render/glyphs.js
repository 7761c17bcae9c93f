// Returns the characters of an element's text for which the browser has no font: they
// are drawn like a character that does not exist, or not at all.
(root) => {
  const context = new OffscreenCanvas(48, 48).getContext('2d', { willReadFrequently: true });
  context.font = `24px ${getComputedStyle(document.body).fontFamily}`;
  const drawn = (character) => {
    context.clearRect(0, 0, 48, 48);
    context.fillText(character, 8, 36);
    return context.getImageData(0, 0, 48, 48).data.join();
  };
  const missing = [' ', '\u0378'].map(drawn); // U+0378 is not assigned
  const visible = /^(?!\p{Default_Ignorable_Code_Point})[\p{L}\p{N}\p{P}\p{S}]$/u;
  return [...new Set(root.innerText)].filter((c) => visible.test(c) && missing.includes(drawn(c)));
}
