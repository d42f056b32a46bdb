"""Documents made by Hypothesis: blocks within blocks and spans within spans, right ones and wrong ones."""

from tests.fault.generated.documents import Pages, pages
from tests.fault.generated.tables import tables

__all__ = ["Pages", "pages", "tables"]
