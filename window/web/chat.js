// How does a conversation go? Questions are taken at any time and answered in order; the running one can be stopped.

import { fill, h, icon } from "./dom.js";
import { keepTalk, keptTalk } from "./keep.js";
import { Problem, ask, query } from "./net.js";
import { Turn } from "./turn.js";
import { language, t, trouble } from "./words.js";

const KEPT = 20; // turns that the next question knows

export class Chat {
  constructor(app) {
    this.app = app;
    this.turns = [];
    this.running = null;
    this.list = h("div", { class: "wj-turns", role: "log", "aria-label": t("conversation") });
    this.start = h("div", { class: "wj-start" });
    this.scroll = h("div", { class: "wj-scroll", tabindex: "0", role: "region", "aria-label": t("conversation") }, this.start, this.list);
    this.element = h("section", { class: "wj-view wj-ask", id: "wj-ask" }, this.scroll, this.composer());
    this.refresh();
  }

  composer() {
    this.box = h("textarea", { class: "wj-box", id: "wj-box", rows: "1", placeholder: t("placeholder"), "aria-label": t("question"), enterkeyhint: "send" });
    this.sendButton = h("button", { class: "wj-send", type: "button", "aria-label": t("send"), title: t("send"), onclick: () => this.send() }, icon("send"));
    this.stopButton = h("button", { class: "wj-send wj-stop", type: "button", "aria-label": t("stop"), title: t("stop"), hidden: true, onclick: () => this.stop() }, icon("stop"));
    this.box.addEventListener("input", () => { this.grow(); this.keep(); });
    this.box.addEventListener("keydown", (event) => {
      if (event.key === "ArrowUp" && !this.box.value && this.turns.length) {
        this.box.value = this.turns.at(-1).question;
        this.grow();
      }
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.send();
    });
    this.trouble = h("p", { class: "wj-box-trouble", role: "alert" });
    return h("div", { class: "wj-composer" }, this.trouble,
      h("div", { class: "wj-boxframe" }, this.box, this.stopButton, this.sendButton),
      h("p", { class: "wj-keys" }, t("keys")));
  }

  grow() {
    this.box.style.height = "auto";
    this.box.style.height = `${Math.min(this.box.scrollHeight, 180)}px`;
    this.trouble.textContent = "";
  }

  /** The start page; it stands while there is no conversation. */
  refresh() {
    const { collection, examples } = this.app.state;
    this.element.classList.toggle("wj-fresh", !this.turns.length);
    this.start.hidden = this.turns.length > 0;
    this.box.placeholder = t(this.turns.length ? "placeholderNext" : "placeholder");
    if (!collection) {
      fill(this.start, h("h1", { class: "wj-hero" }, t("empty")), h("p", { class: "wj-heronote" }, t("emptyNote")),
        h("ol", { class: "wj-fillsteps" }, ["empty1", "empty2", "empty3"].map((key) => h("li", {}, t(key)))),
        h("button", { class: "wj-button wj-main", type: "button", onclick: () => this.app.go("library") }, t("openLibrary")));
      return;
    }
    const count = (number) => number.toLocaleString(language() === "en" ? "en" : "zh-CN");
    const holds = t("holds", { pages: count(collection.pages), articles: count(collection.articles), passages: count(collection.passages) });
    const dated = collection.from ? `，${t("dated", collection)}` : "";
    fill(this.start,
      h("h1", { class: "wj-hero" }, t("hero")), h("p", { class: "wj-heronote" }, t("heroNote")),
      h("p", { class: "wj-holds" }, language() === "en" ? holds + dated.replace("，", ", ") : holds + dated),
      examples.length > 0 && h("div", { class: "wj-examples" }, h("h2", {}, t("examples")),
        h("div", { class: "wj-examplelist", lang: "zh" }, examples.map((text) => h("button", { class: "wj-example", type: "button", onclick: () => this.put(text) }, text)))),
      h("div", { class: "wj-how" }, h("h2", {}, t("how")), h("ol", {}, [1, 2, 3].map((step) =>
        h("li", {}, h("b", {}, t(`step${step}`)), h("span", {}, t(`step${step}Note`)))))));
  }

  /** Send what stands in the box; what cannot be asked stays there. */
  send() {
    const text = this.box.value;
    const problem = this.unfit(text);
    if (problem) {
      this.trouble.textContent = trouble(problem);
      return;
    }
    this.box.value = "";
    this.grow();
    this.put(text.trim());
  }

  unfit(text) {
    if (!/[\p{L}\p{N}]/u.test(text)) return { code: "empty question" };
    const length = [...text].length;
    const most = this.app.state.longest;
    return length > most ? { code: "too long", length: length.toLocaleString("en"), most: most.toLocaleString("en") } : null;
  }

  /** A turn at the end of the conversation. */
  add(question) {
    const turn = new Turn(question, {
      retry: (which) => this.app.chat.again(which, which.question),
      edit: (which, text) => this.app.chat.again(which, text.trim()),
      evidence: (answer, number) => this.app.reader.evidence(answer, number),
    });
    this.turns.push(turn);
    this.list.append(turn.element);
    return turn;
  }

  /** What a reload of this tab takes up again. */
  keep() {
    const done = this.turns.filter((turn) => turn.state === "done");
    keepTalk(done.map(({ question, answer }) => ({ question, answer })), this.box.value);
  }

  /** Take up what stood here before a reload, and ask what the address asks. */
  resume() {
    const { turns, draft } = keptTalk();
    for (const { question, answer } of turns) this.add(question).finish(answer);
    this.box.value = draft;
    this.grow();
    this.refresh();
    this.turns.at(-1)?.element.scrollIntoView({ block: "start" });
    const address = new URL(location);
    const asked = address.searchParams.get("q");
    if (!asked) return;
    address.searchParams.delete("q"); // a reload does not ask again
    history.replaceState(history.state, "", address);
    if (this.unfit(asked)) this.box.value = asked;
    else this.put(asked.trim());
  }

  put(question) {
    const turn = this.add(question);
    turn.status(t(this.running ? "queued" : "thinking"));
    this.refresh();
    turn.element.scrollIntoView({ block: "start" });
    this.next();
  }

  /** Ask once more from a turn on; what came after it no longer holds. */
  again(turn, question) {
    const problem = this.unfit(question);
    if (problem) {
      this.trouble.textContent = trouble(problem);
      return;
    }
    const at = this.turns.indexOf(turn);
    const gone = this.turns.splice(at);
    if (gone.some((one) => one.state === "running")) this.running?.abort();
    this.keep();
    gone.forEach((one) => { one.state = "gone"; one.element.remove(); });
    this.put(question);
  }

  stop() {
    this.turns.filter((turn) => turn.state === "queued").forEach((turn) => turn.fail(t("stopped"), false));
    this.running?.abort();
  }

  restart() {
    this.turns.splice(0).forEach((turn) => { turn.state = "gone"; turn.element.remove(); });
    this.running?.abort();
    this.app.reader.close();
    this.refresh();
    this.keep();
    this.box.focus();
  }

  history(turn) {
    const before = this.turns.slice(0, this.turns.indexOf(turn)).filter((one) => one.state === "done");
    return before.slice(-KEPT).map(({ question, answer }) => ({ question, answer: answer.text }));
  }

  async next() {
    const turn = this.turns.find((one) => one.state === "queued");
    if (this.running || !turn) return;
    const control = (this.running = new AbortController());
    this.stopButton.hidden = false;
    turn.state = "running";
    turn.status(t("thinking"));
    try {
      const value = { question: turn.question, history: this.history(turn), wishes: this.app.asWished() };
      await ask(value, control.signal, (event) => turn.state === "running" && this.happened(turn, event));
      if (turn.state === "running") turn.fail(t("unreachable"));
    } catch (error) {
      if (turn.state === "running") {
        if (error.name === "AbortError") turn.fail(t("stopped"), false);
        else if (error instanceof Problem) turn.fail(trouble(error.told));
        else turn.fail(t("unreachable"));
      }
    } finally {
      this.running = null;
      this.stopButton.hidden = true;
      this.app.changed();
      this.next();
    }
  }

  happened(turn, event) {
    if (event.type === "waiting") turn.status(t("waiting", { ahead: event.ahead }));
    else if (event.type === "part") turn.show(event.answer);
    else if (event.type === "error") turn.fail(trouble(event));
    else if (event.type === "done") {
      turn.finish(event.answer);
      this.keep();
      if (this.turns.at(-1) !== turn || this.app.tab !== "ask") return;
      const inSight = () => turn.element.scrollIntoView({ block: "start" });
      if (this.app.wide()) this.app.reader.evidence(event.answer, 1).then(inSight);
      else inSight();
    }
  }

  /** Where the whole conversation can be fetched; empty when there is none. */
  file() {
    const done = this.turns.filter((turn) => turn.state === "done");
    return done.length ? `/window/conversation?${done.map((turn) => query({ answer: turn.answer.id })).join("&")}` : "";
  }
}
