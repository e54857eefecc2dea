// Where in the window are we? Each state has an address, which can be loaded again, gone back to and sent.

// tab; conversation, and in it a citation (turn.number); article, and in it a passage; what is searched for, and how;
// day and paper of the archive.
const PARTS = ["tab", "c", "cite", "article", "passage", "find", "file", "kind", "since", "until", "sort", "day", "paper"];

/** The place that the address names; parts that it does not name are empty. */
export function here() {
  const told = new URL(location).searchParams;
  return Object.fromEntries(PARTS.map((part) => [part, told.get(part) || ""]));
}

/** The address of a place. */
export function addressOf(place) {
  const told = new URLSearchParams(PARTS.filter((part) => place[part]).map((part) => [part, place[part]]));
  return told.size ? `/?${told}` : "/";
}

/** Make a place the one we are at; ``replace`` leaves no step to go back to, ``state`` is kept with the step. */
export function move(place, replace = false, state = null) {
  const address = addressOf(place);
  if (address === location.pathname + location.search) return;
  if (replace) history.replaceState(history.state, "", address);
  else history.pushState(state, "", address);
}

/** Go to a place when a link is clicked, unless the click wishes for another tab. */
export const link = (app, place) => ({
  href: addressOf(place),
  onclick: (event) => {
    if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    app.visit(place);
  },
});

/** The question that the address asks, once: a reload does not ask again. */
export function askedByAddress() {
  const asked = new URL(location).searchParams.get("q");
  if (asked !== null) move(here(), true);
  return asked;
}
