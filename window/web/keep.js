// What does this browser remember? A few wishes; what was asked and answered only as long as its tab is open.

const NAME = "wenju";
const TALK = "wenju-talk";
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

/** The conversation and the draft of this tab, as they stood before a reload. */
export function keptTalk() {
  try {
    const { turns = [], draft = "" } = JSON.parse(sessionStorage.getItem(TALK)) || {};
    return { turns: turns.filter((turn) => turn.question && turn.answer), draft };
  } catch {
    return { turns: [], draft: "" };
  }
}

export function keepTalk(turns, draft) {
  try {
    sessionStorage.setItem(TALK, JSON.stringify({ turns, draft }));
  } catch { /* too much for the browser, or a private window: a reload then begins anew */ }
}
