"""The one call of pandoc: the copy that came with the program, in its sandbox, with limits."""

import os
from pathlib import Path

from report_cli.report.pdf import limits

# What pandoc is told before anything else: how much memory it may have.
HEAP = ("+RTS", f"-M{limits.MEMORY_BYTES >> 20}m", "-RTS")


def convert(text: str, source: str, target: str, *options: str) -> str:
    """Return `text`, in the format `source`, in the format `target`; RuntimeError with all that pandoc says of it."""
    import pypandoc

    # Otherwise a newer pandoc of this machine would be taken, and its pages would differ from those of the next one.
    os.environ["PYPANDOC_PANDOC"] = str(Path(pypandoc.__file__).parent / "files" / "pandoc")
    given = [*HEAP, "--wrap=none", "--sandbox", "--fail-if-warnings", *options]
    with limits.converting():
        # Asking pandoc for its formats and its version would start it twice more.
        converted: str = pypandoc.convert_text(text, target, format=source, extra_args=given, verify_format=False)
    return converted
