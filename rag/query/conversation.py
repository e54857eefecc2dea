"""Which question does a turn of a conversation ask? It is completed from the last completed one, or stands alone.

Every turn before it is completed first, so 它 in the third turn means what the second one was about. One that names a
subject of its own inherits nothing; one that names none, or points back (它, 该区, 第二个, 前面那篇), inherits that of
the questions before it. Rules over the tagger's parts of speech; no model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from index.text import NameKind, fold, name_kinds, tagged
from rag.query.figures import FigureKind, figures
from rag.query.question import LONGEST_QUERY
from rag.schema import REFUSALS, SmallTalk, Turn

__all__ = ["Completed", "complete", "turns_of"]

_REFUSED = tuple(words["refusal"] for words in REFUSALS.values())
"""How an answer begins that found nothing; nothing is inherited from one."""

Word = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Completed:
    """A turn as it can be searched.

    Attributes:
        text: The completed question; what was typed where it stands alone.
        topic: What it is about: the question without what it asks for.
        carried: Whether something of an earlier turn was put into it.
        talk: What sort of small talk it is, or None for a question.
        quote: Where it points at an article (前面那篇): words of the answer that was quoted from it; else empty.
    """

    text: str
    topic: str
    carried: bool = False
    talk: SmallTalk | None = None
    quote: str = ""


@dataclass(frozen=True, slots=True)
class _Past:
    """An earlier question with its answer; the answer is empty where nothing was found."""

    asked: Completed
    answer: str


_TALK: tuple[tuple[SmallTalk, re.Pattern[str]], ...] = (
    (
        SmallTalk.THANKS,
        re.compile(
            r"(?:(?:好的?|嗯+|行|哦|ok|明白了?|知道了|了解了?|清楚了|收到|好吧|没问题了?|不用了|没事了?|可以了)"
            r"|(?:非常|太|多|十分)?(?:谢谢|感谢|多谢|谢了)(?:您|你|啦|了|哦|啊|呀)*|辛苦(?:您|你)?了?|再见|拜拜|thanks?|thank you|bye)+"  # noqa: E501
        ),
    ),
    (
        SmallTalk.GREETING,
        re.compile(
            r"(?:您好|你好|大家好|嗨|哈喽|早上好|上午好|中午好|下午好|晚上好|早安|在吗|在不在|hello|hi|hey)+[呀啊吗]?"
        ),
    ),
    (
        SmallTalk.ABILITY,
        re.compile(
            r"(?:请问)?(?:你|您|这个系统|这里|文据)(?:都|还)?(?:能|会|可以)(?:帮我)?(?:做|干|回答|查|问)(?:些|点)?(?:什么|啥|哪些(?:问题|事)?)(?:问题|事)?[呢呀啊]?"
            r"|(?:你|您)(?:是谁|叫什么(?:名字)?|有(?:什么|哪些)(?:功能|用))|(?:怎么|如何)(?:使用|用)你?|(?:我)?(?:能|可以)问(?:你)?(?:什么|啥|哪些)(?:问题)?|帮助|help|what can you do"  # noqa: E501
        ),
    ),
    (
        SmallTalk.AGAIN,
        re.compile(
            r"(?:不对|不是|错了|不准确|答错了|不是这个|有误|搞错了|你确定[吗么]?|真的[吗么]?)?(?:(?:请|麻烦|帮我|给我)*(?:再|重新)(?:仔细|好好)?(?:查|找|搜|看|核对|确认|想)(?:一下|一查|一遍|查|找|看|一次|想)?)?(?:吧|呢|好吗|行吗)?"
        ),
    ),
)
_STOPS = "。，,.!！?？~～、；; …"
_LEAD_IN = re.compile(
    r"^(?:(?:不对|不是|错了|算了|那算了|好的?|嗯+|行|哦|明白了?|知道了|谢谢|ok|请问|对了|另外|还有)[，,。！!；;\s]+)+"
    r"|^(?:不对|不是)(?=我问)"
)
_I_ASKED = re.compile(r"^(?:我(?:问|说|想问|想知道|要问|指)的是|我是问|我是说)[，,：:]?")
_RETURN = re.compile(
    r"^(?:(?:我们)?(?:再)?(?:回到|回过头|说回|接着说|继续说|再说说?|再问)(?:到|刚才|前面|之前|上面|刚刚|最初|一开始)*(?:说)?的?"
    r"|(?:刚才|前面|之前|上面|刚刚|一开始|最早)(?:说|问|提到|讲|提)?(?:到|过)?的?(?=那|这))(?P<what>[^，,？?]{1,16}?)[，,：:]\s*(?P<rest>.+)$"
)
_EARLIER = re.compile(
    r"^(?:那)?(?:刚才|前面|之前|上面|刚刚|前|上)(?:说|问|提到|讲)?(?:到|过)?的?(?:那|这)?一?(?P<measure>\w)呢?$"
)
_WHAT_ABOUT = re.compile(r"^(?:那么?|还有)?(?P<what>[^，,]{1,24}?)呢(?:[，,](?P<rest>.+))?$")
_THEN = re.compile(r"^那么?(?![个些位家条篇次里边年天种场名座只块本年月时晚儿])")
_HE = re.compile("[他她](?!们)|(?:这|那|该)(?:个人|位|人|名)(?:[^\\s]{0,3}(?:记者|同志|先生|女士|老师|专家))?|此人")
_THEY = re.compile("[他她它]们")
_IT = re.compile(
    "[它其](?![他它她实中余])|这个(?![^，。]{0,6}(?:月|年|时候))(?=[的是有在要会能花什多怎谁哪叫])|这(?=是|有|在|要|花)"
)
_THERE = re.compile("那里|那儿|那边|这里|这儿|当地|该地")
_DEFINITE = re.compile(
    r"(?P<all>(?:这|那|该|此|本)(?:一)?(?P<measure>个|家|座|所|条|篇|场|次|位|项|件|款|只|份|支|种|套|部|届|起|则|张|幅)?(?P<head>[\u4e00-\u9fff]{1,6}?))"
    r"(?=的|是|有|在|为|叫|由|占|从|到|和|与|什|怎|多|几|哪|谁|何|总|面|现|今|去|都|还|也|又|被|会|能|要|离|距|当|一|需|[，,？?]|$)"
)
_ARTICLE_HEAD = re.compile(
    r"(?:(?:这|那|该|前面|上面|刚才|前一|上一|前)[^，。？]{0,6}?(?:篇|条|则)(?:报道|新闻|文章|稿子|稿件|消息)?|(?:这|那|该)(?:个)?(?:报道|新闻|文章|稿子|稿件))"
)
_THAT_TIME = re.compile("(?:那|这|当|同)(?:一)?(?P<unit>年|天|日|月|时)")
_ORDINAL = re.compile(
    r"第(?P<which>[一二三四五六七八九十两\d]{1,3})(?:个|家|位|项|条|篇|名|件|种|处|座|所|场|款|部|只)|(?P<last>最后(?:一)?(?:个|家|位|项|条|篇|名|件|种|处|座|所|场))|(?P<former>前者)|(?P<latter>后者)"
)
_SPAN_OR_DAY = re.compile(r"(?:(?:19|20)?\d{2}年)?(?:\d{1,2}月)?份?(?:\d{1,2}[日号])?")
_SPAN_OF_TIME = re.compile(r"\d{1,4}[年月日号]?份?[到至\-—~]\d{1,4}[年月日号]份?")
_ALIKE = 0.4  # likeness from which one word stands for another
_NAMES = {"nr", "nt", "ns", "nz", "nrt", "nrfg"}
_TELLING = 5  # words of its own that make a question without a name stand alone
_FIRST_A_DAY = re.compile(r"^(?:(?:19|20)?\d{2}年)?(?:\d{1,2}月)?(?:\d{1,2}[日号]?(?:[到至\-—]\d{1,2})?[日号])?[，,]?")
_SORTS = {
    "学校": ("学校", "学院", "大学", "中学", "小学"),
    "公司": ("公司", "集团", "企业", "医药", "科技", "股份"),
    "企业": ("公司", "集团", "企业"),
    "会": ("会", "会议"),
    "会议": ("会", "会议"),
    "工会": ("总工会", "工会"),
    "单位": ("局", "委", "院", "会", "中心", "公司"),
}
_DATED_SUBJECT = re.compile(r"[\u4e00-\u9fffA-Za-z]{3,10}(?=\d{1,2}月|(?:19|20)\d{2}年)")
_DISTRICT = re.compile(r"^[\u4e00-\u9fff]{1,5}?(?P<sort>省|市|区|县|镇|乡|村|街道|社区)")
_NO_NAME_END = "是在有为说的和与"
_NUMBERS = {char: number for number, char in enumerate("零一二三四五六七八九十")} | {"两": 2}
_ITEM = re.compile(r"^(\d{1,3})\.\s*(.+)$", re.MULTILINE)
_MARK = re.compile(r"\[\d+\]")
_OTHERS = re.compile(r"^(?:还有|其他|其它|另外|别的|除此之外|除了)")
_ASK = re.compile(
    r"第几|几[点号月]|多少|[几哪谁啥]|什么|怎[么样]|如何|为何|为啥|干嘛|咋|何[时处人]|多[久长大高远重深宽厚快]|是否|[吗]|没有?$|是不是|有没有|能不能|会不会"
)
_ASKS_WHEN = re.compile(r"时候|何时|[哪几][天年月日]|为[何啥什]|怎|如何")
"""What asks when, why or how: the one word after it is what was done (什么时候开馆), not what the question is about."""
_ASKED_WORDS = {
    "时候", "时间", "地方", "名字", "人", "名", "些", "次", "天", "年", "日", "月", "里", "儿", "个", "家", "位", "项", "座", "所", "条", "篇", "场", "件",  # noqa: E501
    "钱", "样", "样子", "种", "方面", "处", "只", "款", "支", "岁", "级", "届", "期", "块", "辆", "台", "套", "起", "户", "棵", "株", "本", "册", "米", "公里",  # noqa: E501
    "平方米", "小时", "人次", "分钟", "亿", "万", "元", "吨", "桶", "度", "平方公里", "亩", "公顷", "万元", "亿元", "口", "间", "层", "号", "点", "片", "票", "两",  # noqa: E501
}  # fmt: skip
_LIGHT = {"是", "有", "在", "叫", "为", "由", "被", "要", "会", "能", "到", "达", "达到", "给", "从", "对", "了", "过", "的", "着", "共", "一共", "总共", "都", "又", "还", "分别", "各", "各自", "大概", "到底", "究竟", "叫做", "名叫", "用", "和", "跟", "与", "把", "向", "也", "就", "才", "地", "得", "呢", "吗", "吧", "啊", "呀", "来着", "目前", "现在", "第"}  # fmt: skip  # noqa: E501
_NOUN = re.compile(r"n|j|eng|s$|vn|an|l$|i$")
_ATTRIBUTE = re.compile(
    r"(?:率|额|价|价格|费|费用|款|量|数|积|期|名|址|间|龄|度|质|由|原因|结果|内容|问题|样子|规模|比例|重|长|高|宽|深|人数|负责人|主席|主任|书记|校长|院长|馆长|站长|局长|会长|部长|经理|董事长|总裁|创始人|发起人|主持人|作者|记者|职务|"
    r"状态|电话|地点|地址|门票|票价|投资|造价|收入|利润|产值|销量|产量|市值|股价|面积|时间|名字|名称|主题|目的|意义|作用|特点|优势|年纪|工资|学历|专业|身份|背景|关系|用途|功能|颜色|尺寸|大小|寿命|温度|分数|成绩|得分|排名|奖金|奖项|口号)$"
)
_BODY_HEAD = re.compile(
    r"(?:医院|大学|学院|中学|小学|幼儿园|学校|公司|集团|银行|公园|隧道|大桥|桥|水库|总工会|工会|工作室|社区|街道|委员会|协会|基金会|博物馆|图书馆|体育馆|机场|车站|地铁站|派出所|研究院|研究所|法院|检察院|医药|股份|科技|证券|基金|村|镇|乡|县|市|区|省|国|州|岛|湖|河|江|山|寺|路|街|站|馆|厂|店|中心|基地|联盟|计划|工程|平台)$"
)
_OPENS_WITHOUT_SUBJECT = re.compile(
    r"^(?:离|距离?|在|到|从|对|给|向|为|往|跟|与|和|能|会|要|可以|需要|有|没有|没|是|都|还|又|也|一共|总共|共|目前|现在|后来|最后|当时|最终|然后|什么|啥|哪|谁|几|多|怎|咋|为|如何|何时|何)"
)
_TIME_WORDS = (
    "以前",
    "之前",
    "过去",
    "原来",
    "从前",
    "当时",
    "后来",
    "现在",
    "目前",
    "如今",
    "今年",
    "去年",
    "明年",
    "前年",
    "今天",
    "昨天",
    "明天",
    "将来",
    "未来",
    "以后",
    "上半年",
    "下半年",
    "一季度",
    "二季度",
    "三季度",
    "四季度",
)


def complete(question: str, history: Sequence[Turn] = ()) -> Completed:
    """Complete a turn from those before it.

    Args:
        question: The last turn, as it was typed.
        history: Earlier turns, oldest first, as they were typed and answered.

    Example:
        >>> before = [Turn("柳河镇图书馆什么时候开馆？", "2023年"), Turn("它藏书多少册？", "3200册")]
        >>> complete("馆长是谁？", before).text
        '柳河镇图书馆馆长是谁？'
        >>> complete("石磊是谁？", before).carried
        False
    """
    past: list[_Past] = []
    for turn in history:
        done = _complete_one(turn.question, past)
        answer = "" if turn.answer.startswith(_REFUSED) else turn.answer
        if done.talk is None:
            past.append(_Past(done, answer))
    return _complete_one(question, past)


def turns_of(history: Sequence[Turn | Mapping[str, Any]]) -> list[Turn]:
    """Turns from turns, from mappings with ``question`` and ``answer``, or from OpenAI's messages, oldest first.

    Of messages, each of the user opens a turn and the assistant's next one answers it; other roles are left out.

    Example:
        >>> turns_of([{"role": "user", "content": "谁来了？"}, {"role": "assistant", "content": "王芳"}])
        [Turn(question='谁来了？', answer='王芳')]
    """
    turns: list[Turn] = []
    for item in history:
        if isinstance(item, Turn):
            turns.append(item)
        elif "role" not in item:
            turns.append(Turn(str(item["question"]), str(item.get("answer") or "")))
        elif item["role"] == "user":
            turns.append(Turn(_content(item), ""))
        elif item["role"] == "assistant" and turns and not turns[-1].answer:
            turns[-1] = Turn(turns[-1].question, _content(item))
    return turns


def _content(message: Mapping[str, Any]) -> str:
    """The text of a message, whose content may be a text or parts."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("text") or "") for part in content if isinstance(part, Mapping))


def _complete_one(asked: str, past: Sequence[_Past]) -> Completed:
    asked = asked.strip()
    if talk := _small_talk(asked, past):
        last = past[-1].asked if past else Completed("", "")
        return Completed(last.text if talk is SmallTalk.AGAIN else "", last.topic, talk=talk)
    text = _I_ASKED.sub("", _LEAD_IN.sub("", asked)) or asked
    corrected = text != asked and bool(_I_ASKED.search(_LEAD_IN.sub("", asked)))
    if not past:
        return Completed(asked, _topic(text))
    for rule in (_to_earlier, _of_article, _of_time, _what_about, _of_ordinal, _of_pronoun, _of_definite):
        if done := rule(text, past):
            return _cut(done)
    if corrected and not _ASK.search(text):
        return _cut(_swapped(text, past[-1]))
    if _stands_alone(text, past[-1]):
        return Completed(text, _topic(_THEN.sub("", text)))
    return _cut(_about(past[-1].asked.topic, _THEN.sub("", text)))


def _small_talk(asked: str, past: Sequence[_Past]) -> SmallTalk | None:
    bare = "".join(char for char in fold(asked) if char not in _STOPS)
    found = (talk for talk, pattern in _TALK if bare and pattern.fullmatch(bare))
    talk = next(found, None)
    return None if talk is SmallTalk.AGAIN and not past else talk


def _cut(done: Completed) -> Completed:
    return Completed(done.text[-LONGEST_QUERY:], done.topic, done.carried, done.talk, done.quote)


def _about(topic: str, text: str, new_topic: str | None = None) -> Completed:
    """A question about a topic: put behind it, with a comma where the topic is a clause of its own."""
    if not topic:
        return Completed(text, _topic(text), carried=True)
    words = tagged(topic)
    is_name = not any(tag.startswith("v") and tag != "vn" for _, tag in words)
    joint = "" if is_name and words[-1][0] not in "，," and not text[0].isascii() else "，"
    return Completed(f"{topic}{joint}{text}", topic if new_topic is None else new_topic, carried=True)


# What points back.


def _to_earlier(text: str, past: Sequence[_Past]) -> Completed | None:
    """回到刚才的公园，… goes back to the last question about it; 前面那只呢 to the topic before this one."""
    if match := _RETURN.match(text):
        what = re.sub(r"^(?:那|这)(?:个|家|位|座|只|条|篇|场|次|件)?", "", match["what"]).strip() or match["what"]
        if back := _find(what, past):
            if back.asked.quote or re.search("[篇条则]", match["what"]):
                return _with_quote(back, match["rest"])
            return _about(back.asked.topic, match["rest"])
        return _about(what, match["rest"])
    if (match := _EARLIER.match(text.rstrip(_STOPS))) and match["measure"] not in "篇条则":
        topics = list(dict.fromkeys(one.asked.topic for one in reversed(past)))
        last = past[-1].asked
        if len(topics) > 1:
            return Completed(last.text.replace(topics[0], topics[1]), topics[1], carried=True)
    return None


def _find(what: str, past: Sequence[_Past]) -> _Past | None:
    """The last question that names something, or most of its characters."""
    for one in reversed(past):
        if what in one.asked.topic or what in one.asked.text or what in one.answer:
            return one
    shares = [(len(set(what) & set(one.asked.text)) / len(set(what)), number) for number, one in enumerate(past)]
    best, number = max(shares)
    if best >= 0.5:
        return past[number]
    return next((one for one in reversed(past) if one.asked.topic != past[-1].asked.topic), None)


def _of_article(text: str, past: Sequence[_Past]) -> Completed | None:
    """那篇是谁写的: the article that the last answer was quoted from."""
    match = _ARTICLE_HEAD.search(text)
    if not match:
        return None
    if _ORDINAL.search(text) and (item := _item(text, past[-1])):
        return _about(item, text)
    return _with_quote(past[-1], text)


def _with_quote(one: _Past, text: str) -> Completed:
    lines = [line for line in one.answer.splitlines() if _MARK.search(line)]
    quote = _MARK.sub("", lines[0]).strip() if lines else ""
    done = _about(one.asked.topic, text)
    return Completed(done.text, done.topic, carried=True, quote=quote)


def _of_time(text: str, past: Sequence[_Past]) -> Completed | None:
    """那年 is the year of the question before, or of its answer."""
    match = _THAT_TIME.search(text)
    if not match or match["unit"] not in "年天日月":
        return None
    for source in (past[-1].asked.text, past[-1].answer):
        for figure in figures(source):
            if figure.kind is FigureKind.DATE and match["unit"] in source[figure.start : figure.end]:
                when = source[figure.start : figure.end]
                whole = text[: match.start()] + when + text[match.end() :]
                rest = past[-1].asked.topic.replace(when, "")
                return (
                    _about(rest, whole)
                    if not _stands_alone(whole, past[-1])
                    else Completed(whole, _topic(whole), carried=True)
                )
    return None


def _what_about(text: str, past: Sequence[_Past]) -> Completed | None:
    """那…呢 puts another day, number, name or thing into the question before."""
    match = _WHAT_ABOUT.match(text.rstrip(_STOPS))
    if not match or (_ASK.search(match["what"]) and match["rest"] is None):
        return None
    what = match["what"]
    if rest := match["rest"]:
        return Completed(f"{what}{rest}", what, carried=True)
    if _HE.search(what) or _IT.search(what) or _DEFINITE.match(what):
        return None
    return _swapped(what, past[-1])


def _of_ordinal(text: str, past: Sequence[_Past]) -> Completed | None:
    """第二个 is the second of what the answer before lists, else the second of what the question before counts."""
    match = _ORDINAL.search(text)
    if not match:
        return None
    if item := _item(text, past[-1]):
        whole = text[: match.start()] + item + text[match.end() :]
        return Completed(whole, item, carried=True)
    counting = next((one for one in reversed(past) if _ORDINAL.search(one.asked.text)), past[-1])
    return _about(counting.asked.topic, text)


def _item(text: str, last: _Past) -> str:
    match = _ORDINAL.search(text)
    items = _items(last)
    if not match or len(items) < 2:
        return ""
    number = 1 if match["former"] else len(items) if match["last"] or match["latter"] else _whole(match["which"])
    return items[number - 1] if 0 < number <= len(items) else ""


def _whole(numeral: str) -> int:
    if numeral.isdecimal():
        return int(numeral)
    tens, _, ones = numeral.rpartition("十")
    if "十" not in numeral:
        return _NUMBERS.get(numeral, 0)
    return (_NUMBERS.get(tens, 1) if tens else 1) * 10 + (_NUMBERS.get(ones, 0) if ones else 0)


def _items(last: _Past) -> list[str]:
    """What an answer lists: its numbered lines, else the parts of its direct answer."""
    if found := _ITEM.findall(last.answer):
        return [_MARK.sub("", item).split("（")[0].strip("《》 ") for _, item in found]
    direct = _direct(last)
    parts = [part.strip() for part in re.split("[、；;]|(?<=[\u4e00-\u9fff])和(?=[\u4e00-\u9fff])", direct)]
    return [part for part in parts if part]


def _direct(last: _Past) -> str:
    """The answer in short, which stands above the quotes; empty where there is none."""
    first = last.answer.partition("\n")[0].strip()
    return "" if _MARK.search(first) and len(first) > 40 else _MARK.sub("", first).strip("。 ")


def _of_pronoun(text: str, past: Sequence[_Past]) -> Completed | None:
    """他 is the last person, 它 the last thing, 那里 the last place."""
    last = past[-1]
    for pattern, find in ((_THEY, _them), (_HE, _person), (_THERE, _place), (_IT, _thing)):
        match = pattern.search(text)
        if match is None:
            continue
        whole = _THEN.sub("", text)
        match = pattern.search(whole) or match
        found = find(past)
        if not found:
            return _about(last.asked.topic, whole)
        place = whole[: match.start()] + found + whole[match.end() :]
        topic = found if pattern in (_HE, _IT) else _topic(place)
        return Completed(place, topic, carried=True)
    return None


def _person(past: Sequence[_Past]) -> str:
    last = past[-1]
    sources = [_direct(last)] if re.search("谁|哪[一]?[位名]|什么人", last.asked.text) else []
    sources += [
        last.asked.topic,
        last.asked.text,
        _direct(last),
        *(one.asked.topic for one in reversed(past[:-1])),
        last.answer,
    ]
    for source in sources:
        if people := [name for name, kind in name_kinds(source) if kind is NameKind.PERSON and name in fold(source)]:
            return people[0].rstrip(_NO_NAME_END)
        if source == _direct(last) and 2 <= len(source) <= 4 and sources[0] is source:
            return source
        if latin := re.search(r"[A-Z][a-z]+(?: [A-Z][a-z]+)+", source):
            return latin[0]
    return ""


def _place(past: Sequence[_Past]) -> str:
    for one in reversed(past):
        for source in (one.asked.topic, one.asked.text, _direct(one)):
            if places := [name for name, kind in name_kinds(source) if kind is NameKind.PLACE and name in source]:
                return places[0]
    return ""


def _thing(past: Sequence[_Past]) -> str:
    """What the answer names, where the question asked for a name; else the topic."""
    last, direct = past[-1], _direct(past[-1])
    asks_name = re.search(
        r"叫(?:什么|啥)|哪(?!年|天|里|儿|一天|一年|些)[^，？]{0,4}|第[一二三四五六七八九十]", last.asked.text
    )
    is_name = 2 <= len(direct) <= 24 and not re.search(r"[，。、；：\d]", direct)
    return direct if asks_name and is_name else last.asked.topic


def _them(past: Sequence[_Past]) -> str:
    return past[-1].asked.topic


def _of_definite(text: str, past: Sequence[_Past]) -> Completed | None:
    """该区, 这学校, and a bare 公园 at the head of a question, mean the last thing of that sort that was named."""
    whole = _THEN.sub("", text)
    match = _DEFINITE.match(whole)
    head = match["head"] if match else _leading_noun(whole)
    if not head:
        return None
    if (found := _named(head, past)) and found != head:
        end = match.end("all") if match else len(head)
        return Completed(found + whole[end:], found, carried=True)
    if match:
        return _about(past[-1].asked.topic, whole)
    return None


def _leading_noun(text: str) -> str:
    """The first word of a question where it alone can be its subject; empty where it is no noun."""
    words = tagged(text)
    if len(words) < 2 or _nominal(words[1]) or words[1][0] == "的":
        return ""
    word, tag = words[0]
    return word if (tag == "n" or word == "会") and not _ATTRIBUTE.search(word) else ""


def _named(head: str, past: Sequence[_Past]) -> str:
    """The last name that ends in a word: 未来科学城体育公园 for 公园."""
    ends = _SORTS.get(head, (head,))
    for one in reversed(past):
        for source in (one.asked.topic, one.asked.text, _direct(one)):
            words = _words(source)
            for at, (word, _) in enumerate(words):
                if word.endswith(ends):
                    start = at
                    while start > 0 and (_nominal(words[start - 1]) or words[start - 1][1] == "m"):
                        start -= 1
                    name = "".join(w for w, _ in words[start : at + 1])
                    if name != head:
                        return name
    return ""


# One thing put in place of another.


def _swapped(what: str, last: _Past) -> Completed:
    """The last question with something else in place of what corresponds to it."""
    before = last.asked.text
    bare = what.removesuffix("的")
    if _ATTRIBUTE.search(bare) and not name_kinds(bare):
        return _about(last.asked.topic, f"{bare}是多少" if re.search("多少|几", before) else bare)
    old, new = _counterpart(bare, before)
    if not old:
        return _about(last.asked.topic, bare)
    counted = rf"[\d一二三四五六七八九十两]+[个座家所项条位名]?{re.escape(old)}"
    whole = before.replace(found[0] if (found := re.search(counted, before)) else old, new, 1)
    return Completed(whole, _topic(whole), carried=True)


def _counterpart(what: str, before: str) -> tuple[str, str]:  # noqa: PLR0911
    """What of a question gives way, and to what; both empty where nothing corresponds."""
    if what in _TIME_WORDS:
        return next(((word, what) for word in _TIME_WORDS if word in before and word != what), ("", ""))
    if (span := _SPAN_OF_TIME.search(before)) and _SPAN_OR_DAY.fullmatch(what):
        return span[0], what
    for mine in figures(what):
        for theirs in figures(before):
            if mine.rivals(theirs) or (mine.kind is FigureKind.ORDINAL is theirs.kind and not mine.agrees(theirs)):
                return before[theirs.start : theirs.end], what[mine.start : mine.end]
    chunks = [chunk for chunk in _chunks(before) if chunk != what]
    if (district := _DISTRICT.search(what)) and what == district[0]:
        for chunk in chunks:
            if (old := _DISTRICT.match(chunk)) and old["sort"] == district["sort"] and old[0] != what:
                return old[0], what
    alike = max(((_likeness(what, chunk), chunk) for chunk in chunks), default=(0.0, ""))
    kinds = {kind for _, kind in name_kinds(what) if kind is not NameKind.FIGURE}
    same = [name for name, kind in name_kinds(before) if kind in kinds and name in before and name != what]
    if same:
        chunk = next((chunk for chunk in chunks if same[0] in chunk), same[0])
        return (chunk if _likeness(what, chunk) >= _ALIKE else same[0]), what
    if alike[0] >= _ALIKE:
        return alike[1], what
    if kinds or re.search("[A-Za-z]", what):
        return (chunks[0] if chunks else ""), what
    asked = _ASK.search(before)
    behind = [chunk for chunk in chunks if asked and before.find(chunk) >= asked.end()]
    ahead = [chunk for chunk in chunks if asked and before.find(chunk) < asked.start()]
    return next(iter([*behind[:1], *ahead[-1:]]), ""), what


def _likeness(one: str, other: str) -> float:
    """Share of a word that another one has as one stretch, the last character counting as well: 中医阁 and 中医馆."""
    shared = SequenceMatcher(None, one, other, autojunk=False).find_longest_match().size
    if shared >= 2:
        return 1.0 if one[-2:] == other[-2:] else shared / min(len(one), len(other))
    return _ALIKE if len(one) > 1 and len(one) == len(other) and one[-1:] == other[-1:] else 0.0


def _chunks(text: str) -> list[str]:
    """The nouns of a question with the words that belong to them, in order, without what only asks."""
    found: list[str] = []
    current: list[str] = []
    for word, tag in [*tagged(text), ("。", "x")]:
        nominal = _nominal((word, tag)) or (tag in {"a", "b"} and not _ASK.search(word))
        if nominal and word not in _ASKED_WORDS:
            current.append(word)
        elif current:
            found.append("".join(current))
            current = []
    return list(dict.fromkeys(found))


# What a question is about, and whether it says so.


def _words(text: str) -> list[Word]:
    """The tagged words of a question, a 会 that ends a name (推进会, 座谈会) put to the word that it ends."""
    found: list[Word] = []
    words = tagged(text)
    for at, (word, tag) in enumerate(words):
        follows = words[at + 1][1] if at + 1 < len(words) else "x"
        if word == "会" and found and found[-1][1] in {"v", "vn", "n"} and not follows.startswith("v"):
            found[-1] = (found[-1][0] + word, "n")
        else:
            found.append((word, tag))
    return found


def _nominal(word: Word) -> bool:
    return bool(_NOUN.match(word[1])) and word[0] not in _LIGHT and not _ASK.fullmatch(word[0])


def _topic(text: str) -> str:
    """A question without what it asks for.

    Example:
        >>> _topic("柳河镇图书馆的馆长是谁？"), _topic("谁主持了座谈会？"), _topic("学院发了几份聘书？")
        ('柳河镇图书馆', '主持了座谈会', '学院')
        >>> _topic("柳河镇图书馆什么时候开馆？")
        '柳河镇图书馆'
    """
    words = _words(text.strip().rstrip(_STOPS))
    at = next((number for number, (word, _) in enumerate(words) if _ASK.search(word)), len(words))
    end = at + 1
    while end < len(words) and (words[end][0] in _ASKED_WORDS or words[end][1] == "q"):
        end += 1
    head, tail = list(words[:at]), list(words[end:])
    while tail and (tail[-1][0] in _LIGHT or tail[-1][1] in {"x", "y", "uj", "ul"}):
        tail.pop()
    asks_when = bool(_ASKS_WHEN.search("".join(word for word, _ in words[at:end]))) and len(tail) == 1
    keep_tail = not asks_when and any(_nominal(word) and not _ATTRIBUTE.search(word[0]) for word in tail)
    head = _bare_head(head, strip_attribute=not keep_tail)
    return "".join(word for word, _ in [*head, *(tail if keep_tail else [])]).strip(_STOPS + " ").rstrip(_NO_NAME_END)


def _bare_head(head: list[Word], *, strip_attribute: bool) -> list[Word]:
    """Words before the asking one, without light verbs and, where nothing follows, without the attribute asked for."""

    def drop_light() -> None:
        while head and (head[-1][0] in _LIGHT or head[-1][1] in {"x", "uj", "ul", "p", "c"}):
            head.pop()

    drop_light()
    if not strip_attribute:
        return head
    nouns = [word for word in head if _nominal(word)]
    if head and len(nouns) > 1 and _nominal(head[-1]) and _ATTRIBUTE.search(head[-1][0]):
        head.pop()
        drop_light()
        while len(head) > 1 and head[-1][1] == "b":
            head.pop()
    elif len(head) > 1 and len(nouns) > 0 and head[-1][1] == "v":
        head.pop()
        drop_light()
    return head


def _stands_alone(text: str, last: _Past) -> bool:  # noqa: PLR0911
    """Whether a question names a subject of its own."""
    plain = _FIRST_A_DAY.sub("", _THEN.sub("", text))
    if re.search("[“《「『]", plain) or (
        (subject := _DATED_SUBJECT.match(plain)) and subject[0] not in last.asked.text
    ):
        return True
    words = _words(plain.rstrip(_STOPS))
    known = last.asked.text + last.answer
    if not words:
        return False
    fresh_names = [word for word, tag in words if tag in _NAMES and len(word) > 1 and word not in known]
    if _OPENS_WITHOUT_SUBJECT.match(plain) or _OTHERS.match(plain):
        return bool(fresh_names) and words[0][1] not in {"p", "v"} and len(words) > 4
    leading = _leading(words)
    is_verb = len(leading) == 1 and len(words) > 1 and words[1][0] in {"了", "过", "着"}
    if not is_verb and any(tag in _NAMES | {"eng"} and len(word) > 1 for word, tag in leading):
        return True
    if any(tag in {"nr", "nt", "nrt"} and word in fresh_names for word, tag in words) and not is_verb:
        return True
    named = "".join(word for word, tag in leading if _nominal((word, tag)))
    if len(named) >= 4 and named not in known and _BODY_HEAD.search(named):
        return True
    if len([word for word, tag in leading if _nominal((word, tag)) and word not in known]) >= 3:
        return True
    telling = [w for w, tag in words if (_nominal((w, tag)) or tag == "v") and len(w) > 1 and w not in known]
    return len(telling) >= _TELLING


def _leading(words: Sequence[Word]) -> list[Word]:
    """The nouns and numbers that a question begins with."""
    found: list[Word] = []
    for word, tag in words:
        if not (  # noqa: SIM102
            _nominal((word, tag))
            or word == "的"
            or (found and tag in {"m", "b", "a", "f", "t"} and not _ASK.search(word))
        ):
            if found or tag not in {"m", "t", "f", "b", "a"} or _ASK.search(word):
                break
        found.append((word, tag))
    return found
