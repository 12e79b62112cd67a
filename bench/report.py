"""Tables and the picture of bench/run.py."""

from __future__ import annotations

import math
import pathlib
from xml.sax.saxutils import escape

MARKERS = ("<!-- bench -->", "<!-- /bench -->")


def insert(page: pathlib.Path, content: str, markers: tuple[str, str] = MARKERS) -> None:
    """Puts text between two markers of a page."""
    text = page.read_text()
    begin, end = (text.find(marker) for marker in markers)
    if begin < 0 or end < begin:
        raise SystemExit(f"report.py: {page} lacks {markers[0]} and {markers[1]}")
    page.write_text(f"{text[: begin + len(markers[0])]}\n{content}\n{text[end:]}")


def milliseconds(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if value < 10 else f"{value:.2f}" if value < 100 else f"{value:.1f}"


def line(row: dict, names: list[str], header: bool) -> str:
    cells = [f"{row['model']:38.38}"]
    for name in names:
        cells.append(f"{milliseconds(row['peers'].get(name, {}).get('median_ms')):>12}")
    cells.append(f"{row['ratio']:8.3f} {row['ratio_min']:8.3f}" if "ratio" in row else "")
    text = "".join(cells)
    if header:
        titles = "".join(f"{name:>12}" for name in names)
        text = f"{'median ms':38}{titles}{'ratio':>8} {'of min':>8}\n{text}"
    return text


def finish(result: dict) -> None:
    """Geometric means over the models that have a ratio."""
    for key in ("ratio", "ratio_min"):
        ratios = [row[key] for row in result["rows"] if key in row]
        if ratios:
            result[f"geomean_{key}"] = math.exp(sum(map(math.log, ratios)) / len(ratios))
    versions = {}
    for row in result["rows"]:
        for name, entry in row["peers"].items():
            if entry.get("version"):
                versions[name] = entry["version"]
    result["versions"] = versions


def conditions(result: dict) -> str:
    threads = result["threads"]
    peers = ", ".join(f"{n} {v}" for n, v in result["versions"].items() if n != "edgec")
    vectors = f" ({result['vectors']})" if result["vectors"] else ""
    return (
        f"{result['processor']}{vectors}, {threads} thread{'s' if threads > 1 else ''} for all; "
        f"edgec at {result['revision']}; {peers}; {result['date']}"
    )


def footer(result: dict) -> str:
    lines = [conditions(result)]
    if "geomean_ratio" in result:
        count = sum("ratio" in row for row in result["rows"])
        lines.append(
            f"geometric mean of best peer / edgec over {count} models: {result['geomean_ratio']:.3f} "
            f"(of the minima: {result['geomean_ratio_min']:.3f})"
        )
    return "\n".join(lines)


def markdown(result: dict, names: list[str]) -> str:
    # A peer that runs none of the models, as it reads another format, has no column.
    names = [n for n in names if any("median_ms" in row["peers"].get(n, {}) for row in result["rows"])]
    lines = [
        "| model | " + " | ".join(f"{n} ms" for n in names) + " | best peer / edgec |",
        "|---|" + "---:|" * (len(names) + 1),
    ]
    notes: dict[str, list[str]] = {}
    for row in result["rows"]:
        cells = []
        for name in names:
            entry = row["peers"].get(name, {})
            text = milliseconds(entry.get("median_ms"))
            cells.append(f"**{text}**" if name == row.get("best_peer") else text)
            if "problem" in entry:
                problem = entry["problem"].replace("|", "/").replace("\n", " ")
                notes.setdefault(f"{name}: {problem[:160]}", []).append(row["model"])
        ratio = f"{row['ratio']:.2f}" if "ratio" in row else "–"
        lines.append(f"| {row['model']} | {' | '.join(cells)} | {ratio} |")
    if "geomean_ratio" in result:
        lines.append(f"| geometric mean |{' |' * len(names)} **{result['geomean_ratio']:.2f}** |")
    lines += ["", f"Median of interleaved runs. {conditions(result)}."]
    lines += [f"- {note} ({', '.join(models)})" for note, models in notes.items()]
    return "\n".join(lines)


def svg(result: dict) -> str:
    """Bars of best peer / edgec, with a line at 1: to the right of it edgec is the faster one."""
    rows = [row for row in result["rows"] if "ratio" in row]
    left, width, step, top = 260, 440, 22, 44
    most = max([row["ratio"] for row in rows] + [1.25])
    scale = width / most
    height = top + step * len(rows) + 34
    one = left + scale
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 130} {height}" '
        f'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="12" y="18" font-size="13">Time of the best peer / time of edgec, '
        f"{result['threads']} thread{'s' if result['threads'] > 1 else ''} "
        "(right of 1: edgec is faster)</text>",
    ]
    for index, row in enumerate(rows):
        y = top + index * step
        color = "#2b7a4b" if row["ratio"] >= 1 else "#b5651d"
        parts.append(
            f'<text x="{left - 8}" y="{y + 12}" text-anchor="end">{escape(row["model"][:36])}</text>'
            f'<rect x="{left}" y="{y}" width="{row["ratio"] * scale:.1f}" height="15" fill="{color}"/>'
            f'<text x="{left + row["ratio"] * scale + 5:.1f}" y="{y + 12}">{row["ratio"]:.2f} '
            f"({escape(row['best_peer'])})</text>"
        )
    bottom = top + step * len(rows)
    parts.append(
        f'<line x1="{one:.1f}" y1="{top - 8}" x2="{one:.1f}" y2="{bottom}" stroke="#333" '
        'stroke-dasharray="3 3"/>'
        f'<text x="{one:.1f}" y="{top - 12}" text-anchor="middle">1</text>'
    )
    if "geomean_ratio" in result:
        parts.append(
            f'<text x="{left - 8}" y="{bottom + 16}" text-anchor="end">geometric mean</text>'
            f'<text x="{left + 4}" y="{bottom + 16}">{result["geomean_ratio"]:.2f}</text>'
        )
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def sentence(result: dict) -> str:
    """The one for the README."""
    rows = [row for row in result["rows"] if "ratio" in row]
    faster = sum(row["ratio"] >= 1 for row in rows)
    threads = "one thread" if result["threads"] == 1 else f"{result['threads']} threads"
    vectors = f" with {result['vectors']}" if result["vectors"] else ""
    return (
        f"On {result['processor']}{vectors}, {threads} each, edgec beside {', '.join(n for n in result['versions'] if n != 'edgec')}: "
        f"the best peer's time over edgec's has a geometric mean of **{result['geomean_ratio']:.2f}** over {len(rows)} models, and "
        f"edgec is the fastest on {faster} of them. [All numbers](docs/performance.md) come from `bench/run.py`."
    )


def write(root: pathlib.Path, result: dict, names: list[str]) -> None:
    """Between the markers of the pages, and the picture beside the table."""
    if "geomean_ratio" not in result:
        raise SystemExit("report.py: nothing was compared, so nothing is written")
    insert(root / "README.md", sentence(result))
    picture = "![ratios](performance.svg)\n\n"
    insert(root / "docs" / "performance.md", picture + markdown(result, names))
    (root / "docs" / "performance.svg").write_text(svg(result))
