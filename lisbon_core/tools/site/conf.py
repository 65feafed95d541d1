"""What Sphinx is told: settings, how docstrings are read, and what differs between a notebook and its page."""

import importlib.util
import json
import re
import shutil
from pathlib import Path

from lisbon_core.tools import reference
from lisbon_core.tools.provenance import ROOT, git_state, input_hash

project = html_title = "Lisbon"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode",
              "sphinx.ext.githubpages", "sphinx_copybutton"]
exclude_patterns = ["README.md", "notebooks/slides/*", "notebooks/exercises/closing_questions.md"]  # no pages

nb_execution_mode = "off"
nb_merge_streams = True
nb_render_markdown_format = "myst"  # tables and equations in what the cells say
nb_ipywidgets_js = {}  # live widgets need a kernel; the pages show the static figures beside them
myst_enable_extensions = ["amsmath", "attrs_inline", "colon_fence", "dollarmath"]
myst_heading_anchors = 4

suppress_warnings = ["ref.python"]  # a word such as shape is an attribute of several classes: it links to none
default_role = "code"
autodoc_preserve_defaults = True  # as written, not what they are on this machine
autodoc_typehints = "none"  # the docstrings say type, shape and unit
autodoc_member_order = "bysource"
add_module_names = False
napoleon_google_docstring = False
napoleon_use_param = napoleon_use_rtype = False  # types stay words: "array" is no name to be looked up
napoleon_use_ivar = True

html_theme = "sphinx_book_theme"
templates_path = ["templates"]
html_static_path = ["static"]
# of MathJax what these equations need, part by part, a third of the size of all of it in one file
MATHJAX = Path(importlib.util.find_spec("mathjax").submodule_search_locations[0]) / "static" / "mathjax" / "es5"
PARTS = ("input/tex", "output/chtml", "a11y/assistive-mml")
# of the theme, in no page
PARTS_UNUSED = ("accordion|card|carousel|form-(?:check|floating|range|select|switch)|input-group|list-group|offcanvas|"
                "modal|pagination|placeholder|popover|progress|ratio|sd|spinner|text-bg|toast|btn-outline")
mathjax_path = "mathjax/startup.js"
mathjax3_config = {"loader": {"load": PARTS}}
html_css_files = ["icons.css", "lisbon.css"]
html_js_files = ["previews.js", "lisbon.js"]
html_favicon = "static/lisbon.svg"
html_sourcelink_suffix = ""
html_context = {"default_mode": "light"}  # the figures are


def _made_from() -> str:
    """The line at the foot of each page: what it was made from."""
    results, state = json.loads((ROOT / "figures" / "results.json").read_text(encoding="utf-8")), git_state()
    used, edited = results["provenance"]["input_hash"], " with changes" if state["dirty"] else ""
    changed = "" if used == input_hash() else " (the sources have changed since: <code>make paper</code>)"
    pages = f", pages from commit <code>{state['commit'][:10]}</code>{edited}" if state["commit"] else ""
    return ("<p class='provenance'>Default run: a <strong>recovery test</strong> on a synthetic sky of known truth; it "
            "does not confirm the paper's numbers. Notebooks made from inputs "
            f"<code>{used[:12]}</code>{changed}{pages}.</p>")


html_theme_options = {
    "extra_footer": _made_from(), "footer_content_items": ["extra-footer.html"], "home_page_in_toc": True,
    "show_toc_level": 2, "use_download_button": True, "use_fullscreen_button": False}

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


def _static(app):
    """Beside what is copied as it is: the parts of MathJax, and what previews show."""
    out = Path(app.outdir, "_static")
    parts = [f"{name}.js" for name in ("startup", "core", *PARTS, "output/chtml/fonts/tex")]
    for path in [*(MATHJAX / part for part in parts), *MATHJAX.glob("output/chtml/fonts/*/*.woff")]:
        kept = out / "mathjax" / path.relative_to(MATHJAX)
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, kept)
    tex = {number: text for (_, number), text in reference.formulas().items()}
    held = {f"equation-{number}": f"({number}) {one['says']}: \\[{tex[number]}\\]"
            for number, one in reference.EQUATIONS.items()}
    held |= {reference.anchor(one["name"]): f"{one['name']}: {one['meaning']}" for one in reference.SYMBOLS["term"]}
    (out / "previews.js").write_text(f"const PREVIEWS = {json.dumps(held)};\n", encoding="utf-8")


def _smaller(app, error):
    """Of the parts of the theme only what pages show; of its two thousand icons, twice there, what icons.css draws."""
    style = Path(app.outdir, "_static", "styles", "pydata-sphinx-theme.css")
    if error or not style.is_file():
        return
    rules = style.read_text(encoding="utf-8")
    for unused in (r'(?:\.fa-[\w-]+,?)+\{--fa:"[^"]*"\}', r"@font-face\{[^}]*fontawesome[^}]*\}",
                   rf"(?<=[{{}}])(?:\.(?:{PARTS_UNUSED})\b[^{{}},]*,?)+\{{[^{{}}]*\}}"):
        rules = re.sub(unused, "", rules)
    style.write_text(rules, encoding="utf-8")


def _links_with_previews(app, doctree):
    """The first mention of each equation and term in a notebook leads to where it is explained."""
    from docutils import nodes

    names = {form.lower(): f"symbols.html#{reference.anchor(one['name'])}"
             for one in reference.SYMBOLS["term"] for form in reference.forms(one)}
    names |= {f"eq. ({number})": f"equations.html#equation-{number}" for number in reference.EQUATIONS}
    mention = re.compile("(" + "|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in
                                        sorted(names, key=len, reverse=True)) + ")", re.I)
    left = dict.fromkeys(names.values())
    for text in list(doctree.findall(nodes.Text)):
        if not isinstance(text.parent, nodes.paragraph):  # not in titles, code, other links
            continue
        parts = []
        for number, part in enumerate(mention.split(text.astext())):
            target = names.get(part.lower()) if number % 2 else None
            if target in left:
                left.pop(target)
                parts.append(nodes.reference("", part, refuri=target, internal=True, classes=["preview"]))
            else:
                parts.append(nodes.Text(part))
        if len(parts) > 1:
            text.parent.replace(text, parts)


def _for_the_page(app, doctree):
    """What differs between a notebook and its page: where links to code lead, folded parameters, figures."""
    import nbformat
    from docutils import nodes
    from sphinx.addnodes import pending_xref

    from lisbon_core import plots
    from lisbon_core.tools.pairing import figures

    for link in list(doctree.findall(pending_xref)):
        code = re.fullmatch(r"(?:\.\./)*(lisbon_core|tests)/(\S+)\.py#(\w+)", link["reftarget"] or "")
        if link["reftarget"] == "README":
            link["reftarget"] = "index"
        elif code and code[1] == "lisbon_core":
            target = f"lisbon_core.{code[2].replace('/', '.')}.{code[3]}"
            link.attributes.update(refdomain="py", reftype="obj", reftarget=target)
        elif code and "tests" in app.env.found_docs:
            link.attributes.update(refdomain="doc", reftarget="tests", reftargetid=code[3])
        elif code:  # on paper
            link.replace_self(link.children)
    for name in list(doctree.findall(nodes.literal)):  # "Drawn by `plots.skies`"
        if name.astext().startswith("plots.") and (drawn_by := getattr(plots, name.astext()[6:], None)):
            name.replace_self(pending_xref("", name.deepcopy(), refdomain="py", reftype="obj", refexplicit=True,
                                           refdoc=app.env.docname,
                                           reftarget=f"{drawn_by.__module__}.{drawn_by.__name__}"))
    for cell in doctree.findall(nodes.container):
        if "tag_parameters" in cell["classes"]:
            cell.attributes.update({"hide_mode": "input", "prompt_show": "Parameters", "prompt_hide": "Parameters"})
    for image in doctree.findall(nodes.image):
        image["loading"] = "lazy"  # fetched when it comes near
    path = Path(app.env.doc2path(app.env.docname))
    if path.suffix == ".ipynb":
        told = [one for cell in nbformat.read(path, as_version=4).cells for one in figures(cell)]
        for image, one in zip(doctree.findall(nodes.image), told, strict=True):
            # a reader's own plot that was left in has no width
            image.attributes |= {"alt": one["alt"]} | ({"width": f"{one['width']}px"} if "width" in one else {})
        if app.builder.name == "html":
            _links_with_previews(app, doctree)
            for name in list(doctree.findall(nodes.emphasis)):  # a caption: "03_orbits. ..."
                if Path(app.srcdir, "figures", f"{name.astext()}ecsv").is_file():
                    name.parent += [nodes.Text(" "), nodes.reference(
                        "", "Data (ECSV)", refuri=f"../figures/{name.astext()}ecsv", internal=True)]


def setup(app):
    app.connect("autodoc-process-docstring", _as_text, priority=400)  # before napoleon
    app.connect("doctree-read", _for_the_page)
    app.connect("builder-inited", _static)
    app.connect("build-finished", _smaller)
