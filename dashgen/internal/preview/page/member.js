// Objects whose keys come from outside: labels, variables and settings. Such a key
// can be the name of a property that every object inherits, as constructor.

// member returns the object's own property, or undefined.
export function member(object, key) {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

const inherited = new Set(['__proto__', 'constructor', 'prototype']);

// set sets a property at a path of keys, and creates the objects on the path.
export function set(target, path, value) {
  const [key, ...rest] = path;
  if (inherited.has(key)) throw new Error(`the setting ${path.join('.')} is not one of a panel`);
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  const inner = member(target, key);
  if (typeof inner !== 'object' || inner === null) target[key] = {};
  set(target[key], rest, value);
}
