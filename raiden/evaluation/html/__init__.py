"""An evaluation as one HTML file that needs nothing but a browser: result, curves of the run, every reply."""

from raiden.evaluation.html.content import page_content
from raiden.evaluation.html.page import build_page
