"""How the site is built: `make docs`, or `python -m sphinx -W --keep-going docs docs/_build/html`."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import sys
from importlib.metadata import version as installed_version
from pathlib import Path

HERE = Path(__file__).parent
LIBRARY = HERE.parent / "src" / "vael"

project = "vael"
author = "the authors of vael"
project_copyright = "the authors of vael, Apache 2.0"
release = version = installed_version("vael")

sys.path.insert(0, str(HERE / "_ext"))
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "docstrings",
    "forked_kernel",
]
exclude_patterns = ["_build", "_ext", "images"]
nitpicky = False

# Pages are Markdown; their code cells are executed, and a cell that raises or warns fails the build.
myst_enable_extensions = ["amsmath", "attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_timeout = 120
nb_execution_raise_on_error = False  # a cell that raises is a warning, so that all of them are named
nb_execution_show_tb = True
nb_output_stderr = "remove-warn"
nb_merge_streams = True
nb_number_source_lines = False


def _digest_of_code() -> str:
    """What the outputs depend on beside the cells themselves."""
    digest = hashlib.sha256()
    for path in sorted([*LIBRARY.rglob("*.py"), *(HERE / "_ext").glob("*.py")]):
        digest.update(str(path.relative_to(HERE.parent)).encode() + path.read_bytes())
    return digest.hexdigest()[:16]


# Outputs are kept between builds, and forgotten when the library changes.
nb_execution_mode = "cache"
nb_execution_cache_path = str(HERE / "_build" / "cells" / _digest_of_code())
for old in (HERE / "_build" / "cells").glob("*"):
    if str(old) != nb_execution_cache_path:
        shutil.rmtree(old)

# The kernels find `pictures` here and write no history into anybody's home.
os.environ["PYTHONPATH"] = os.pathsep.join(
    part for part in (str(HERE / "_ext"), os.environ.get("PYTHONPATH", "")) if part
)
os.environ.setdefault("OMP_NUM_THREADS", "1")  # the same sums on every machine
os.environ.setdefault("IPYTHONDIR", str(HERE / "_build" / "ipython"))

autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_type_aliases = {"ArrayLike": "ArrayLike", "NDArray": "NDArray", "Numbers": "Numbers"}
napoleon_use_ivar = True
napoleon_use_rtype = False
add_module_names = False
maximum_signature_line_length = 90

# Formulas are typeset without a network by one file of MathJax (Apache licence 2.0), which a package carries.
# It draws them as SVG, and so needs no fonts, which browsers refuse to load from disk.
_mathjax = importlib.util.find_spec("sphinx-mathjax-offline")
assert _mathjax is not None, "sphinx-mathjax-offline is missing: pip install --group docs"
assert _mathjax.origin is not None
mathjax_path = "tex-svg.js"
mathjax3_config = {"svg": {"scale": 0.93}}
mathjax_file = str(Path(_mathjax.origin).parent / "static" / "mathjax" / mathjax_path)

html_theme = "furo"
html_title = "vael"
html_static_path = ["_static", mathjax_file]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
pygments_style = "friendly"
pygments_dark_style = "github-dark"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b6584", "color-brand-content": "#0b6584"},
    "dark_css_variables": {"color-brand-primary": "#3fb1d6", "color-brand-content": "#3fb1d6"},
}
