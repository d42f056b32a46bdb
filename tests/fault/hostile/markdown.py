"""Markdown that tries to become HTML, to read files, or to reach the network."""

import re

from report_cli.report.text.code import foreign
from report_cli.report.text.lines import Places
from tests.fault.hostile.page import HTTP, SECRET, Page, documents, text

NOWHERE = "leads nowhere"
OUTSIDE = "can't be shown: it is outside the project"

# Shown as they are written, or as nothing.
LITERAL = {
    "a script": "<script>alert(1)</script>",
    "a frame": f'<iframe src="{HTTP}/frame"></iframe>',
    "a handler": f"<img src=x onerror=\"fetch('{HTTP}/handler')\">",
    "a style": f"<style>p {{ background: url({HTTP}/style.css) }}</style>",
    "a link to a style": f'<link rel=stylesheet href="{HTTP}/style.css">',
    "an attachment": f'<link rel=attachment href="file://{SECRET}">',
    "an object": f'<object data="file://{SECRET}"></object>',
    "an embedded file": f'<embed src="{HTTP}/x.svg">',
    "a base": f'<base href="{HTTP}/">',
    "a form": f'<form action="{HTTP}/"><input autofocus onfocus=alert(1)></form>',
    "a refresh": f'<meta http-equiv=refresh content="0;url={HTTP}/">',
    "an inline drawing": "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "a hidden script": "<math><mtext></p><script>alert(1)</script></mtext></math>",
    "a comment": "<!--[if IE]><script>alert(1)</script><![endif]-->",
    "an instruction": f'<?xml-stylesheet href="{HTTP}/a.css"?>',
    "a section of raw text": "<![CDATA[<script>alert(1)</script>]]>",
    "a tag in two parts": "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "a raw block": "```{=html}\n<script>alert(1)</script>\n```",
    "a raw span": "`<script>alert(1)</script>`{=html}",
    "raw typst": f'```{{=typst}}\n#read("{SECRET}")\n```',
    "raw TeX": f"\\input{{{SECRET}}} \\write18{{curl {HTTP}/tex}} \\includegraphics{{{SECRET}}}",
    "an include": f"```{{.include}}\n{SECRET}\n```",
    "an include with a mark": f"!include {SECRET}",
    "a filter": f"```{{.python filter={SECRET} exec=true}}\nopen('{SECRET}')\n```",
    "a code block with handlers": '```{.python onclick="alert(1)" style="background:url(x)"}\nx\n```',
    "a diagram": f"```{{.dot filename={SECRET}}}\ndigraph {{ a }}\n```",
    "metadata": f"---\nheader-includes: <script>alert(1)</script>\nbibliography: {SECRET}\n---\n\nText",
    "a style of citations": f"---\ncsl: {HTTP}/style.csl\n---\n\nText [@knuth1984].",
    "a style of citations further down": f"Text [@knuth1984].\n\n---\ncsl: {HTTP}/style.csl\n---\n",
    "abbreviations": f"---\ncitation-abbreviations: {SECRET}\n---\n\nText [@knuth1984].",
    "a bibliography in metadata": f"---\nbibliography: {HTTP}/works.bib\n---\n\nText [@knuth1984].",
    "references in metadata": "---\nreferences:\n- id: x\n  title: <script>alert(1)</script>\n---\n\nText.",
    "a title block": f"% {SECRET}\n% <script>alert(1)</script>\n\nText",
    "handlers of a span": "[a]{onclick=alert(1) style='position:fixed' data-x=1 .ok}",
    "handlers of a block": f"::: {{.note onmouseover=alert(1) style='background:url({HTTP}/x)'}}\nText\n:::",
    "handlers of a heading": "# A {#sec-a onclick=alert(1) style='x'}",
    "handlers of a link": "[a](https://example.org){onclick=alert(1) ping=x target=_blank}",
    "a class with a tag": '[a]{.x"><script>alert(1)</script>}',
    "entities": "&lt;script&gt;alert(1)&lt;/script&gt; &#60;script&#62;",
    "an address": f"<{HTTP}/auto> and {HTTP}/bare",
    "a table with tags": "| <script>alert(1)</script> | b |\n|---|---|\n| <img src=x onerror=alert(1)> | b |",
    "a note with tags": "A[^1].\n\n[^1]: <script>alert(1)</script>",
    "an attribute that breaks out": '[a](https://example.org "x\\" onclick=\\"alert(1)")',
}
# Links that a page may not have. What nh3 takes away leaves a link to nowhere.
LINKS = {
    "a script": "javascript:alert(1)",
    "a script in capitals": "JaVaScRiPt:alert(1)",
    "a script with a tab": "java&#9;script:alert(1)",
    "a script with entities": "&#106;avascript:alert(1)",
    "a script after a control character": "&#1;javascript:alert(1)",
    "another script": "vbscript:msgbox(1)",
    "data": "data:text/html,<script>alert(1)</script>",
    "a file": f"file://{SECRET}",
    "a path": SECRET,
    "a path upward": "../../../../etc/passwd",
    "a server without a scheme": "//127.0.0.1/x",
    "a view of the source": "view-source:file:///etc/passwd",
}
IMAGES = {
    "a file": f"file://{SECRET}",
    "a path": SECRET,
    "the passwords": "/etc/passwd",
    "the network": f"{HTTP}/image.png",
    "a server without a scheme": "//127.0.0.1/x.png",
    "data": "data:image/svg+xml,<svg onload=alert(1)>",
    "a script": "javascript:alert(1)",
    "an asset": "https://report.invalid/figures/fig-net-curves.svg",
}
# BibTeX is read by pandoc's reader of LaTeX.
ENTRIES: dict[str, tuple[str, str | None]] = {
    "a file in the title": (f"title = {{A \\input{{{SECRET}}} B}}", None),
    "an included file": (f"title = {{A \\include{{{SECRET}}} \\lstinputlisting{{{SECRET}}}}}", None),
    "tags": ("title = {<script>alert(1)</script>}", None),
    "an image": (f"title = {{A \\includegraphics{{{SECRET}}}}}", OUTSIDE),
    "an image from the network": (f"title = {{A \\includegraphics{{{HTTP}/x.png}}}}", OUTSIDE),
    "a link to a script": ("title = {\\href{javascript:alert(1)}{x}}", NOWHERE),
    "an address that is a script": ("title = {A}, url = {javascript:alert(1)}", NOWHERE),
    "an address that is a file": (f"title = {{A}}, url = {{file://{SECRET}}}", NOWHERE),
    "an attached file": (f"title = {{A}}, file = {{:{SECRET}:PDF}}", None),
    "endless macros": ("title = {\\newcommand{\\x}{\\x\\x}\\x}", None),
}


def pages() -> list[Page]:
    found = []
    for name, body in LITERAL.items():
        refused = foreign(body, Places(body).prose)
        found.append(text(f"Markdown: {name}", body, "is HTML" if refused else None))
        if refused:
            found.append(text(f"Markdown: {name}, escaped", re.sub(r"<(?=/?\w)", r"\\<", body)))
    found += [
        text(f"link: {name}", f"Text\n\n[a]({to})", "is HTML" if "<script>" in to else NOWHERE)
        for name, to in LINKS.items()
    ]
    found += [text(f"image: {name}", f"Text\n\n![a]({to})", "paper.md:6: ") for name, to in IMAGES.items()]
    for name, (fields, says) in ENTRIES.items():
        entry = f"@book{{knuth1984, author = {{Knuth}}, year = 1984, {fields}}}\n"
        found.append(documents(f"bibliography: {name}", {"references.bib": entry}, says))
    return found
