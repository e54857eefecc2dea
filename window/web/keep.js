// What does this browser remember? A few wishes; nothing of what was asked or answered.

const NAME = "wenju";
const DEFAULTS = { language: "auto", theme: "auto", passages: null, min_confidence: null, generated: null, since: "", until: "" };

function stored() {
  try {
    return JSON.parse(localStorage.getItem(NAME)) || {};
  } catch {
    return {};
  }
}

export const wishes = { ...DEFAULTS, ...stored() };

export function remember(changes) {
  Object.assign(wishes, changes);
  try {
    localStorage.setItem(NAME, JSON.stringify(wishes));
  } catch { /* a private window: it holds for as long as this page does */ }
}

export function forget() {
  remember({ ...DEFAULTS });
}
