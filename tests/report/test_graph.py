"""The graph in a report: what is drawn, what is listed, and names that are no markup."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from pltheory.report.figures import CROWDED, graph_figure, svg
from pltheory.report.graph import LABEL, costliest, label, percent
from pltheory.report.html import render_page
from pltheory.report.text import print_report
from tests.report import sample
from tests.report.test_page import Reader


def node(name, kind="affine", inputs=(), change=0.0, curvature=0.0, function=""):
    return {
        "name": name, "kind": kind, "function": function, "inputs": list(inputs), "size": 7, "parameters": 3,
        "change": change, "curvature": curvature,
    }  # fmt: skip


def residual():
    return {
        "radius": 0.25,
        "nodes": [
            node("input", "input"),
            node("first <b>[bold]$x$", inputs=[0], change=0.6),
            node("act", "pointwise", [1], curvature=0.3, function="tanh"),
            node("second", inputs=[2], change=0.1, curvature=0.1),
            node("add", "sum", [1, 3]),
            node("head", inputs=[4], change=0.3, curvature=0.6),
        ],
    }


def chain(many):
    return {"radius": 1.0, "nodes": [node(f"n{k}", inputs=[k - 1] if k else [], change=k / 1e4) for k in range(many)]}


def test_the_costliest_come_first_by_the_larger_share_and_what_costs_nothing_is_left_out():
    assert costliest(residual(), 3) in ([1, 5, 2], [5, 1, 2])
    assert costliest(residual(), 9)[-1] == 3
    assert set(costliest(residual(), 9)) == {1, 2, 3, 5}


def test_long_labels_keep_both_ends_and_the_size():
    long = node("encoder." * 20 + "last linear_12")
    assert len(label(long)) == LABEL
    assert label(long).startswith("encoder.")
    assert label(long).endswith("linear_12 (affine, 7)")
    assert label(node("silu", "pointwise", function="silu")) == "silu (7)"


@pytest.mark.parametrize(("share", "shown"), [(0.0, ""), (0.004, "<1%"), (0.126, "13%"), (1.0, "100%")])
def test_shares_as_shown(share, shown):
    assert percent(share) == shown


def test_the_figure_has_every_edge_and_the_bars_are_the_shares():
    graph = residual()
    edges, bars = graph_figure(graph).axes
    assert len(edges.patches) == sum(len(n["inputs"]) for n in graph["nodes"])
    reaches = sorted(round(abs(p.get_path().vertices[:, 0].min()), 3) for p in edges.patches)
    assert reaches[:5] == [0.0] * 5
    assert reaches[5] > 1
    first, second = bars.containers
    assert [bar.get_width() for bar in first] == pytest.approx([100 * n["change"] for n in graph["nodes"]])
    assert [bar.get_width() for bar in second] == pytest.approx([100 * n["curvature"] for n in graph["nodes"]])
    assert len(bars.get_yticklabels()) == len(graph["nodes"])
    assert svg(graph_figure(graph)) == svg(graph_figure(graph))


@pytest.mark.parametrize(("many", "axes", "rows"), [(CROWDED, 2, CROWDED), (CROWDED + 9, 1, CROWDED)])
def test_a_crowded_graph_is_listed_without_edges_and_says_so(many, axes, rows):
    figure = graph_figure(chain(many))
    assert len(figure.axes) == axes
    labels = [text.get_text() for text in figure.axes[-1].get_yticklabels()]
    assert len(labels) == rows
    assert labels[-1] == f"n{many - 1} (affine, 7)"
    assert ("of 49 nodes" in figure.axes[-1].get_title(loc="left")) == (axes == 1)


def test_the_terminal_lists_three_nodes_and_markup_in_names_is_text():
    written = io.StringIO()
    print_report(Console(file=written, width=120), sample.report() | {"graph": residual()})
    text = written.getvalue()
    assert "R = 0.25" in text
    assert "first <b>[bold]$x$ (affine, 7)" in text
    assert "60%" in text
    assert "second" not in text


def test_the_page_draws_and_lists_all_nodes():
    text = render_page(sample.manifest(), sample.report() | {"graph": residual()}, None)
    page = Reader(text)
    assert "first <b>[bold]$x$" in page.text
    assert "<b>[bold]" not in text
    assert "where the bounds are lost" in page.text
    assert "<svg" in text
    for plain in (sample.report(), sample.report() | {"graph": None}):
        assert "where the bounds are lost" not in render_page(sample.manifest(), plain, None)
