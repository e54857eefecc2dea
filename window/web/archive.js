// What appeared on which day? A calendar of the days that there are, and the headlines of the chosen one.

import { link } from "./address.js";
import { fill, h } from "./dom.js";
import { get, query } from "./net.js";
import { language, lineWords, t } from "./words.js";

const UNDATED = "undated";

export class Archive {
  constructor(app) {
    this.app = app;
    this.title = h("h2", {});
    this.calendar = h("div", { class: "wj-calendar" });
    this.headlines = h("div", { class: "wj-headlines", "aria-live": "polite" });
    this.element = h("section", { class: "wj-archive" }, h("div", { class: "wj-sectionhead" }, this.title), this.calendar, this.headlines);
  }

  async show({ day, paper }) {
    const asked = (this.asked = {});
    const known = await get(`calendar?${query({ paper })}`);
    if (asked !== this.asked) return;
    Object.assign(this, known, { paper, dates: Object.keys(known.days) });
    this.day = day || this.dates.at(-1) || UNDATED;
    this.month = (this.day === UNDATED ? this.dates.at(-1) || "" : this.day).slice(0, 7);
    this.title.textContent = t(this.dates.length ? "byDay" : "byPage");
    this.element.classList.toggle("wj-dated", this.dates.length > 0);
    this.drawCalendar();
    await this.drawDay(asked);
  }

  /** The months that there are, each with how many articles it has. */
  months() {
    const months = new Map();
    for (const [day, count] of Object.entries(this.days)) months.set(day.slice(0, 7), (months.get(day.slice(0, 7)) || 0) + count);
    return months;
  }

  drawCalendar() {
    const months = this.months();
    const names = [...months.keys()];
    const to = (name) => { this.month = name; this.drawCalendar(); };
    const chosen = h("select", { class: "wj-field", "aria-label": t("month"), onchange: () => to(chosen.value) },
      names.map((name) => h("option", { value: name }, t("monthOf", { month: words(name, { year: "numeric", month: "long" }), n: months.get(name) }))));
    chosen.value = this.month;
    const step = (label, sign, name) => h("button", { class: "wj-round", type: "button", "aria-label": t(label), title: t(label), disabled: !name, onclick: () => to(name) }, sign);
    const papers = h("select", { class: "wj-field", onchange: () => this.app.visit({ tab: "library", paper: papers.value }) },
      h("option", { value: "" }, t("allPapers")), this.papers.map((name) => h("option", { value: name }, name)));
    papers.value = this.paper;
    fill(this.calendar, this.papers.length > 1 && h("label", { class: "wj-inline" }, t("paper"), papers),
      names.length > 0 && [
        h("div", { class: "wj-month" }, step("before", "‹", names.filter((name) => name < this.month).at(-1)), chosen, step("after", "›", names.find((name) => name > this.month))),
        this.grid(),
      ],
      names.length > 0 && this.undated > 0 && h("a", { class: "wj-link", "aria-current": this.day === UNDATED ? "date" : null, ...link(this.app, this.at(UNDATED)) }, t("undatedOf", { n: this.undated })));
  }

  at(day) {
    return { tab: "library", day, paper: this.paper };
  }

  /** The chosen month, week by week from Monday on. */
  grid() {
    const [year, month] = this.month.split("-").map(Number);
    const before = (new Date(Date.UTC(year, month - 1, 1)).getUTCDay() + 6) % 7;
    const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
    const cells = [...Array(before).fill(""), ...Array.from({ length: days }, (_, at) => `${this.month}-${String(at + 1).padStart(2, "0")}`)];
    const weeks = Array.from({ length: Math.ceil(cells.length / 7) }, (_, at) => cells.slice(7 * at, 7 * at + 7));
    return h("table", {}, h("thead", {}, h("tr", {}, t("week").split(" ").map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, weeks.map((week) => h("tr", {}, week.map((day) => h("td", {}, this.cell(day)))))));
  }

  cell(day) {
    const count = this.days[day];
    const number = day && String(Number(day.slice(8)));
    if (!count) return number && h("span", {}, number);
    return h("a", { "aria-label": t("dayOf", { day: words(day), n: count }), title: t("dayOf", { day: words(day), n: count }), "aria-current": day === this.day ? "date" : null, ...link(this.app, this.at(day)) }, number);
  }

  async drawDay(asked, start = 0) {
    const { pages, total } = await get(`day?${query({ day: this.day, paper: this.paper, start })}`);
    if (asked !== this.asked) return;
    const shown = start + pages.length;
    const more = total > shown && h("button", { class: "wj-button", type: "button", onclick: () => { more.remove(); this.drawDay(asked, shown); } }, t("more", { n: total - shown }));
    if (!start) fill(this.headlines, h("h3", {}, this.day === UNDATED ? t("undatedOf", { n: this.undated }) : t("dayOf", { day: words(this.day), n: this.days[this.day] || 0 })), !total && h("p", { class: "wj-hint" }, t("nothingThen")));
    this.headlines.append(...pages.map((page) => this.page(page)));
    if (more) this.headlines.append(more);
  }

  page({ file, articles }) {
    return h("div", { class: "wj-daypage" }, h("h4", { class: "wj-text" }, file), h("ul", {}, articles.map((article) =>
      h("li", {}, h("button", { class: "wj-articlerow", type: "button", onclick: () => this.app.reader.open({ article: article.id }) },
        h("span", { class: "wj-text wj-hit-title" }, article.title || (article.lead ? `${article.lead}…` : t("untitled"))),
        h("span", { class: "wj-source-where" }, [t(article.kind), article.byline, lineWords(article.first, article.last)].filter(Boolean).join(" · ")))))));
  }
}

/** A day or a month in words. */
function words(day, parts = { year: "numeric", month: "long", day: "numeric" }) {
  return new Intl.DateTimeFormat(language() === "en" ? "en-GB" : "zh-CN", { ...parts, timeZone: "UTC" }).format(Date.parse(day));
}
