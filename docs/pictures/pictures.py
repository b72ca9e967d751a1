#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the pictures of docs/offload-model.md: python3 docs/pictures/pictures.py

Each picture is a list of boxes and arrows in a grid of pixels; nothing here is clever.
"""

import os
from xml.sax.saxutils import escape

HERE = os.path.dirname(os.path.abspath(__file__))
FONT = 'font-family="ui-monospace, monospace" font-size="13"'
WIDE = 7.9  # width of a character


class Picture:
    def __init__(self, name, width, height, title):
        self.name = name
        self.out = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
            f' width="{width}" height="{height}" {FONT}>',
            f"<title>{escape(title)}</title>",
            "<!-- written by pictures.py -->",
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8"'
            ' markerHeight="8" orient="auto-start-reverse"><path d="M0 0 L8 4 L0 8 z"'
            ' fill="#345"/></marker></defs>',
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        ]

    def text(self, x, y, words, color="#123", weight="normal"):
        self.out.append(
            f'<text x="{x}" y="{y}" fill="{color}" font-weight="{weight}">{escape(words)}</text>'
        )

    def box(self, x, y, width, title, lines=(), fill="#eef3f8"):
        """A box with a title and lines; returns the y of the middle of each line."""
        height = 26 + 18 * len(lines) + (6 if lines else 0)
        self.out.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="4"'
            f' fill="{fill}" stroke="#678"/>'
        )
        self.text(x + 8, y + 18, title, weight="bold")
        middles = []
        for i, line in enumerate(lines):
            at = y + 26 + 18 * i + 12
            self.text(x + 8, at, line)
            middles.append(at - 4)
        return middles

    def arrow(self, x1, y1, x2, y2, dashed=False):
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        self.out.append(
            f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="#345"'
            f' stroke-width="1.4"{dash} marker-end="url(#tip)"/>'
        )

    def bar(self, x1, x2, y, words, fill):
        """A life: from x1 to x2 on a line of time."""
        self.out.append(
            f'<rect x="{x1}" y="{y}" width="{x2 - x1}" height="24" rx="4" fill="{fill}"'
            ' stroke="#678"/>'
        )
        self.text((x1 + x2 - WIDE * len(words)) / 2, y + 17, words)

    def mark(self, x, top, bottom, words):
        self.out.append(
            f'<line x1="{x}" y1="{top}" x2="{x}" y2="{bottom}" stroke="#9ab"'
            ' stroke-dasharray="3 3"/>'
        )
        self.text(x + 4, top + 10, words, color="#456")

    def write(self):
        with open(os.path.join(HERE, self.name + ".svg"), "w", encoding="utf-8") as f:
            f.write("\n".join(self.out + ["</svg>", ""]))


def block_list():
    p = Picture("block-list", 860, 400, "A block list and its context areas")
    p.text(20, 22, "host stack: one tree of an initiate", weight="bold")
    p.text(560, 22, "engine: context areas", weight="bold")
    rows = [
        (40, "neighbor block", "CONST CACHED DELEGATED", "neighbor", "MAC, reachability"),
        (160, "path block (ip4 or ip6)", "CONST CACHED DELEGATED", "path", "addresses, MTU"),
        (280, "TCP block", "CONST CACHED DELEGATED EXT", "connection", "all of its TCP"),
    ]
    for y, title, state, area, what in rows:
        lines = p.box(
            20, y, 230, title,
            ["offload_handle", "dependent_block_list", state],
        )
        slot = p.box(310, y, 190, "offload handle", ["slot: token"], fill="#fdf4e3")
        home = p.box(580, y, 250, area + " context", ["kind, generation, index", what],
                     fill="#e9f5ea")
        p.arrow(250, lines[0], 308, slot[0] - 18)
        p.arrow(500, slot[0], 578, home[0])
        p.arrow(580, home[1], 502, slot[0] + 16, dashed=True)
        if y > 40:
            p.arrow(60, y - 24, 60, y - 2)
            p.arrow(640, y - 2, 640, y - 50)
    p.text(70, 150, "DependentBlockList")
    p.text(70, 270, "DependentBlockList")
    p.text(650, 146, "depends on")
    p.text(650, 266, "depends on")
    p.text(20, 385, "dashed: NdisOffloadHandle, by which an indication names the object to the layer"
           " above", color="#456")
    p.write()


def chains():
    p = Picture("chains", 900, 330, "Handles and tokens through two drivers")
    columns = [
        (20, "host stack", "connection", None),
        (245, "driver A", "offload entry", "upper handle"),
        (470, "driver B", "offload entry", "upper handle"),
        (695, "engine", "context", "NdisOffloadHandle"),
    ]
    for i, (x, party, what, upper) in enumerate(columns):
        p.text(x, 24, party, weight="bold")
        last = i == len(columns) - 1
        lines = [] if upper is None else [upper]
        if not last:
            lines = lines + ["own offload handle", "  slot: token"]
        y = p.box(x, 60, 180, what, lines, fill="#e9f5ea" if last else "#eef3f8")
        if not last:
            # The token in the slot names the entry of the driver below.
            p.arrow(x + 180, y[-1], columns[i + 1][0] - 2, 72)
        if upper is not None:
            # What was stored from above is the handle of the driver above.
            p.arrow(x, y[0], columns[i - 1][0] + 182, y[0] + (18 if i > 1 else 0), dashed=True)
    p.text(20, 200, "down: send(own handle) -> Binding takes the token out of the slot -> "
           "MiniportTcpOffloadSend(token),")
    p.text(20, 220, "      one level a call: the driver finds its offload entry by the token, and"
           " sends by its own handle")
    p.text(20, 250, "up:   indicate(upper handle) -> the driver above finds its offload entry by "
           "its own handle,")
    p.text(20, 270, "      and indicates by the handle that it stored in turn, until it is the host"
           " stack's")
    p.text(20, 305, "solid: token of the layer below; dashed: handle of the layer above",
           color="#456")
    p.write()


def lives():
    p = Picture("lives", 900, 330, "The life of a call entry beside that of an offload entry")
    for x, words in [(40, "initiate"), (175, "complete"), (300, "query"), (400, "complete"),
                     (500, "sends, indications"), (690, "terminate"), (815, "complete")]:
        p.mark(x, 40, 300, words)
    p.text(20, 24, "one connection, seen in one driver; time goes to the right", weight="bold")
    p.bar(40, 175, 80, "call entry", "#fdf4e3")
    p.bar(300, 400, 80, "call entry", "#fdf4e3")
    p.bar(690, 815, 80, "call entry", "#fdf4e3")
    p.text(40, 124, "holds ImReserved and SourceHandle of the root block; one for each operation")
    p.bar(40, 815, 150, "offload entry: upper handle, own handle", "#eef3f8")
    p.text(40, 194, "from the initiate to the completion of the terminate; gone at once where the"
           " initiate failed")
    p.bar(175, 815, 220, "token of the entry in the slot above", "#e9f5ea")
    p.text(40, 264, "written before the initiate completes upwards, cleared before the terminate"
           " does")
    p.write()


if __name__ == "__main__":
    block_list()
    chains()
    lives()
