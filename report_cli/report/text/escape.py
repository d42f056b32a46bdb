"""Text from outside, such as titles and names of classes, which Markdown shows as it is."""

import re

PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
PRIVATE = re.compile("[\ue000-\uf8ff]")
# White space at which a line may end.
BREAKS = re.compile(r"[^\S\u00a0\u202f]+")


def escape(text: str) -> str:
    """Return text from outside so that Markdown shows it literally."""
    return PUNCTUATION.sub(r"\\\1", BREAKS.sub(" ", PRIVATE.sub("", str(text))).strip())
