"""The chat window: what a browser is shown, and what it may ask for.

``window/web`` holds the page's own HTML, CSS and JavaScript; the modules here answer what that script asks for. All
text of pages and people travels as JSON and is set as text, never as markup, so that no page can act. Gradio carries
the page and its ``ask`` endpoint (``window.page``).
"""
