// What stands where? The frame of the window: the head with its tabs, the view below, the reader beside it.

import { here, move } from "./address.js";
import { Chat } from "./chat.js";
import { Conversations } from "./conversations.js";
import { h, icon } from "./dom.js";
import { remember, wishes } from "./keep.js";
import { Library } from "./library.js";
import { Problem, get } from "./net.js";
import { Reader } from "./reader.js";
import { Settings } from "./settings.js";
import { language, t, trouble } from "./words.js";

const WIDE = matchMedia("(min-width: 901px)");
const DARK = matchMedia("(prefers-color-scheme: dark)");
const TABS = ["ask", "library", "settings"];

class App {
  async open() {
    this.root = h("div", { id: "wj", class: "wj" });
    document.body.prepend(this.root);
    this.colours();
    DARK.addEventListener("change", () => this.colours());
    document.addEventListener("keydown", (event) => this.pressed(event));
    try {
      await this.reload();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.root.append(h("p", { class: "wj-trouble wj-alone", role: "alert" }, trouble(error.told)));
      return;
    }
    this.draw();
    addEventListener("popstate", () => this.show());
    addEventListener("pageshow", () => this.agree());
    document.addEventListener("visibilitychange", () => this.agree());
    this.others = new BroadcastChannel("wenju");
    this.others.addEventListener("message", () => this.agree());
    await this.show();
    this.chat.answerAddress();
  }

  /** Go to a place of the window. */
  visit(place, replace = false, state = null) {
    move(place, replace, state);
    return this.show();
  }

  /** Show the place that the address names; each part that stands there already is left as it is. */
  async show() {
    const place = here();
    this.tab = TABS.includes(place.tab) ? place.tab : "ask";
    const views = { ask: this.chat, library: this.library, settings: this.settings };
    for (const name of TABS) views[name].element.hidden = name !== this.tab;
    if (this.tab === "library") this.places.library = { ...place, article: "", passage: "" };
    this.talks.leave();
    this.changed();
    if (this.tab === "ask") await this.chat.open(place.c);
    else if (this.tab === "library") this.library.show(place);
    else this.settings.refresh();
    this.changed();
    await this.reader.show(place);
  }

  /** Something was kept: this tab's list shows it, and the others take it over. */
  tell() {
    this.others.postMessage("changed");
    this.talks.refresh();
  }

  /** Take over what was done in other tabs. */
  async agree() {
    if (document.hidden) return;
    this.talks.refresh();
    await this.chat.agree().catch((error) => {
      if (!(error instanceof Problem)) throw error; // it stays as it stands
    });
  }

  draw() {
    document.documentElement.lang = language() === "en" ? "en" : "zh-CN";
    document.title = language() === "en" ? "Wenju 文据" : "文据 Wenju";
    this.tab = "ask";
    this.desk = h("main", { class: "wj-desk" });
    this.places = {}; // where each tab was left
    this.reader = new Reader(this);
    this.talks = new Conversations(this);
    this.chat = new Chat(this);
    this.library = new Library(this);
    this.settings = new Settings(this);
    this.desk.append(this.talks.element, this.chat.element, this.library.element, this.settings.element, this.reader.element);
    this.root.replaceChildren(h("a", { class: "wj-skip", href: "#wj-box" }, t("skip")), this.head(), this.desk);
    this.changed();
    if (this.wide()) this.chat.box.focus();
  }

  head() {
    this.tabs = Object.fromEntries(TABS.map((name) => [name, h("button", { class: "wj-navtab", type: "button", onclick: () => this.go(name) }, t(name))]));
    this.fresh = h("button", { class: "wj-button wj-new", type: "button", id: "wj-new", "aria-label": t("fresh"), title: t("fresh"), onclick: () => this.startAnew() }, icon("plus"), h("span", {}, t("fresh")));
    this.save = h("a", { class: "wj-button wj-save", download: "" }, t("save"));
    const theme = h("button", { class: "wj-round", type: "button", "aria-label": t("theme"), title: t("theme"), onclick: () => {
      remember({ theme: this.dark() ? "light" : "dark" });
      this.colours();
    } }, icon("sun"));
    return h("header", { class: "wj-top" }, this.talks.button,
      h("div", { class: "wj-brand" }, h("strong", {}, "文据"), h("em", { lang: "en" }, "Wenju"), h("span", {}, t("tagline"))),
      h("nav", { class: "wj-nav", "aria-label": t("nav") }, Object.values(this.tabs)),
      h("div", { class: "wj-tools" }, this.save, this.fresh, theme));
  }

  async startAnew() {
    if (!this.chat.conversation) this.chat.conversation = null; // what could not be asked stands there and goes
    await this.visit({});
    this.chat.box.focus();
  }

  /** Go to a tab as it was left. */
  go(tab) {
    return this.visit(tab === "ask" ? { c: this.chat.conversation } : this.places[tab] || { tab });
  }

  /** What depends on where we are and on the conversation. */
  changed() {
    for (const name of TABS) this.tabs[name].setAttribute("aria-current", name === this.tab ? "page" : "false");
    this.talks.place();
    this.talks.mark();
    this.fresh.hidden = !this.chat.turns.length;
    const file = this.chat.file();
    this.save.hidden = !file;
    if (file) this.save.href = file;
  }

  async reload() {
    this.state = await get("state");
    this.chat?.refresh();
  }

  /** The wishes as the server takes them; those of the start where a person has none. */
  asWished() {
    const { settings, collection } = this.state;
    const dated = Boolean(collection?.from);
    return {
      passages: wishes.passages ?? settings.passages,
      min_confidence: wishes.min_confidence ?? settings.min_confidence,
      generated: Boolean(settings.llm) && (wishes.generated ?? settings.generated),
      since: (dated && wishes.since) || null,
      until: (dated && wishes.until) || null,
    };
  }

  pressed(event) {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key === "Escape") this.escape();
    else if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      if (this.tab !== "ask") this.go("ask");
      this.chat.box.focus();
    }
  }

  escape() {
    if (this.talks.leave()) return;
    if (this.reader.overlay) this.reader.close();
    else if (this.chat.running) this.chat.stop();
    else this.reader.close();
  }

  /** After a change of language or colours: all is drawn anew; what is being answered goes on. */
  restyle() {
    this.colours();
    this.chat.leave();
    const { conversation } = this.chat;
    this.draw();
    this.chat.open(conversation);
    return this.show();
  }

  dark() {
    return wishes.theme === "auto" ? DARK.matches : wishes.theme === "dark";
  }

  colours() {
    document.documentElement.dataset.wjTheme = this.dark() ? "dark" : "light";
  }

  wide() {
    return WIDE.matches;
  }
}

new App().open();
