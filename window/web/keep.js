// What does this browser remember? A few wishes; of each conversation, what is typed and not asked yet, by tab.

const NAME = "wenju";
const DRAFTS = "wenju-drafts";
const DEFAULTS = { language: "auto", theme: "auto", passages: null, min_confidence: null, generated: null, since: "", until: "", list: null };

function stored(storage, name) {
  try {
    return JSON.parse(storage().getItem(name)) || {};
  } catch {
    return {};
  }
}

function store(storage, name, value) {
  try {
    storage().setItem(name, JSON.stringify(value));
  } catch { /* a private window: it holds for as long as this page does */ }
}

export const wishes = { ...DEFAULTS, ...stored(() => localStorage, NAME) };

export function remember(changes) {
  Object.assign(wishes, changes);
  store(() => localStorage, NAME, wishes);
}

export function forget() {
  remember({ ...DEFAULTS });
}

/** What was typed in a conversation, and the questions that wait there: ``{ text, waiting }``. */
export function draftOf(conversation) {
  return { text: "", waiting: [], ...stored(() => sessionStorage, DRAFTS)[conversation] };
}

export function keepDraft(conversation, draft) {
  const drafts = stored(() => sessionStorage, DRAFTS);
  delete drafts[conversation];
  if (draft.text || draft.waiting.length) drafts[conversation] = draft;
  store(() => sessionStorage, DRAFTS, drafts);
}
