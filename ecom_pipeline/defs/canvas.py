"""What charts are drawn on: fonts and style, and how a picture comes into asset metadata, as PNG inside Markdown."""

from __future__ import annotations

import base64
import io
import warnings
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CHINESE = {
    "Noto Sans CJK SC": "NotoSansCJK-Regular",
    "WenQuanYi Zen Hei": "wqy-zenhei",
    "WenQuanYi Micro Hei": "wqy-microhei",
    "PingFang SC": "PingFang",
    "Hiragino Sans GB": "Hiragino Sans GB",
    "Microsoft YaHei": "msyh",
    "SimHei": "simhei",
}
"""Fonts that write Chinese, each with how the name of its file begins."""
NO_FONT = "Some letters are boxes: no font on this machine has them. For Chinese: `apt-get install fonts-noto-cjk`."


def canvas(title: str, *, over_time: bool = False) -> tuple[Figure, Axes]:
    """An empty chart; ``over_time`` where dates stand along its foot."""
    from matplotlib import rcParams
    from matplotlib.figure import Figure

    rcParams.update({"font.family": _fonts(), "legend.fontsize": 8, "legend.frameon": False})
    figure = Figure(figsize=(7.2, 4.0), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    if over_time:
        axes.tick_params(axis="x", rotation=30, labelsize=8)
    return figure, axes


@cache
def _fonts() -> list[str]:
    """The fonts that are there; Matplotlib made its list of them once, and does not see those installed since."""
    from matplotlib.font_manager import findSystemFonts, fontManager

    def known() -> list[str]:
        names = {font.name for font in fontManager.ttflist}
        return [name for name in CHINESE if name in names]

    if not known():
        for file in findSystemFonts():
            if any(f"/{start}" in file for start in CHINESE.values()):
                fontManager.addfont(file)
    return ["DejaVu Sans", *known()]


def markdown(figure: Figure, alternative: str) -> str:
    """The picture as Markdown, with a line below it where letters could not be drawn."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(record=True) as told:
        warnings.filterwarnings("always", message="Glyph .* missing from font")
        figure.savefig(buffer, format="png", metadata={"Software": None})
    picture = f"![{alternative}](data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()})"
    lacks = any("missing from font" in str(one.message) for one in told)
    return f"{picture}\n\n{NO_FONT}" if lacks else picture
