// What can a person choose? Each choice with what it does; what cannot be chosen here is grey, with its reason.

import { fill, h } from "./dom.js";
import { forget, remember, wishes } from "./keep.js";
import { t } from "./words.js";

export class Settings {
  constructor(app) {
    this.app = app;
    this.element = h("section", { class: "wj-view wj-settings", id: "wj-settings", hidden: true });
  }

  refresh() {
    const { settings, collection } = this.app.state;
    const wished = this.app.asWished();
    fill(this.element, h("div", { class: "wj-column" },
      h("h1", {}, t("settings")), h("p", { class: "wj-hint" }, t("settingsNote")),
      this.group(t("answering"),
        this.choice("generated", "false", !wished.generated, t("extractive"), t("extractiveNote")),
        this.choice("generated", "true", wished.generated, t("generated"), settings.llm ? t("generatedNote", settings) : t("noLlm"), !settings.llm)),
      this.group(t("passagesRead"), this.slider("passages", 1, 30, 1, wished.passages, String, t("passagesRead")), h("p", { class: "wj-hint" }, t("passagesNote"))),
      this.group(t("threshold"), this.slider("min_confidence", 0, 0.9, 0.05, wished.min_confidence, (value) => `${Math.round(value * 100)}%`, t("threshold")), h("p", { class: "wj-hint" }, t("thresholdNote"))),
      this.group(t("period"), this.period(collection), !collection?.from && h("p", { class: "wj-hint" }, t("noDates"))),
      collection && this.group(t("model"), h("p", { class: "wj-hint" }, t("modelNote", collection))),
      this.group(t("look"),
        this.select("language", t("language"), [["auto", t("auto")], ["zh", "中文"], ["en", "English"]]),
        this.select("theme", t("themeName"), [["auto", t("auto")], ["light", t("light")], ["dark", t("dark")]])),
      h("button", { class: "wj-button", type: "button", onclick: () => { forget(); this.app.restyle(); } }, t("reset"))));
  }

  group(title, ...content) {
    return h("fieldset", { class: "wj-group" }, h("legend", {}, title), content);
  }

  choice(name, value, checked, label, noteText, disabled = false) {
    const note = h("span", { class: "wj-hint", id: `wj-${name}-${value}` }, noteText);
    const input = h("input", { type: "radio", name, value, "aria-describedby": note.id, onchange: () => remember({ [name]: value === "true" }) });
    Object.assign(input, { checked, disabled });
    return h("label", { class: disabled ? "wj-choice wj-off" : "wj-choice" }, input, h("span", {}, h("b", {}, label), note));
  }

  slider(name, min, max, step, value, words, label) {
    const told = h("output", { class: "wj-value" }, words(value));
    const input = h("input", { type: "range", min: String(min), max: String(max), step: String(step), "aria-label": label });
    input.value = value;
    input.addEventListener("input", () => {
      told.textContent = words(Number(input.value));
      remember({ [name]: Number(input.value) });
    });
    return h("div", { class: "wj-slider" }, input, told);
  }

  period(collection) {
    const day = (name) => {
      const input = h("input", { class: "wj-field", type: "date", onchange: () => remember({ [name]: input.value }) });
      Object.assign(input, { value: wishes[name], disabled: !collection?.from, min: collection?.from || "", max: collection?.to || "" });
      return h("label", { class: "wj-inline" }, t(name), input);
    };
    return h("div", { class: "wj-row" }, day("since"), day("until"));
  }

  select(name, label, options) {
    const field = h("select", { class: "wj-field", onchange: () => { remember({ [name]: field.value }); this.app.restyle(); } },
      options.map(([value, text]) => h("option", { value }, text)));
    field.value = wishes[name];
    return h("label", { class: "wj-inline" }, label, field);
  }
}
