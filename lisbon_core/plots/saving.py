"""A figure as bytes that depend on the figure alone, no version, no date: as pixels, as vectors."""

import io

from PIL import Image, PngImagePlugin

from lisbon_core.plots.style import house_style

__all__ = ["drawn_by", "fewer_colours", "image"]


def image(figure, kind: str, dpi: int) -> bytes:
    """PNG, PDF or SVG of a figure; coloured meshes are pixels in all of them."""
    stream, source = io.BytesIO(), drawn_by(figure)
    about = {"png": {"Software": "lisbon_core", "Source": source},
             "pdf": {"Creator": "lisbon_core", "Producer": None, "CreationDate": None, "Title": source},
             "svg": {"Creator": "lisbon_core", "Date": None, "Title": source}}
    with house_style():
        figure.savefig(stream, format=kind, dpi=dpi, metadata=about[kind])
    return stream.getvalue()


def drawn_by(figure) -> str:
    """Name of the function that drew a figure: its label."""
    return str(figure.get_label() or "a figure without a name")


def fewer_colours(png: bytes) -> bytes:
    """The same picture in 256 colours of its own choice: no eye sees it, and it has a third of the size."""
    about, stream = PngImagePlugin.PngInfo(), io.BytesIO()
    with Image.open(io.BytesIO(png)) as pixels:
        for key in ("Software", "Source"):
            about.add_text(key, pixels.text[key])
        few = pixels.convert("RGB").quantize(256, method=Image.Quantize.MAXCOVERAGE, kmeans=1,
                                             dither=Image.Dither.NONE)
    few.save(stream, "png", optimize=True, pnginfo=about)
    return stream.getvalue()
