// How does a conversation go? Questions are taken at any time and answered in order; the running one can be stopped.
// The server keeps it: whoever opens it sees the same, and takes up what is being answered.

import { askedByAddress, here, link, move } from "./address.js";
import { fill, h, icon } from "./dom.js";
import { draftOf, keepDraft } from "./keep.js";
import { Problem, ask, follow, get, post, query } from "./net.js";
import { Turn } from "./turn.js";
import { language, t, trouble } from "./words.js";

const KEPT = 20; // turns that the next question knows

export class Chat {
  constructor(app) {
    this.app = app;
    this.conversation = null; // its name, once the server has begun one; empty on the start page
    this.turns = [];
    this.running = null; // the turn that is being answered, and what ends our listening
    this.loads = 0; // how often a conversation was loaded: of two that overlap, the later one is shown
    this.origin = h("p", { class: "wj-hint wj-origin", role: "status", hidden: true });
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
    return h("div", { class: "wj-composer" }, this.origin, this.trouble,
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
      ask: (text) => this.put(text),
      edit: (which, text) => this.app.chat.again(which, text.trim()),
      evidence: (answer, number) => this.app.reader.open({ cite: `${answer.id}.${number}` }),
    });
    this.turns.push(turn);
    this.list.append(turn.element);
    return turn;
  }

  /** What is typed and not asked yet survives a reload. */
  keep() {
    const waiting = this.turns.filter((turn) => turn.state === "queued").map((turn) => turn.question);
    keepDraft(this.conversation || "", { text: this.box.value, waiting });
  }

  /** Show a conversation; the start page when it has no name. */
  async open(name) {
    if (name === this.conversation) return;
    await this.load(name);
    this.turns.at(-1)?.element.scrollIntoView({ block: "start" });
    for (const question of draftOf(name).waiting) this.put(question);
  }

  /** What the address asks is asked. */
  answerAddress() {
    const asked = askedByAddress();
    if (asked === null) return;
    if (this.unfit(asked)) this.box.value = asked;
    else this.put(asked.trim());
  }

  async load(name) {
    const load = ++this.loads;
    this.leave();
    this.conversation = name;
    this.box.value = draftOf(name).text;
    this.grow();
    this.refresh();
    this.app.talks.refresh();
    if (!name) return;
    try {
      const found = await get(`conversation?${query({ name })}`);
      if (this.loads === load) this.take(found);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (this.loads !== load) return;
      if (error.told.code === "GoneError") this.conversation = "";
      this.trouble.textContent = trouble(error.told);
    }
    this.refresh();
  }

  take({ turns, origin }) {
    this.showOrigin(origin);
    for (const kept of turns) {
      const turn = this.add(kept.question);
      turn.id = kept.id;
      turn.state = kept.state;
      if (turn.state === "running") this.attend(turn, (signal, happened) => this.takeUp(turn, signal, happened));
      else this.settle(turn, kept);
    }
    this.suggest();
  }

  /** Show how a turn ended. */
  settle(turn, { state, told, changed }) {
    if (state === "done") turn.finish(told, changed);
    else if (state === "failed") turn.fail(trouble(told));
    else if (state === "stopped") turn.fail(t("unfinished"), false);
  }

  /** Follow a turn that is being answered; one that ended before we could follow it is read as it was kept. */
  async takeUp(turn, signal, happened) {
    await follow(turn.id, signal, happened);
    if (turn.state !== "running") return;
    const { turns } = await get(`conversation?${query({ name: this.conversation })}`);
    const kept = turns.find(({ id }) => id === turn.id);
    if (!kept || turn.state !== "running") return;
    this.settle(turn, kept);
    this.suggest();
  }

  /** Below the last answer, what could be asked next; it comes when it comes. */
  async suggest() {
    const turn = this.turns.at(-1);
    if (turn?.state !== "done") return;
    try {
      const questions = turn.answer.followups || (await get(`followups?${query({ answer: turn.id })}`)).questions;
      if (this.turns.at(-1) === turn) turn.suggest(questions);
    } catch (error) {
      if (!(error instanceof Problem)) throw error; // an ornament
    }
  }

  showOrigin(origin) {
    this.origin.hidden = !origin;
    fill(this.origin, t("branched"), " ", h("a", { class: "wj-link", ...link(this.app, { c: origin }) }, t("original")));
  }

  /** Take over what another tab has done in this conversation meanwhile. */
  async agree() {
    if (!this.conversation || this.turns.some((turn) => !turn.id || turn.unkept || !["done", "failed"].includes(turn.state))) return;
    const [name, loads] = [this.conversation, this.loads];
    const found = await get(`conversation?${query({ name })}`);
    if (this.conversation !== name || this.loads !== loads || this.running || stampOf(this.turns) === stampOf(found.turns)) return;
    const before = this.scroll.scrollTop;
    await this.load(name);
    this.scroll.scrollTop = before;
  }

  put(question, instead = "") {
    const turn = this.add(question);
    turn.instead = instead;
    this.origin.hidden = true;
    this.turns.forEach((one) => one.forgetNext());
    turn.status(t(this.running ? "queued" : "thinking"));
    this.refresh();
    turn.element.scrollIntoView({ block: "start" });
    this.keep();
    this.next();
  }

  /** Ask once more from a turn on: in its place where nothing is lost by that, in a new conversation otherwise. */
  again(turn, question) {
    const problem = this.unfit(question);
    if (problem) {
      this.trouble.textContent = trouble(problem);
      return;
    }
    const gone = this.turns.splice(this.turns.indexOf(turn));
    if (gone.includes(this.running?.turn)) this.unlisten();
    const waiting = gone.filter((one) => one !== turn && one.state === "queued").map((one) => one.question);
    gone.forEach((one) => { one.state = "gone"; one.element.remove(); });
    this.put(question, turn.id || turn.instead);
    waiting.forEach((one) => this.put(one));
  }

  stop() {
    this.turns.filter((turn) => turn.state === "queued").forEach((turn) => turn.fail(t("stopped"), false));
    this.keep();
    const turn = this.running?.turn;
    if (!turn) return;
    turn.fail(t("stopped"), false);
    if (!turn.id) return; // as soon as it has a name
    post("stop", { turn: turn.id }).catch(() => 0);
    this.unlisten();
    this.next();
  }

  /** Show nothing any more of what stands here; the server goes on with it. */
  leave() {
    this.unlisten();
    this.turns.splice(0).forEach((turn) => { turn.state = "gone"; turn.element.remove(); });
    this.origin.hidden = true;
    this.trouble.textContent = "";
  }

  unlisten() {
    this.running?.control.abort();
    this.running = null;
    this.stopButton.hidden = true;
  }

  history(turn) {
    const before = this.turns.slice(0, this.turns.indexOf(turn)).filter((one) => one.state === "done");
    return before.slice(-KEPT).map(({ question, answer }) => ({ question, answer: answer.text }));
  }

  next() {
    const turn = this.turns.find((one) => one.state === "queued");
    if (this.running || !turn) return;
    turn.state = "running";
    this.keep();
    const { question, instead = "" } = turn;
    const value = { question, history: this.history(turn), wishes: this.app.asWished(), conversation: this.conversation || "", instead };
    this.attend(turn, (signal, happened) => ask(value, signal, happened));
  }

  /** Show what happens to a turn, to its end. */
  async attend(turn, listen) {
    const control = new AbortController();
    this.running = { turn, control };
    this.stopButton.hidden = false;
    turn.status(t("thinking"));
    try {
      await listen(control.signal, (event) => this.happened(turn, event));
      if (turn.state === "running") turn.fail(t("unreachable"));
    } catch (error) {
      if (turn.state === "running" && !control.signal.aborted) turn.fail(error instanceof Problem ? trouble(error.told) : t("unreachable"));
    } finally {
      if (this.running?.control === control) {
        this.unlisten();
        this.next();
      }
      this.app.changed();
    }
  }

  happened(turn, event) {
    if (event.type === "begun") this.begun(turn, event);
    if (turn.state !== "running") return;
    if (event.type === "waiting") turn.status(t("waiting", { ahead: event.ahead }));
    else if (event.type === "part") turn.show(event.answer);
    else if (event.type === "stopped") turn.fail(t("stopped"), false);
    else if (event.type === "error") turn.fail(trouble(event));
    else if (event.type === "done") this.done(turn, event.answer);
    if (event.trouble) turn.notKept(event.trouble);
    if (["done", "error", "stopped"].includes(event.type)) this.app.tell();
  }

  /** The server has begun: the conversation has a name and an address. */
  begun(turn, { turn: id, conversation }) {
    turn.id = id;
    if (turn.state === "failed") post("stop", { turn: id }).catch(() => 0); // stopped before it had a name
    if (turn.state === "gone") return;
    const branched = this.conversation && this.conversation !== conversation;
    if (branched) this.showOrigin(this.conversation);
    if (this.conversation !== conversation) {
      keepDraft(this.conversation || "", { text: "", waiting: [] });
      this.conversation = conversation;
      this.keep();
      if (this.app.tab === "ask") move({ c: conversation });
    }
    this.app.tell();
  }

  done(turn, answer) {
    turn.finish(answer);
    this.suggest();
    if (this.turns.at(-1) !== turn || this.app.tab !== "ask") return;
    const inSight = () => turn.element.scrollIntoView({ block: "start" });
    if (this.app.wide() && (answer.citations.length || answer.nearest.some(({ near }) => near))) this.app.visit({ ...here(), cite: `${answer.id}.1`, article: "", passage: "" }, true).then(inSight);
    else inSight();
  }

  /** An answer that stands here, by the name of its turn. */
  answer(name) {
    return this.turns.find((turn) => turn.id === name && turn.state === "done")?.answer;
  }

  /** Where the whole conversation can be fetched; empty when there is none. */
  file() {
    const answered = this.turns.some((turn) => turn.state === "done");
    return this.conversation && answered ? `/window/export?${query({ name: this.conversation })}` : "";
  }
}

/** What tells whether a conversation has changed. */
const stampOf = (turns) => turns.map(({ id, state }) => `${id} ${state === "done"}`).join();
