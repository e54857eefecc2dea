// What does the window say? Chinese first; English where the browser asks for another language.

import { wishes } from "./keep.js";

const zh = {
  title: "文据", tagline: "有据可查的报纸问答", nav: "主导航", ask: "问答", library: "资料库", settings: "设置",
  fresh: "新对话", save: "导出对话", theme: "切换深浅色", conversation: "对话", skip: "跳到提问框",
  hero: "想知道什么，直接问。", heroNote: "答案都是报纸上的原话，每一句都注明出处；报上没有的，会直说没有。",
  holds: "现有 {pages} 个版面，{articles} 篇文章，{passages} 个段落", dated: "日期从 {from} 到 {to}",
  examples: "可以这样问", how: "答案是怎样来的",
  step1: "检索", step1Note: "按字词和意思两路查找，挑出最可能的段落。",
  step2: "摘引", step2Note: "从段落里摘出作答的原句，不改一个字。",
  step3: "核对", step3Note: "每条引文逐字对回版面；对不上的，宁可不答。",
  empty: "资料库还是空的", emptyNote: "放进报纸版面，就可以提问了。",
  empty1: "在“资料库”里拖入文件：文本、网页、Word、带文字层的 PDF、EPUB。",
  empty2: "点“重读并重建”，几秒到几分钟后即可提问。", empty3: "也可以在命令行运行 wenju build 文件夹。", openLibrary: "打开资料库",
  placeholder: "请输入问题", placeholderNext: "接着问，或换个问题", question: "问题", send: "提问", stop: "停止",
  keys: "回车提问 · Shift+回车换行 · Esc 停止",
  thinking: "正在查找…", waiting: "前面还有 {ahead} 个问题，请稍候…", queued: "等上一个问题答完…", stopped: "已停止。",
  edit: "修改", cancel: "取消", resend: "重新提问", retry: "重答", copy: "复制", copyMarkdown: "复制 Markdown", bundle: "证据文件",
  copied: "已复制", notCopied: "浏览器不允许复制", useful: "有用", useless: "没用", why: "哪里不对？可以不填", sendWord: "提交", thanks: "谢谢，记下了。",
  talks: "对话记录", findTalk: "搜索对话", noTalks: "还没有对话。", noTalkFound: "没有找到这样的对话。", pinned: "置顶", today: "今天", thisWeek: "七天内", earlier: "更早",
  rename: "改名", pin: "置顶对话", unpin: "取消置顶", delete: "删除", deleted: "已删除“{title}”。", undo: "撤销",
  branched: "改问后另开了这个对话，原来的回答都还在。", original: "看原来的对话", unfinished: "没有答完。",
  pagesChanged: "作答之后，这些版面改过或移走了：{files}。引文以作答时的版面为准。",
  "page stands": "作答之后，这个版面改过；这句引文仍在上面。", "page differs": "作答之后，这个版面改过，这句引文已不在上面。这里是作答时的原文。", "page gone": "作答之后，这个版面已移出资料库。这里是作答时的原文。", asNow: "看现在的文章",
  "keeping locked": "这一问没有存下：对话文件正被别的程序占用。答案还在这一页，可以复制。", "keeping full": "这一问没有存下：磁盘满了，或对话太多。请删去一些对话。答案还在这一页，可以复制。",
  "keeping damaged": "这一问没有存下：库旁的 conversations.sqlite 坏了。把它移走，就会新建一个。答案还在这一页，可以复制。", "keeping unwritable": "这一问没有存下：库的文件夹写不进去。答案还在这一页，可以复制。",
  next: "可以接着问", noneNear: "所查的文章里没有找到这个问题的答案，也没有相近的段落。下面几篇文章与它最接近，仅供参考。", sources: "出处", nearest: "最接近的段落",
  partly: "只回答了问题的一部分", generatedBy: "由大模型撰写，每句都与引文核对过", verbatim: "原文摘引",
  mismatch: "与问题的前提不符", missing: "这一部分没有答案", struck: "删去了没有依据的话", resolved: "文中日期指", meant: "按同音字理解", fallback: "大模型没能作答，改用原文摘引",
  searchedAs: "按“{query}”查找",
  evidence: "依据", evidenceNearest: "最接近的段落（没有读到答案）", citation: "第 {n} 条", article: "文章", close: "关闭",
  line: "第 {a} 行", lines: "第 {a}–{b} 行", untitled: "（无标题）", torn: "此处原版面断开，已接上", broken: "原版面到此断开，下文不在这一版",
  copyQuote: "复制引文", noFigure: "没有找到", asPicture: "看版面", asText: "看文字", pictureOf: "{file} 第 {n} 张版面", noPicture: "现在看不了这个版面：文件变了或不在了，请重建资料库。", also: "同文另见", continues: "上接", continuedBy: "下转", whole: "全文", noDate: "日期不详",
  searchNote: "与问答用同一套检索，列出文章，不作答；不相干的不列。", search: "检索", searchFor: "检索词", filters: "筛选",
  file: "文件", fileHas: "文件名含", kind: "类别", any: "不限", since: "从", until: "到", found: "{n} 篇文章", nothing: "没有找到与“{query}”有关的文章。", morePassages: "另有 {n} 段", sort: "排序", byRelevance: "按相关", newest: "由新到旧", oldest: "由旧到新",
  byDay: "按日期看", byPage: "按版面看", paper: "报纸", allPapers: "全部", month: "月份", monthOf: "{month}，{n} 篇", dayOf: "{day}，{n} 篇", before: "上一个月", after: "下一个月", undatedOf: "日期不详的 {n} 篇", nothingThen: "这一天没有文章。", week: "一 二 三 四 五 六 日", clear: "清除",
  files: "版面文件", add: "添加文件", rebuild: "重读并重建", dropHere: "把文件拖到这里，或者", choose: "选择文件",
  limits: "可读 {suffixes}；每个不超过 {mb} MB，一次最多 {files} 个。", locked: "这里不能改动资料库：{why}",
  "read only": "启动时限定了只读，或没有为外部访问设密码", "single file": "启动时指定的是单个文件",
  uploading: "上传中", reading: "读取中", added: "已加入，{pages} 个版面", rebuilding: "正在重建：{step} {done}/{total}。期间照常可以提问。",
  read: "读取版面", embed: "计算向量", built: "重建完成，新的资料已可提问。", buildFailed: "重建没有成功，仍用原来的资料。",
  stale: "有改动还没有生效，重建后才能问到。", articles: "文章", date: "日期", passages: "段落", problems: "问题", actions: "操作",
  remove: "移出", removeSure: "把 {file} 移出资料库？文件会移到隐藏文件夹 .wenju-removed，不会删除。", removed: "已移出 {file}，重建后生效。",
  unread: "未读：{why}", fresh2: "新文件，待重建", brokenLines: "{n} 处断句未接上", noProblem: "无", findFile: "按文件名查找", builtAt: "建于 {at}", more: "再看 {n} 个",
  characters: "{n} 字", showArticles: "看文章",
  news: "消息", brief: "简讯", caption: "图片", opinion: "言论", continuation: "接续", headline: "仅存标题", "editor's note": "编者按", advertisement: "广告",
  answering: "回答方式", extractive: "摘引原文", extractiveNote: "逐字引用版面上的句子。不用大模型，不出本机。",
  generated: "大模型撰写", generatedNote: "由 {llm} 根据段落撰写，每句都要有引文支持，否则删去。", noLlm: "这里不能用：启动时没有指定大模型（--llm）。",
  passagesRead: "阅读段落数", passagesNote: "越多越全，也越慢。", threshold: "作答的把握门槛", thresholdNote: "调高：更少答错，更多说“没有”。调低：反之。",
  period: "只查这段时间", noDates: "这里不能用：这些版面没有标明日期。", model: "检索模型", modelNote: "{model}，{dim} 维。换模型要重建：wenju build --model 名称。",
  look: "外观", language: "语言", auto: "跟随浏览器", light: "浅色", dark: "深色", themeName: "深浅色", reset: "恢复默认", settingsNote: "这些选择只记在这个浏览器里。",
  "empty question": "问题是空的。请输入一个问题。", "too long": "问题有 {length} 字，最多能查 {most} 字。请缩短后再问。",
  busy: "现在提问的人太多了。请过一会儿再试。", "too many": "提问太频繁了。请过一分钟再试。", unreachable: "连不上服务。请看看它是否还在运行。",
  "password needed": "需要密码。请刷新页面。", "not allowed": "这里不允许这样做。", unknown: "出了点问题，没能完成。", StoreError: "资料库里没有可用的内容，或内容已更新。请再试一次。",
  GoneError: "这条内容已经不在了（资料更新过，或隔了太久）。请重新提问。", "too large": "太大了，没有收下。",
  ModelError: "大模型现在不能用：{what}", ReplyError: "大模型没有给出可用的回答：{what}", SourceError: "读不了：{what}", RetrievalError: "不能检索：{what}", NotAllowedError: "这里不能改动资料库。",
};

const en = {
  title: "Wenju", tagline: "newspaper answers that carry their evidence", nav: "Main", ask: "Ask", library: "Library", settings: "Settings",
  fresh: "New chat", save: "Export chat", theme: "Light or dark", conversation: "Conversation", skip: "Skip to the question box",
  hero: "Ask the archive.", heroNote: "Answers are the paper's own words, each with its place. What is not in the paper, it says so.",
  holds: "{pages} pages, {articles} articles, {passages} passages", dated: "dated {from} to {to}",
  examples: "For example", how: "How an answer is made",
  step1: "Search", step1Note: "By words and by meaning, for the passages most likely to answer.",
  step2: "Quote", step2Note: "The sentences that answer, not a character changed.",
  step3: "Check", step3Note: "Each quote is held against its page; one that does not stand there is not shown.",
  empty: "The collection is empty", emptyNote: "Add newspaper pages, then ask.",
  empty1: "Drop files into the library: text, web pages, Word, PDF with text, EPUB.",
  empty2: "Press “Re-read and rebuild”; after seconds or minutes you can ask.", empty3: "Or run wenju build FOLDER in a shell.", openLibrary: "Open the library",
  placeholder: "Your question", placeholderNext: "Ask on, or ask something else", question: "Question", send: "Ask", stop: "Stop",
  keys: "Enter asks · Shift+Enter new line · Esc stops",
  thinking: "Searching…", waiting: "{ahead} questions before yours…", queued: "Waiting for the question before…", stopped: "Stopped.",
  edit: "Edit", cancel: "Cancel", resend: "Ask again", retry: "Retry", copy: "Copy", copyMarkdown: "Copy Markdown", bundle: "Evidence file",
  copied: "Copied", notCopied: "The browser does not allow copying", useful: "Useful", useless: "Not useful", why: "What is wrong? (optional)", sendWord: "Send", thanks: "Thank you, noted.",
  talks: "Conversations", findTalk: "Search conversations", noTalks: "No conversations yet.", noTalkFound: "No such conversation.", pinned: "Pinned", today: "Today", thisWeek: "Past seven days", earlier: "Earlier",
  rename: "Rename", pin: "Pin", unpin: "Unpin", delete: "Delete", deleted: "“{title}” deleted.", undo: "Undo",
  branched: "This is a new conversation, begun from a changed question; the earlier answers are still there.", original: "Open the original", unfinished: "Not answered to the end.",
  pagesChanged: "Changed or removed since this answer: {files}. The quotes are those of the pages as they were.",
  "page stands": "This page has changed since the answer; the quote still stands on it.", "page differs": "This page has changed since the answer, and the quote no longer stands on it. Here it is as it stood.", "page gone": "This page is no longer in the collection. Here is the quote as it stood.", asNow: "The article as it is now",
  "keeping locked": "This was not saved: another program holds the file of conversations. The answer stays on this page and can be copied.", "keeping full": "This was not saved: the disk is full, or there are too many conversations. Delete some. The answer stays on this page and can be copied.",
  "keeping damaged": "This was not saved: conversations.sqlite beside the store is damaged. Move it away, and a new one is begun. The answer stays on this page and can be copied.", "keeping unwritable": "This was not saved: the store's folder cannot be written. The answer stays on this page and can be copied.",
  next: "Ask next", noneNear: "The collection does not answer this question, and no passage is near it. These articles come nearest.", sources: "Sources", nearest: "Nearest passages",
  partly: "Answers only a part of the question", generatedBy: "Written by a language model, each sentence checked against its quotes", verbatim: "Verbatim quotes",
  mismatch: "Contradicts what the question assumes", missing: "No answer to this part", struck: "Unsupported words were taken out", resolved: "What the day means", meant: "Read by its sound", fallback: "The language model could not answer; quotes stand in",
  searchedAs: "Searched as “{query}”",
  evidence: "Evidence", evidenceNearest: "Nearest passages (no answer was read in them)", citation: "Citation {n}", article: "Article", close: "Close",
  line: "line {a}", lines: "lines {a}–{b}", untitled: "(no headline)", torn: "The layout broke the sentence here; it is mended", broken: "The page breaks off here; the rest is not on it",
  copyQuote: "Copy quote", noFigure: "not found", asPicture: "Page picture", asText: "Text", pictureOf: "Sheet {n} of {file}", noPicture: "The page cannot be shown: its file has changed or is gone. Rebuild the collection.", also: "Also in", continues: "Continues", continuedBy: "Continued in", whole: "Whole article", noDate: "no date",
  searchNote: "The same search as the chat's; it lists articles that have to do with it, and does not answer.", search: "Search", searchFor: "Search words", filters: "Filters",
  file: "File", fileHas: "File name has", kind: "Kind", any: "any", since: "From", until: "To", found: "{n} articles", nothing: "No article has to do with “{query}”.", morePassages: "{n} more passages", sort: "Order", byRelevance: "by relevance", newest: "newest first", oldest: "oldest first",
  byDay: "By day", byPage: "By page", paper: "Paper", allPapers: "all", month: "Month", monthOf: "{month}: {n}", dayOf: "{day}: {n} articles", before: "Month before", after: "Month after", undatedOf: "{n} of unknown date", nothingThen: "No article of this day.", week: "M T W T F S S", clear: "Clear",
  files: "Page files", add: "Add files", rebuild: "Re-read and rebuild", dropHere: "Drop files here, or", choose: "choose files",
  limits: "Reads {suffixes}; up to {mb} MB each, {files} at a time.", locked: "The collection cannot be changed here: {why}",
  "read only": "it was started read-only, or open to others without a password", "single file": "it was started over a single file",
  uploading: "sending", reading: "reading", added: "added, {pages} pages", rebuilding: "Rebuilding: {step} {done}/{total}. You can go on asking.",
  read: "reading pages", embed: "computing vectors", built: "Rebuilt: the new pages can be asked.", buildFailed: "The rebuild failed; the collection before stays in use.",
  stale: "Some changes wait for a rebuild.", articles: "Articles", date: "Date", passages: "Passages", problems: "Problems", actions: "Actions",
  remove: "Remove", removeSure: "Remove {file} from the collection? It moves to the hidden folder .wenju-removed and is not deleted.", removed: "{file} removed; rebuild to make it count.",
  unread: "Not read: {why}", fresh2: "New, waits for a rebuild", brokenLines: "{n} sentences broken off", noProblem: "none", findFile: "Find a file", builtAt: "built {at}", more: "{n} more",
  characters: "{n} characters", showArticles: "Articles",
  news: "news", brief: "brief", caption: "picture", opinion: "opinion", continuation: "continuation", headline: "headline only", "editor's note": "editor's note", advertisement: "advertisement",
  answering: "How to answer", extractive: "Quote", extractiveNote: "Sentences of the pages, word for word. No language model; nothing leaves this machine.",
  generated: "Written by a language model", generatedNote: "{llm} writes from the passages; a sentence that no quote supports is taken out.", noLlm: "Not available: no language model was named at the start (--llm).",
  passagesRead: "Passages read", passagesNote: "More finds more, and takes longer.", threshold: "Confidence needed to answer", thresholdNote: "Higher: fewer wrong answers, more refusals. Lower: the reverse.",
  period: "Only this period", noDates: "Not available: these pages carry no dates.", model: "Search model", modelNote: "{model}, {dim} dimensions. Another one needs a rebuild: wenju build --model NAME.",
  look: "Appearance", language: "Language", auto: "as the browser", light: "light", dark: "dark", themeName: "Theme", reset: "Defaults", settingsNote: "These choices stay in this browser.",
  "empty question": "The question is empty.", "too long": "The question has {length} characters, at most {most} can be searched. Shorten it.",
  busy: "Too many people are asking right now. Try again in a moment.", "too many": "That was too many requests. Try again in a minute.", unreachable: "The server cannot be reached. Is it still running?",
  "password needed": "A password is needed. Reload the page.", "not allowed": "That is not allowed here.", unknown: "Something went wrong.", StoreError: "{what} {fix}",
  GoneError: "{what} {fix}", "too large": "That is too large.",
  ModelError: "{what} {fix}", ReplyError: "{what} {fix}", SourceError: "{what} {fix}", RetrievalError: "{what} {fix}", NotAllowedError: "{what}",
};

export function language() {
  if (wishes.language !== "auto") return wishes.language;
  const first = (navigator.languages && navigator.languages[0]) || navigator.language || "zh";
  return first.toLowerCase().startsWith("zh") ? "zh" : "en";
}

/** A text of the window, with its places filled. */
export function t(key, values = {}) {
  const text = (language() === "en" ? en : zh)[key] ?? zh[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}

export const lineWords = (a, b) => (a === b ? t("line", { a }) : t("lines", { a, b }));

/** What to tell a person about a failure. */
export function trouble(told) {
  const code = told.code === "empty" ? "empty question" : told.code;
  return code in zh ? t(code, told) : [told.what, told.fix].filter(Boolean).join(" ") || t("unknown");
}
