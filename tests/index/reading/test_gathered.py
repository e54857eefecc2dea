"""Do blocks become lines, with a blank line where there is one, and is what stands apart numbered?"""

from __future__ import annotations

from index.reading.gathered import Gathered


def test_blocks_become_lines():
    lines = Gathered()
    lines.line("# 甲")
    lines.put("乙")
    lines.put("一\n二\n\n三")  # a line feed ends a line, two leave a blank one
    lines.end()
    lines.line(" | ")  # nothing to see
    with lines.apart("评论"):
        lines.put("丁")
    lines.line("戊", gap=False)
    text, aside = lines.page()
    # The blank line below 丁 comes from the end of what stands apart.
    assert text.split("\n") == ["# 甲", "", "乙一", "二", "", "三", "", "丁", "", "戊", ""]
    assert aside == ((8, "评论"),)


def test_nothing_is_an_empty_page():
    assert Gathered().page() == ("", ())
