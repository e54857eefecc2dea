// What backs an answer? The pane beside it: the cited article as a reader would want it, the quote in sight.

import { here } from "./address.js";
import { fill, h, icon, pieces } from "./dom.js";
import { Problem, get, query } from "./net.js";
import { copyText } from "./turn.js";
import { lineWords, t, trouble } from "./words.js";

const NARROW = matchMedia("(max-width: 900px)");

export class Reader {
  constructor(app) {
    this.app = app;
    this.sheet = h("div", { class: "wj-sheet", tabindex: "0", role: "region", "aria-label": t("whole") });
    this.title = h("h2", { class: "wj-reader-title" });
    this.tabs = h("div", { class: "wj-tabs", role: "group", "aria-label": t("sources") });
    const close = h("button", { class: "wj-round", type: "button", "aria-label": t("close"), onclick: () => this.close() }, icon("close"));
    this.about = h("div", { class: "wj-about" });
    this.element = h("aside", { class: "wj-reader", "aria-label": t("evidence"), hidden: true },
      h("div", { class: "wj-reader-bar" }, this.title, this.tabs, close, this.about), this.sheet);
  }

  /** Go to a citation (``cite``) or an article, a step that can be gone back from. */
  open(place) {
    if (this.element.hidden) this.opener = document.activeElement;
    const among = this.answer && place.cite?.startsWith(`${this.answer}.`); // of the answer that is open: no step of its own
    return this.app.visit({ ...here(), cite: "", article: "", passage: "", ...place }, among, { opened: this.element.hidden });
  }

  /** Leave it: a step back to where it was opened, if that was the last step. */
  close() {
    if (this.element.hidden) return;
    if (history.state?.opened) history.back();
    else this.app.visit({ ...here(), cite: "", article: "", passage: "" });
  }

  /** Show what the address names. */
  async show({ cite, article, passage }) {
    const [answer, number] = cite.split(".");
    this.answer = answer;
    if (cite) await this.evidence(answer, Number(number));
    else if (article) await this.article(article, passage);
    else this.hide();
  }

  /** The evidence of an answer at one of its citations; the answer need not stand in the chat. */
  async evidence(name, number) {
    const answer = this.app.chat.answer(name);
    const shown = answer ? (answer.citations.length ? answer.citations : answer.nearest) : [];
    const current = shown.find((citation) => citation.number === number);
    const abstained = Boolean(answer?.abstained);
    this.title.textContent = t(abstained ? "evidenceNearest" : "evidence");
    fill(this.tabs, shown.length > 1 && shown.map((citation) => h("button", {
      class: "wj-tab", type: "button", "aria-pressed": String(citation === current),
      "aria-label": `${t("citation", { n: citation.number })} ${citation.headline}`,
      onclick: () => this.open({ cite: `${name}.${citation.number}` }),
    }, String(citation.number))));
    await this.load(`evidence?${query({ answer: name, number })}`, current, abstained);
  }

  /** An article of the collection, with a passage of it in sight. */
  async article(article, passage = "") {
    this.title.textContent = t("article");
    fill(this.tabs);
    await this.load(`article?${query({ article, passage })}`);
  }

  async load(path, citation = null, nearest = false) {
    if (this.asked === path) return;
    const asked = (this.asked = path);
    this.unhide();
    try {
      const article = await get(path);
      if (asked !== this.asked) return;
      this.shown = { article, citation, nearest };
      this.tell(article, citation);
      this.fillSheet();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      fill(this.sheet, h("p", { class: "wj-hint", role: "alert" }, trouble(error.told)));
    }
  }

  /** The article as text, or the picture of its page with the quote boxed. */
  fillSheet() {
    const { article, nearest } = this.shown;
    const printed = this.asPicture && article.sheets.length > 0;
    fill(this.sheet, printed ? article.sheets.map((sheet) => this.picture(article, sheet)) : this.paper(article, nearest));
    this.sheet.scrollTop = 0;
    const mark = this.sheet.querySelector(printed ? ".wj-place" : "mark");
    if (mark) this.reveal(mark);
  }

  /** One sheet of paper; a click makes it larger around the place that was clicked, or small again. */
  picture(article, { number, boxes }) {
    const percent = (share) => `${(100 * share).toFixed(3)}%`;
    const page = h("div", { class: "wj-printed" },
      h("img", { src: `window/sheet?${query({ file: article.file, number })}`, alt: t("pictureOf", { file: article.file, n: number }),
        onload: () => this.reveal(page.querySelector(".wj-place") || page),
        onerror: () => fill(page, h("p", { class: "wj-hint", role: "alert" }, t("noPicture"))) }),
      boxes.map(([x0, y0, x1, y1]) => {
        const box = h("span", { class: "wj-place" });
        Object.assign(box.style, { left: percent(x0), top: percent(y0), width: percent(x1 - x0), height: percent(y1 - y0) });
        return box;
      }));
    page.addEventListener("click", (event) => this.zoom(page, event));
    return page;
  }

  zoom(page, event) {
    const before = page.getBoundingClientRect();
    const [x, y] = [(event.clientX - before.left) / before.width, (event.clientY - before.top) / before.height];
    page.classList.toggle("wj-large");
    const after = page.getBoundingClientRect();
    this.sheet.scrollLeft += after.left + x * after.width - event.clientX;
    this.sheet.scrollTop += after.top + y * after.height - event.clientY;
  }

  reveal(mark) {
    const top = mark.getBoundingClientRect().top - this.sheet.getBoundingClientRect().top;
    this.sheet.scrollTop += top - this.sheet.clientHeight / 3;
    const left = mark.getBoundingClientRect().left - this.sheet.getBoundingClientRect().left;
    if (left > this.sheet.clientWidth || left < 0) this.sheet.scrollLeft += left - this.sheet.clientWidth / 3;
  }

  /** What stays in sight above the article: which one it is, and where the quote stands. */
  tell(article, citation) {
    const { first, last } = citation || article;
    const facts = [lineWords(first, last), article.file, article.date, t(article.kind)].filter(Boolean);
    const quote = citation && citation.pieces.map((piece) => piece.text).join("");
    fill(this.about,
      h("p", { class: "wj-about-title wj-text" }, article.title || t("untitled")),
      h("p", { class: "wj-facts" }, facts.map((fact) => h("span", {}, fact)),
        article.sheets.length > 0 && h("button", { class: "wj-link", type: "button", "aria-pressed": String(Boolean(this.asPicture)),
          onclick: () => { this.asPicture = !this.asPicture; this.tell(article, citation); this.fillSheet(); } }, t(this.asPicture ? "asText" : "asPicture")),
        quote && h("button", { class: "wj-link", type: "button", onclick: (event) => copyText(event.target, `“${quote}”（${article.title || t("untitled")}，${article.file} ${lineWords(first, last)}）`) }, t("copyQuote"))),
      citation && citation.also.length > 0 && h("p", { class: "wj-facts" }, `${t("also")} `, citation.also.map((place) =>
        h("button", { class: "wj-link", type: "button", onclick: () => this.open({ article: place.article }) }, `${place.file} ${lineWords(place.first, place.last)}`))));
  }

  paper(article, nearest) {
    const jump = (link, label) => link && h("p", { class: "wj-jump" }, `${label} `,
      h("button", { class: "wj-link", type: "button", onclick: () => this.open({ article: link.article }) }, link.headline || t("untitled")));
    return h("article", { class: nearest ? "wj-paper wj-near" : "wj-paper", lang: "zh" },
      article.changed && h("p", { class: "wj-note wj-changed" }, t(`page ${article.changed}`), " ",
        article.id && h("button", { class: "wj-link", type: "button", onclick: () => this.open({ article: article.id }) }, t("asNow"))),
      jump(article.continues, t("continues")),
      article.paragraphs.map((paragraph) => this.paragraph(paragraph)),
      jump(article.continued_by, t("continuedBy")));
  }

  paragraph({ role, line, broken, pieces: parts }) {
    const tag = { headline: "h3", section: "h4" }[role] || "p";
    return h(tag, { class: `wj-${role} wj-text`, "data-line": String(line) }, pieces(parts, t("torn")),
      broken && h("span", { class: "wj-broken", role: "img", title: t("broken"), "aria-label": t("broken") }, "……"));
  }

  unhide() {
    this.element.hidden = false;
    this.app.desk.classList.add("wj-with-reader");
    this.overlay = NARROW.matches;
    if (!this.overlay) return;
    this.others(true);
    this.sheet.focus({ preventScroll: true });
  }

  hide() {
    this.asked = "";
    if (this.element.hidden) return;
    this.element.hidden = true;
    this.app.desk.classList.remove("wj-with-reader");
    this.others(false);
    this.overlay = false;
    if (this.opener?.isConnected) this.opener.focus({ preventScroll: true });
  }

  /** While the pane lies over the chat, nothing below it can be reached. */
  others(inert) {
    for (const element of document.querySelectorAll(".wj-top, .wj-view")) element.inert = inert;
  }
}
