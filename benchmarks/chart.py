"""A bar for each run of each tool, as one SVG file that follows light and dark."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_WIDTH, _LEFT, _ROW, _GAP = 760, 250, 22, 14
_STYLE = """\
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.tool { font-weight: 600 }
.bar { fill: #2f6feb }
.wrong { fill: #cf222e }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .bar { fill: #4c8dff }
  .wrong { fill: #ff7b72 }
}
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """One run: how many seconds it took, and how many repositories it left wrong."""

    tool: str
    run: str
    seconds: float
    wrong: int


def drawn(bars: Sequence[Bar]) -> str:
    """Return the chart. A run that leaves a repository wrong has another colour, and says how many."""
    longest = max((bar.seconds for bar in bars), default=1.0)
    parts, top, tool = [], 0, ""
    for bar in bars:
        if bar.tool != tool:
            top += _GAP + _ROW
            parts.append(f'<text class="tool" x="0" y="{top - 6}">{escape(bar.tool)}</text>')
            tool = bar.tool
        width = max(1.0, bar.seconds / longest * (_WIDTH - _LEFT - 190))
        said = f"{bar.seconds:.1f} s" + (f", {bar.wrong} repositories wrong" if bar.wrong else "")
        kind = "wrong" if bar.wrong else "bar"
        parts += [
            f'<text x="16" y="{top + 15}">{escape(bar.run)}</text>',
            f'<rect class="{kind}" x="{_LEFT}" y="{top + 2}" width="{width:.1f}" height="{_ROW - 6}" rx="2"/>',
            f'<text x="{_LEFT + width + 8:.1f}" y="{top + 15}">{said}</text>',
        ]
        top += _ROW
    title = "Seconds to set one secret in 200 repositories, and the repositories left wrong"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top + _GAP}" role="img" aria-label="{title}">'
    )
    return "\n".join([head, f"<title>{title}</title>", f"<style>{_STYLE}</style>", *parts, "</svg>", ""])
