// Where in the window are we? Each state has an address, which can be loaded again, gone back to and sent.

const PARTS = ["c"];

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

/** Make a place the one we are at; ``replace`` leaves no step to go back to. */
export function move(place, replace = false) {
  const address = addressOf(place);
  if (address === location.pathname + location.search) return;
  if (replace) history.replaceState(history.state, "", address);
  else history.pushState(null, "", address);
}

/** The question that the address asks, once: a reload does not ask again. */
export function askedByAddress() {
  const asked = new URL(location).searchParams.get("q");
  if (asked !== null) move(here(), true);
  return asked;
}

/** Whether a click on a link is one that the window answers itself, and not a wish for another tab. */
export const isPlain = (event) => event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
