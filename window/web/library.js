// What is in the collection, and how does more get in? Search, the table of files, adding, removing, rebuilding.

import { addressOf, here } from "./address.js";
import { Archive } from "./archive.js";
import { fill, h, pieces } from "./dom.js";
import { Problem, drop, get, post, query, upload } from "./net.js";
import { lineWords, t, trouble } from "./words.js";

const LOOK_AGAIN = 700; // milliseconds between two looks at a rebuild

export class Library {
  constructor(app) {
    this.app = app;
    this.more = 0;
    this.hits = h("div", { class: "wj-hits", "aria-live": "polite" });
    this.uploads = h("ul", { class: "wj-uploads", "aria-live": "polite" });
    this.jobLine = h("p", { class: "wj-job", role: "status" });
    this.table = h("div", { class: "wj-tableframe" });
    this.element = h("section", { class: "wj-view wj-library", id: "wj-library", hidden: true });
    this.element.addEventListener("dragover", (event) => { event.preventDefault(); this.element.classList.add("wj-over"); });
    this.element.addEventListener("dragleave", () => this.element.classList.remove("wj-over"));
    this.element.addEventListener("drop", (event) => {
      event.preventDefault();
      this.element.classList.remove("wj-over");
      this.add([...event.dataTransfer.files]);
    });
    this.build();
  }

  build() {
    const { collection, limits } = this.app.state;
    this.archive = new Archive(this.app);
    this.shelf = h("div", {}, collection && this.archive.element,
      h("div", { class: "wj-sectionhead" }, h("h2", {}, t("files")),
        collection && h("p", { class: "wj-hint" }, `${t("holds", collection)} · ${t("builtAt", { at: new Date(collection.built_at).toLocaleString() })}`)),
      limits.locked ? h("p", { class: "wj-note" }, t("locked", { why: t(limits.locked) })) : this.dropZone(limits),
      this.uploads, this.jobLine, this.findBox(), this.table);
    fill(this.element, h("div", { class: "wj-column wj-wide" },
      h("h1", {}, t("library")), collection && this.searchForm(collection), this.hits, this.shelf));
    this.showHits();
  }

  /** Passages stand in place of the table until they are cleared. */
  showHits(...content) {
    fill(this.hits, content);
    this.shelf.hidden = content.length > 0;
  }

  async refresh() {
    this.more = 0;
    await this.guarded(async () => {
      this.found = await get(`files?${query({ find: this.find?.value || "" })}`);
      this.showTable();
      this.watch();
    });
  }

  searchForm(collection) {
    const field = (type, label) => h("input", { class: "wj-field", type, "aria-label": label, placeholder: type === "date" ? null : label });
    const words = h("input", { class: "wj-field wj-words", type: "search", placeholder: t("searchFor"), "aria-label": t("searchFor") });
    const file = field("text", t("fileHas"));
    const kind = h("select", { class: "wj-field" }, h("option", { value: "" }, t("any")), collection.kinds.map((name) => h("option", { value: name }, t(name))));
    const [since, until] = ["since", "until"].map((name) => {
      const input = field("date", t(name));
      Object.assign(input, { disabled: !collection.from, title: collection.from ? "" : t("noDates") });
      return input;
    });
    const sort = h("select", { class: "wj-field", disabled: !collection.from }, ["", "newest", "oldest"].map((name) => h("option", { value: name }, t(name || "byRelevance"))));
    const form = h("form", { class: "wj-search", role: "search" }, h("div", { class: "wj-row" }, words,
      h("button", { class: "wj-button wj-main", type: "submit" }, t("search"))),
    h("div", { class: "wj-row wj-filters" }, h("label", { class: "wj-inline" }, t("kind"), kind), file,
      collection.from ? [h("label", { class: "wj-inline" }, t("since"), since), h("label", { class: "wj-inline" }, t("until"), until), h("label", { class: "wj-inline" }, t("sort"), sort)] : null),
    h("p", { class: "wj-hint" }, t("searchNote")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.app.visit({ tab: "library", find: words.value, file: file.value, kind: kind.value, since: since.value, until: until.value, sort: sort.value });
    });
    this.fields = { find: words, file, kind, since, until, sort };
    return form;
  }

  /** Show what the address names: the shelf, or what is found. */
  async show(place) {
    const looked = addressOf({ ...place, article: "", passage: "" });
    const again = this.looked === looked;
    this.looked = looked;
    if (again && place.find) return;
    for (const [name, field] of Object.entries(this.fields || {})) field.value = place[name];
    if (place.find.trim()) {
      const { find, file, kind, since, until, sort } = place;
      await this.search({ query: find, file, kind: kind || null, since: since || null, until: until || null, sort }, looked);
    } else {
      this.showHits();
      await Promise.all([this.refresh(), this.app.state.collection && this.guarded(() => this.archive.show(place))]);
    }
  }

  async search(asked, looked) {
    this.showHits(h("p", { class: "wj-hint", role: "status" }, t("thinking")));
    await this.guarded(async () => {
      const { articles, error } = await post("search", asked);
      if (this.looked !== looked) return;
      const clear = h("button", { class: "wj-act", type: "button", onclick: () => this.app.visit({ tab: "library" }) }, t("clear"));
      this.showHits(error ? h("p", { class: "wj-trouble" }, trouble(error)) : h("p", { class: "wj-hint" },
        articles.length ? t("found", { n: articles.length }) : t("nothing", { query: asked.query }), " ", clear), articles.map((article) => this.hit(article)));
    }, this.hits);
  }

  /** An article that was found: its headline, and the passages that have to do with what was searched for. */
  hit(article) {
    const open = (passage) => () => this.app.reader.open({ article: article.id, passage });
    const [best, ...others] = article.passages.map(({ passage, lines, pieces: text }) => h("button", { class: "wj-hit-text wj-text", type: "button", onclick: open(passage) },
      h("span", { class: "wj-hit-lines" }, lineWords(...lines)), pieces(text, t("torn"))));
    return h("article", { class: "wj-hit", "aria-label": article.title || t("untitled") },
      h("button", { class: "wj-hit-title wj-text", type: "button", onclick: open(article.passages[0].passage) }, article.title || t("untitled")),
      h("p", { class: "wj-source-where" }, [t(article.kind), article.date, article.file].filter(Boolean).join(" · ")),
      best, others.length > 0 && h("details", {}, h("summary", { class: "wj-act" }, t("morePassages", { n: others.length })), others));
  }

  dropZone(limits) {
    const input = h("input", { type: "file", multiple: true, accept: limits.suffixes.join(","), hidden: true, onchange: () => { this.add([...input.files]); input.value = ""; } });
    const told = t("limits", { suffixes: limits.suffixes.join(" "), mb: Math.floor(limits.most_bytes / 2 ** 20), files: limits.most_files });
    return h("div", { class: "wj-drop" },
      h("p", {}, t("dropHere"), " ", h("button", { class: "wj-link", type: "button", onclick: () => input.click() }, t("choose")), input),
      h("p", { class: "wj-hint" }, told),
      h("button", { class: "wj-button", type: "button", onclick: () => this.rebuild() }, t("rebuild")));
  }

  /** Send files one after the other; each tells how far it is and how it ended. */
  async add(files) {
    const { limits } = this.app.state;
    if (limits.locked || !files.length) return;
    fill(this.uploads);
    let taken = 0;
    const rows = files.slice(0, limits.most_files).map((file) => {
      const bar = h("progress", { max: "1", value: "0", "aria-label": file.name });
      const told = h("span", { class: "wj-hint" });
      this.uploads.append(h("li", {}, h("span", { class: "wj-text" }, file.name), bar, told));
      return { file, bar, told };
    });
    for (const { file, bar, told } of rows) {
      try {
        const low = file.name.toLowerCase();
        if (!limits.suffixes.some((suffix) => low.endsWith(suffix)) || file.size > limits.most_bytes) {
          throw new Problem({ code: "SourceError", what: t("limits", { suffixes: limits.suffixes.join(" "), mb: Math.floor(limits.most_bytes / 2 ** 20), files: limits.most_files }) });
        }
        told.textContent = t("uploading");
        const result = await patiently(() => upload(file, (share) => {
          bar.value = share;
          if (share === 1) told.textContent = t("reading");
        }));
        bar.value = 1;
        told.textContent = [t("added", result), ...result.troubles].join(" · ");
        taken += 1;
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        bar.remove();
        told.className = "wj-trouble";
        told.textContent = trouble(error.told);
      }
    }
    if (taken) await this.rebuild();
    else await this.refresh();
  }

  async rebuild() {
    await this.guarded(async () => {
      await post("rebuild");
      await this.watch(true);
    });
  }

  async remove(row) {
    if (!confirm(t("removeSure", row))) return;
    await this.guarded(async () => {
      await drop(`pages?${query({ file: row.file })}`);
      this.stale = true;
      this.jobLine.textContent = t("removed", row);
      await this.refresh();
    });
  }

  /** Follow a rebuild to its end. */
  async watch(started = false) {
    if (this.watching) return;
    this.watching = true;
    try {
      let job = await get("job");
      let seen = started || job.state === "running";
      while (job.state === "running") {
        this.jobLine.textContent = t("rebuilding", { step: t(job.step || "read"), done: job.done, total: job.total });
        await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN));
        job = await get("job");
      }
      if (!seen) return;
      this.jobLine.textContent = job.state === "failed" ? `${t("buildFailed")} ${job.problem}` : t("built");
      await this.app.reload();
      this.found = await get("files");
      this.build();
      this.showTable();
      this.looked = "";
      if (this.app.tab === "library") await this.show(here());
    } finally {
      this.watching = false;
    }
  }

  findBox() {
    this.find = h("input", { class: "wj-field wj-find", type: "search", placeholder: t("findFile"), "aria-label": t("findFile") });
    this.find.addEventListener("input", () => this.refresh());
    return this.find;
  }

  showTable() {
    const { rows, total } = this.found;
    const heads = [["file"], ["articles", "wj-count"], ["passages", "wj-count"], ["date"], ["problems"], ["actions", "wj-acts-cell"]];
    const body = h("tbody", {}, rows.map((row) => this.row(row)));
    fill(this.table, rows.length > 0 && h("table", { class: "wj-table" },
      h("thead", {}, h("tr", {}, heads.map(([key, name]) => h("th", { scope: "col", class: name || null }, t(key))))), body),
    total > rows.length && h("button", { class: "wj-button", type: "button", onclick: () => this.further() }, t("more", { n: total - rows.length })));
  }

  async further() {
    await this.guarded(async () => {
      const next = await get(`files?${query({ find: this.find.value, start: this.found.rows.length })}`);
      this.found = { rows: [...this.found.rows, ...next.rows], total: next.total };
      this.showTable();
    });
  }

  row(row) {
    const problem = row.state === "failed" ? t("unread", { why: row.problem }) : row.state === "new" ? t("fresh2")
      : row.broken ? t("brokenLines", { n: row.broken }) : t("noProblem");
    const dates = row.dates.length > 1 ? `${row.dates[0]} – ${row.dates.at(-1)}` : row.dates[0] || t("noDate");
    const line = h("tr", {},
      h("th", { scope: "row" }, row.articles ? h("button", { class: "wj-link wj-text", type: "button", "aria-expanded": "false", onclick: (event) => this.unfold(row, line, event.currentTarget) }, row.file) : h("span", { class: "wj-text" }, row.file)),
      h("td", { class: "wj-count", "data-name": t("articles") }, String(row.articles)), h("td", { class: "wj-count", "data-name": t("passages") }, String(row.passages)),
      h("td", { "data-name": t("date") }, dates), h("td", { class: row.state === "failed" ? "wj-bad" : null, "data-name": t("problems") }, problem),
      h("td", { class: "wj-acts-cell" }, row.removable && h("button", { class: "wj-act", type: "button", "aria-label": `${t("remove")} ${row.file}`, onclick: () => this.remove(row) }, t("remove"))));
    return line;
  }

  async unfold(row, line, button) {
    if (button.getAttribute("aria-expanded") === "true") {
      button.setAttribute("aria-expanded", "false");
      line.nextElementSibling.remove();
      return;
    }
    button.setAttribute("aria-expanded", "true");
    await this.guarded(async () => {
      const { articles } = await get(`file?${query({ file: row.file })}`);
      line.after(h("tr", { class: "wj-unfolded" }, h("td", { colspan: "6" }, h("ul", {}, articles.map((article) =>
        h("li", {}, h("button", { class: "wj-articlerow", type: "button", onclick: () => this.app.reader.open({ article: article.id }) },
          h("span", { class: "wj-text wj-hit-title" }, article.title || t("untitled")),
          h("span", { class: "wj-source-where" }, [t(article.kind), article.byline, lineWords(article.first, article.last), t("characters", { n: article.characters })].filter(Boolean).join(" · ")))))))));
    });
  }

  async guarded(work, place = this.jobLine) {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      fill(place, h("span", { class: "wj-trouble", role: "alert" }, trouble(error.told)));
    }
  }
}

/** Try again where the server asks to go slower. */
async function patiently(work, left = 6) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Problem) || error.told.code !== "too many" || !left) throw error;
    await new Promise((resolve) => setTimeout(resolve, 2000));
    return patiently(work, left - 1);
  }
}
