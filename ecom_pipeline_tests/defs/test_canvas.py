"""Charts of a shop that speaks Chinese can be read, or say why not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from matplotlib import font_manager

from ecom_pipeline.defs import canvas
from ecom_pipeline.defs.canvas import CHINESE, NO_FONT, markdown


@pytest.fixture(autouse=True)
def an_old_list_of_fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Matplotlib's own, as it was before a font that writes Chinese was installed."""
    latin = [font for font in font_manager.fontManager.ttflist if font.name not in CHINESE]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", latin)
    forget()
    yield
    forget()


def forget() -> None:
    canvas._fonts.cache_clear()
    font_manager.FontManager._findfont_cached.cache_clear()


def drawn(title: str) -> str:
    figure, _ = canvas.canvas(title)
    return markdown(figure, "chart")


def test_a_chart_whose_letters_no_font_has_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(font_manager, "findSystemFonts", list)
    assert drawn("Revenue by channel").endswith(")")
    assert drawn("各渠道收入").endswith(NO_FONT)


@pytest.mark.skipif(
    not any(f"/{start}" in file for start in CHINESE.values() for file in font_manager.findSystemFonts()),
    reason="no font that writes Chinese is installed (Debian: apt-get install fonts-noto-cjk)",
)
def test_a_font_that_was_installed_since_is_found() -> None:
    assert drawn("各渠道收入").endswith(")")
