"""A figure as bytes that depend on the figure alone, no version, no date: as pixels, as vectors."""

import io

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from PIL import Image, PngImagePlugin
from scipy.spatial import KDTree

from lisbon_core.plots.style import house_style

THINNED = 3  # one pixel in as many, each way, chooses the colours of all: a tenth of the time


def image(figure, kind: str, dpi: int) -> bytes:
    """PNG, PDF or SVG of a figure; coloured meshes are pixels in all of them.

    Its layout is settled once for all: what is saved later shows the same. The canvases are asked themselves, as
    `savefig` draws twice.
    """
    stream, source, before = io.BytesIO(), drawn_by(figure), (figure.canvas, figure.dpi)
    with house_style():
        if engine := figure.get_layout_engine():
            for _ in range(2):  # the layout of maps with a colour bar takes two rounds
                engine.execute(figure)
            figure.set_layout_engine("none")
        figure.dpi = dpi
        try:
            if kind == "png":
                canvas, about = FigureCanvasAgg(figure), PngImagePlugin.PngInfo()
                for key, value in {"Software": "lisbon_core", "Source": source}.items():
                    about.add_text(key, value)
                canvas.draw()
                drawn = _fewer_colours(Image.fromarray(np.asarray(canvas.buffer_rgba())))
                drawn.save(stream, "png", optimize=True, pnginfo=about)
            elif kind == "pdf":
                FigureCanvasPdf(figure).print_pdf(stream, metadata={
                    "Creator": "lisbon_core", "Producer": None, "CreationDate": None, "Title": source})
            else:
                FigureCanvasSVG(figure).print_svg(stream, metadata={
                    "Creator": "lisbon_core", "Date": None, "Title": source})
        finally:
            figure.set_canvas(before[0])
            figure.dpi = before[1]
    return stream.getvalue()


def drawn_by(figure) -> str:
    """Name of the function that drew a figure: its label."""
    return str(figure.get_label() or "a figure without a name")


def _fewer_colours(pixels: Image.Image) -> Image.Image:
    """The same picture in 256 colours of its own choice: no eye sees it, and it has a third of the size."""
    pixels = pixels.convert("RGB")
    few = pixels.resize([max(size // THINNED, 1) for size in pixels.size], Image.Resampling.NEAREST).quantize(
        256, method=Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE).getpalette()
    bytes_of, place_of = np.array([16, 8, 0]), np.zeros(2**24, dtype=np.uint8)
    colour = (np.asarray(pixels, dtype=int) << bytes_of).sum(axis=-1)
    place_of[colour] = 1
    there = np.flatnonzero(place_of)
    # the nearest of the 256, which Pillow takes in steps of four: white would turn grey
    place_of[there] = KDTree(np.reshape(few, (-1, 3))).query(there[:, None] >> bytes_of & 255)[1]
    made = Image.fromarray(place_of[colour])
    made.putpalette(few)
    return made
