// What does one question and its answer look like, and what can be done with them?

import { fill, h, pieces } from "./dom.js";
import { Problem, post, query } from "./net.js";
import { language, lineWords, t, trouble } from "./words.js";

export class Turn {
  /** ``acts``: edit(turn, text), retry(turn), evidence(answer, number). */
  constructor(question, acts) {
    this.question = question;
    this.acts = acts;
    this.answer = null;
    this.state = "queued"; // then running, and done, failed or gone
    this.id = ""; // once the server has begun with it
    this.head = h("div", { class: "wj-asked" });
    this.body = h("div", { class: "wj-said", "data-testid": "bot", lang: "zh" });
    this.foot = h("div", { class: "wj-foot" });
    this.element = h("article", { class: "wj-turn", "aria-label": question.slice(0, 80) }, this.head, this.body, this.foot);
    this.showQuestion();
  }

  showQuestion() {
    fill(this.head, h("h2", { class: "wj-question", "data-testid": "user" }, this.question),
      h("button", { class: "wj-act wj-edit", type: "button", onclick: () => this.edit() }, t("edit")));
  }

  edit() {
    const box = h("textarea", { class: "wj-editbox", rows: "2", "aria-label": t("edit") });
    box.value = this.question;
    const send = () => box.value.trim() && this.acts.edit(this, box.value);
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        send();
      } else if (event.key === "Escape") {
        event.stopPropagation();
        this.showQuestion();
      }
    });
    fill(this.head, h("div", { class: "wj-editing" }, box, h("div", { class: "wj-acts" },
      h("button", { class: "wj-button wj-main", type: "button", onclick: send }, t("resend")),
      h("button", { class: "wj-button", type: "button", onclick: () => this.showQuestion() }, t("cancel")))));
    box.focus();
    box.setSelectionRange(box.value.length, box.value.length);
  }

  status(text, isError = false) {
    fill(this.body, h("p", { class: isError ? "wj-trouble" : "wj-status", role: isError ? "alert" : "status" }, text));
  }

  /** As much of the answer as there is. */
  show(answer) {
    this.answer = answer;
    const told = [];
    if (answer.partly) told.push(note("partly", t("partly")));
    for (const remark of answer.remarks) told.push(note(remark.warns, t(remark.warns), remark.text));
    const said = answer.abstained
      ? [h("p", { class: "wj-refusal" }, farOff(answer) ? t("noneNear") : answer.text.split("\n")[0])]
      : answer.blocks.map((block) => h("p", { class: blockClass(block) }, this.parts(block.parts)));
    if (answer.comparison) said.splice(answer.blocks[0]?.direct ? 1 : 0, 0, this.table(answer.comparison));
    fill(this.body, told, said, this.sources(answer));
  }

  /** The two sides of a comparison, side by side. */
  table({ sides, verdict }) {
    return h("table", { class: "wj-sides" }, h("tbody", {}, sides.map((side) =>
      h("tr", { class: side.name === verdict ? "wj-wins" : null }, h("th", { scope: "row", class: "wj-text" }, side.name),
        h("td", { class: "wj-text" }, side.value || t("noFigure")), h("td", {}, side.number ? this.chip(side.number) : null)))));
  }

  parts(list) {
    return list.map((part) => part.cite ? this.chip(part.cite) : h("span", { class: "wj-text" }, pieces([part], t("torn"))));
  }

  chip(number) {
    return h("button", { class: "wj-chip", type: "button", "aria-label": t("citation", { n: number }),
      onclick: () => this.open(number) }, String(number));
  }

  sources(answer) {
    const shown = answer.citations.length ? answer.citations : answer.nearest;
    if (!shown.length) return null;
    return h("div", { class: answer.abstained ? "wj-sources wj-loose" : "wj-sources", role: "group",
      "aria-label": t(answer.abstained ? "nearest" : "sources") },
    grouped(shown, answer.abstained).map(([citation, ...others]) => h("button", { class: "wj-source", type: "button", onclick: () => this.open(citation.number) },
      h("span", { class: "wj-source-number" }, [citation, ...others].map(({ number }) => number).join(" ")),
      h("span", { class: "wj-source-title wj-text" }, citation.headline || t("untitled")),
      h("span", { class: "wj-source-where" }, [lineWords(citation.first, Math.max(citation.last, ...others.map(({ last }) => last))), citation.date, citation.file].filter(Boolean).join(" · ")),
      citation.near && h("span", { class: "wj-source-quote wj-text" }, citation.pieces.map((piece) => piece.text).join("")))));
  }

  /** The whole answer, and what can be done with it; ``changed`` are files that were other ones when it was given. */
  finish(answer, changed = []) {
    this.state = "done";
    this.id = answer.id;
    this.show(answer);
    const sure = answer.sure[language()] || answer.sure.zh;
    const level = answer.confidence >= 0.6 ? "high" : answer.confidence >= 0.4 ? "fair" : "low";
    const facts = answer.abstained ? [] : [
      h("span", { class: `wj-sure wj-${level}` }, sure),
      h("span", {}, t(answer.generated ? "generatedBy" : "verbatim")),
    ];
    if (answer.query && answer.query !== answer.question) facts.push(h("span", {}, t("searchedAs", { query: shortened(answer.query) })));
    fill(this.foot, changed.length > 0 && note("changed", t("pagesChanged", { files: changed.join("、") })), h("p", { class: "wj-meta" }, facts), this.actions(answer));
  }

  /** What could be asked next, each of which the archive answers. */
  suggest(questions) {
    this.forgetNext();
    if (!questions.length) return;
    this.next = h("div", { class: "wj-next", role: "group", "aria-label": t("next") }, h("p", { class: "wj-hint" }, t("next")),
      questions.map((question) => h("button", { class: "wj-nextone wj-text", type: "button", lang: "zh", onclick: () => this.acts.ask(question) }, question)));
    this.element.append(this.next);
  }

  forgetNext() {
    this.next?.remove();
  }

  /** It stands here, and nowhere else: why it could not be kept. */
  notKept(told) {
    this.unkept = true;
    this.foot.append(h("p", { class: "wj-trouble wj-unkept", role: "status" }, trouble(told)));
  }

  /** It came to an end without an answer. */
  fail(text, isError = true) {
    this.state = "failed";
    if (this.answer && !isError) this.body.append(h("p", { class: "wj-status" }, text));
    else this.status(text, isError);
    fill(this.foot, h("div", { class: "wj-acts" }, this.retryButton()));
  }

  open(number) {
    if (this.answer?.id) this.acts.evidence(this.answer, number);
  }

  retryButton() {
    return h("button", { class: "wj-act", type: "button", onclick: () => this.acts.retry(this) }, t("retry"));
  }

  actions(answer) {
    const copy = (key, text) => h("button", { class: "wj-act", type: "button", onclick: (event) => copyText(event.target, text) }, t(key));
    return h("div", { class: "wj-acts" },
      copy("copy", answer.copies.plain), copy("copyMarkdown", answer.copies.markdown),
      h("a", { class: "wj-act", href: `/window/bundle?${query({ answer: answer.id })}`, download: "" }, t("bundle")),
      this.retryButton(), h("span", { class: "wj-gap" }), this.feedback(answer));
  }

  feedback(answer) {
    const box = h("span", { class: "wj-feedback" });
    const buttons = ["useful", "useless"].map((key) => h("button", { class: "wj-act", type: "button", "aria-pressed": "false", onclick: () => say(key) }, t(key)));
    const send = async (verdict, word = "") => {
      try {
        await post("feedback", { answer: answer.id, verdict, word });
        return true;
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        fill(box, h("span", { class: "wj-hint", role: "alert" }, trouble(error.told)));
        return false;
      }
    };
    const say = async (key) => {
      const off = buttons[key === "useful" ? 0 : 1].getAttribute("aria-pressed") === "true";
      const verdict = off ? null : key === "useful" ? "useful" : "not useful";
      if (!await send(verdict)) return;
      buttons.forEach((button, at) => button.setAttribute("aria-pressed", String(!off && at === (key === "useful" ? 0 : 1))));
      if (key === "useless" && !off) ask(verdict);
      else fill(box, buttons);
    };
    const ask = (verdict) => {
      const word = h("input", { class: "wj-word", type: "text", maxlength: "2000", placeholder: t("why"), "aria-label": t("why") });
      const done = async () => {
        if (!word.value.trim() || await send(verdict, word.value.trim())) fill(box, buttons, h("span", { class: "wj-hint", role: "status" }, t("thanks")));
      };
      word.addEventListener("keydown", (event) => event.key === "Enter" && !event.isComposing && done());
      fill(box, buttons, word, h("button", { class: "wj-act", type: "button", onclick: done }, t("sendWord")));
      word.focus();
    };
    return fill(box, buttons);
  }
}

/** Whether nothing that stands beside a refusal has to do with the question. */
const farOff = ({ nearest }) => nearest.length > 0 && nearest.every(({ near }) => near === false);

/** Citations of one article together; passages beside a refusal stand by themselves, for each shows its quote. */
function grouped(citations, apart) {
  const groups = new Map();
  for (const citation of citations) {
    const key = apart ? citation.number : citation.article;
    groups.set(key, [...(groups.get(key) || []), citation]);
  }
  return [...groups.values()];
}

const blockClass = (block) => ["wj-block", block.quoted && "wj-quoted", block.direct && "wj-direct"].filter(Boolean).join(" ");

const shortened = (text, most = 60) => { const all = [...text]; return all.length > most ? `${all.slice(0, most).join("")}…` : text; };

function note(kind, label, text = "") {
  return h("p", { class: `wj-note wj-note-${kind}` }, h("strong", {}, label), text && text !== label ? h("span", {}, text) : null);
}

export async function copyText(button, text) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = t("copied");
  } catch {
    button.textContent = t("notCopied");
  }
  setTimeout(() => { button.textContent = label; }, 1500);
}
