"""What Sphinx is told; the driver adds the version and the line at the foot of each page."""

import re
import sys
from pathlib import Path

project = "Lisbon"
html_title = "Lisbon"
language = "en"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode",
              "sphinx.ext.githubpages", "sphinx_copybutton"]

nb_execution_mode = "off"
nb_merge_streams = True
nb_render_markdown_format = "myst"  # tables and equations in what the cells say
nb_ipywidgets_js = {}  # live widgets need a kernel; the pages show the static figures beside them
nb_code_prompt_show = "Parameters"
nb_code_prompt_hide = "Parameters"
myst_enable_extensions = ["amsmath", "attrs_inline", "colon_fence", "dollarmath"]
myst_heading_anchors = 4

default_role = "code"
autodoc_preserve_defaults = True  # as written, not what they are on this machine
autodoc_typehints = "none"  # the docstrings say type, shape and unit
autodoc_member_order = "bysource"
add_module_names = False
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True

html_theme = "sphinx_book_theme"
html_static_path = [str(Path(__file__).parent / "static")]
html_css_files = ["lisbon.css"]
html_favicon = str(Path(__file__).parent / "static" / "lisbon.svg")
html_show_copyright = False
html_show_sphinx = False
html_sourcelink_suffix = ""
html_context = {"default_mode": "light"}  # the figures are
html_theme_options = {
    "footer_content_items": ["extra-footer.html"],
    "home_page_in_toc": True,
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "toc_title": "Contents",
    "use_download_button": True,
    "use_fullscreen_button": False,
}
mathjax_path = "mathjax/tex-chtml.js"


KEPT = re.compile(r"(:math:`[^`]*`|``.*?``|`[^`]*`|\*\*[^\s*][^*]*\*\*|\*[^\s*][^*]*\*|\\\*)")


def _as_text(app, what, name, thing, options, lines):
    """Docstrings are for reading in an editor: |B| is a magnitude, a * b a product, what is set in stays as it is."""
    paragraphs, before = re.split(r"\n(?: *\n)+", "\n".join(lines)), ""
    for number, text in enumerate(paragraphs):
        if text.lstrip().startswith(">>>"):
            continue
        if text.startswith("    ") and not before.startswith((":", "..", " ")):
            paragraphs[number] = f"::\n\n{text}"
            continue
        paragraphs[number] = "".join(part if odd % 2 else re.sub(r"([|*])", r"\\\1", part)
                                     for odd, part in enumerate(KEPT.split(text)))
        before = text.splitlines()[-1] if text else ""
    lines[:] = "\n\n".join(paragraphs).splitlines()


def _exact_types(app, doctree):
    """Types in docstrings lead to our classes of just that name; every other word of a type stays a word."""
    from sphinx.addnodes import pending_xref

    classes = {one.__name__: f"{one.__module__}.{one.__name__}" for name, module in list(sys.modules.items())
               if name.startswith("lisbon_core") for one in vars(module).values()
               if isinstance(one, type) and one.__module__.startswith("lisbon_core")}
    for node in list(doctree.findall(pending_xref)):
        if node.get("refdomain") == "py" and node.get("reftype") in ("class", "exc"):
            if node["reftarget"] in classes:
                node["reftarget"] = classes[node["reftarget"]]
                node["refspecific"] = False
            else:
                node.replace_self(node.children)


def setup(app):
    app.connect("autodoc-process-docstring", _as_text)
    app.connect("doctree-read", _exact_types)
