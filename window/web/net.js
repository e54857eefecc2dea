// How does the page ask the server? JSON there and back, a stream of lines for an answer, and files with progress.

/** What went wrong, as the server told it: a code that there are words for, and its own words. */
export class Problem extends Error {
  constructor(told) {
    super(told.code || "unknown");
    this.told = told;
  }
}

const BY_STATUS = { 401: "password needed", 403: "not allowed", 413: "too large", 429: "too many", 503: "busy" };

async function problemOf(response) {
  let told = {};
  try {
    told = await response.json();
  } catch { /* not ours */ }
  return problemFrom(response.status, told);
}

function problemFrom(status, { error, what, fix }) {
  return new Problem({ code: BY_STATUS[status] || "unknown", ...(error || (what && !BY_STATUS[status] ? { code: "", what, fix } : {})) });
}

async function reach(path, options) {
  try {
    return await fetch(`/window/${path}`, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ code: "unreachable" });
  }
}

async function read(response) {
  if (!response.ok) throw await problemOf(response);
  return response.json();
}

const sent = (method, value) => ({ method, headers: { "content-type": "application/json" }, body: JSON.stringify(value) });

export const get = async (path) => read(await reach(path, { method: "GET" }));
export const post = async (path, value = {}) => read(await reach(path, sent("POST", value)));
export const patch = async (path, value) => read(await reach(path, sent("PATCH", value)));
export const drop = async (path) => read(await reach(path, { method: "DELETE" }));
export const query = (values) => new URLSearchParams(values).toString();

/** Ask, and be told each event as it comes; ``signal`` stops the listening, not the work. */
export const ask = (value, signal, onEvent) => listen("ask", { ...sent("POST", value), signal }, onEvent);

/** Be told what happens from now on to a question that is being answered. */
export const follow = (turn, signal, onEvent) => listen(`follow?${query({ turn })}`, { signal }, onEvent);

async function listen(path, options, onEvent) {
  const response = await reach(path, options);
  if (!response.ok) throw await problemOf(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value: text, done } = await reader.read();
    const lines = (rest + (text || "")).split("\n");
    rest = lines.pop();
    lines.filter(Boolean).forEach((line) => onEvent(JSON.parse(line)));
    if (done) return;
  }
}

/** Send one file; ``onProgress`` is told the share that is there. */
export function upload(file, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/window/pages?${query({ name: file.name })}`);
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onerror = () => reject(new Problem({ code: "unreachable" }));
    request.onload = () => {
      let told = {};
      try {
        told = JSON.parse(request.responseText);
      } catch { /* not ours */ }
      if (request.status === 200) resolve(told);
      else reject(problemFrom(request.status, told));
    };
    request.send(file);
  });
}
