"""Do set phrases say what they say, in either script and either width, and nothing more?"""

from __future__ import annotations

import pytest

from index.reading.labels import (
    comes_from_elsewhere,
    goes_on,
    is_caption,
    is_notice,
    is_salutation,
    is_wire_dateline,
    names_advert,
    names_briefs,
    names_editors_note,
    names_opinion,
    names_people,
    points_at_picture,
    reports_in_pictures,
    tells_author,
)
from index.reading.line_forms import names_box


@pytest.mark.parametrize(
    ("says", "yes", "no"),
    [
        (names_box, "链接", "链接你我"),
        (names_box, "【新聞鏈接】".replace("鏈", "链"), "【案情】"),
        (names_box, "［名词解释］", "［案情］"),
        (names_editors_note, "编者按：", "编者按照读者的意见修改"),
        (names_advert, "【广告】", "广告公司开业"),
        (names_advert, "旺铺招租", "招租的日子"),
        (names_briefs, "一分钟速读", "速读训练营开课"),
        (names_opinion, "今日谈", "谈今日的天气"),
        (is_notice, "征稿启事", "征稿"),
        (is_notice, "数读高温", "高温数读不完"),
        (is_salutation, "小满：", "各类用水情况如下："),
        (is_salutation, "亲爱的读者:", "修了三年，"),
        (is_salutation, "桑榆先生：", "主持人："),
        (comes_from_elsewhere, "（上接第1版）劈成花箱。", "上接第1版"),
        (goes_on, "可是他没有来。", "大桥通车了。"),
        (points_at_picture, "▲3月2日，游客赏梅。", "3月2日，游客赏梅。"),
        (is_wire_dateline, "（新华社柳河1月11日电）", "（据新华社电）"),
        (tells_author, "说完了。（作者系青滩镇中学教师）", "（作者的母亲是教师）"),
        (names_people, "叶知夏 秦一舟", "青滩镇交通管理站"),
        (reports_in_pictures, "本报记者 叶知夏 摄影报道", "通讯员 叶知夏 摄"),
        (is_caption, "图①：开馆。", "图书馆开馆。"),
    ],
)
def test_what_a_line_says(says, yes, no):
    assert says(yes)
    assert not says(no)
