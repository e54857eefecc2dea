// What was asked before? The list of conversations: find one, open it, name it, pin it, delete it and take that back.

import { link } from "./address.js";
import { fill, h, icon } from "./dom.js";
import { remember, wishes } from "./keep.js";
import { Problem, get, patch, query } from "./net.js";
import { t, trouble } from "./words.js";

const ROOMY = matchMedia("(min-width: 1200px)");
const NARROW = matchMedia("(max-width: 900px)");
const DAY = 24 * 60 * 60 * 1000;

export class Conversations {
  constructor(app) {
    this.app = app;
    this.rows = [];
    this.total = 0;
    this.find = h("input", { class: "wj-field wj-talks-find", type: "search", placeholder: t("findTalk"), "aria-label": t("findTalk") });
    this.find.addEventListener("input", () => this.refresh());
    this.list = h("div", { class: "wj-talks-list" });
    this.told = h("p", { class: "wj-talks-told", role: "status" });
    const close = h("button", { class: "wj-round wj-talks-close", type: "button", "aria-label": t("close"), onclick: () => this.toggle(false) }, icon("close"));
    this.element = h("nav", { class: "wj-talks", id: "wj-talks", "aria-label": t("talks") },
      h("div", { class: "wj-talks-head" }, this.find, close), this.list, this.told);
    this.button = h("button", { class: "wj-round wj-talks-open", type: "button", "aria-controls": "wj-talks", "aria-label": t("talks"), title: t("talks"), onclick: () => this.toggle() }, icon("list"));
    this.drawn = !NARROW.matches && (wishes.list ?? ROOMY.matches);
    this.place();
  }

  /** Show or hide the list; on a phone it lies over the chat, and nothing below it can be reached. */
  toggle(drawn = !this.drawn) {
    this.drawn = drawn;
    if (!NARROW.matches) remember({ list: drawn });
    this.place();
    if (drawn) this.refresh();
    if (drawn && NARROW.matches) this.find.focus();
    if (!drawn) this.button.focus();
  }

  /** Close the list where it lies over the chat; whether it did. */
  leave() {
    const over = this.drawn && NARROW.matches;
    if (over) this.toggle(false);
    return over;
  }

  place() {
    const shown = this.app.state.listed && this.app.tab === "ask";
    const over = shown && this.drawn && NARROW.matches;
    this.button.hidden = !shown;
    this.element.hidden = !shown || !this.drawn;
    this.button.setAttribute("aria-expanded", String(this.drawn));
    this.app.desk.classList.toggle("wj-with-talks", shown && this.drawn);
    for (const other of document.querySelectorAll(".wj-top, .wj-view")) other.inert = over;
  }

  /** Tell which of them is open. */
  mark() {
    for (const name of this.list.querySelectorAll("a")) {
      if (name.dataset.talk === this.app.chat.conversation) name.setAttribute("aria-current", "page");
      else name.removeAttribute("aria-current");
    }
  }

  async refresh(more = 0) {
    if (!this.drawn || !this.app.state.listed) return;
    const asked = (this.asked = {});
    try {
      const found = await get(`conversations?${query({ find: this.find.value, start: more })}`);
      if (asked !== this.asked) return;
      this.rows = more ? [...this.rows, ...found.rows] : found.rows;
      this.total = found.total;
      this.draw();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      fill(this.list, h("p", { class: "wj-hint wj-trouble", role: "alert" }, trouble(error.told)));
    }
  }

  draw() {
    const groups = new Map();
    for (const row of this.rows) {
      const key = row.pinned ? "pinned" : ageOf(row.changed_at);
      groups.set(key, [...(groups.get(key) || []), row]);
    }
    fill(this.list, [...groups].map(([key, rows]) => [h("h2", {}, t(key)), h("ul", {}, rows.map((row) => this.row(row)))]),
      !this.rows.length && h("p", { class: "wj-hint" }, t(this.find.value.trim() ? "noTalkFound" : "noTalks")),
      this.total > this.rows.length && h("button", { class: "wj-act", type: "button", onclick: () => this.refresh(this.rows.length) }, t("more", { n: this.total - this.rows.length })));
    this.mark();
  }

  row(row) {
    const name = h("a", { class: "wj-talk-link wj-text", title: row.title, "data-talk": row.id, ...link(this.app, { c: row.id }) }, row.title);
    const acts = h("div", { class: "wj-talk-acts", hidden: true },
      h("button", { class: "wj-act", type: "button", onclick: () => this.rename(row, line) }, t("rename")),
      h("button", { class: "wj-act", type: "button", onclick: () => this.change(row, { pinned: !row.pinned }) }, t(row.pinned ? "unpin" : "pin")),
      h("button", { class: "wj-act", type: "button", onclick: () => this.delete(row) }, t("delete")));
    const more = h("button", { class: "wj-round wj-talk-more", type: "button", "aria-expanded": "false", "aria-label": `${t("actions")}: ${row.title}`, onclick: () => {
      acts.hidden = !acts.hidden;
      more.setAttribute("aria-expanded", String(!acts.hidden));
    } }, icon("dots"));
    const line = h("li", { class: "wj-talk" }, name, more, acts);
    return line;
  }

  rename(row, line) {
    const name = h("input", { class: "wj-field", type: "text", maxlength: "120", "aria-label": t("rename") });
    name.value = row.title;
    let ended = false;
    const end = async (keep) => {
      if (ended) return;
      ended = true;
      if (keep && name.value.trim() && name.value !== row.title) await this.change(row, { title: name.value });
      else this.draw();
    };
    name.addEventListener("keydown", (event) => {
      if (event.key === "Escape") event.stopPropagation();
      if (event.key === "Escape" || (event.key === "Enter" && !event.isComposing)) end(event.key === "Enter");
    });
    name.addEventListener("blur", () => end(true));
    fill(line, name);
    name.select();
  }

  async change(row, changes) {
    fill(this.told);
    try {
      await patch(`conversation?${query({ name: row.id })}`, changes);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      fill(this.told, trouble(error.told));
    }
    this.app.tell();
    await this.refresh();
  }

  async delete(row) {
    await this.change(row, { deleted: true });
    if (this.told.textContent) return;
    if (row.id === this.app.chat.conversation) await this.app.visit({});
    const undo = h("button", { class: "wj-act", type: "button", onclick: () => this.change(row, { deleted: false }) }, t("undo"));
    fill(this.told, t("deleted", { title: shortened(row.title) }), undo);
    undo.focus();
  }
}

function ageOf(moment) {
  const midnight = new Date().setHours(0, 0, 0, 0);
  const then = Date.parse(moment);
  return then >= midnight ? "today" : then >= midnight - 6 * DAY ? "thisWeek" : "earlier";
}

const shortened = (text) => { const all = [...text]; return all.length > 16 ? `${all.slice(0, 16).join("")}…` : text; };
