"""Where the real images are published: addresses, sizes and checksums of the official archives.

Sizes and checksums are those that others noted after fetching the same addresses; `fetch` believes nothing else.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Archive:
    """An official archive: its address, the page about it, and what it must be. `terms` is for people."""

    kind: str
    address: str
    page: str
    size_bytes: int
    sha256: str
    terms: str

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.address.rsplit("/", 1)[-1]


ARCHIVES = {
    archive.kind: archive
    for archive in [
        Archive(
            kind="cifar10",
            address="https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
            page="https://www.cs.toronto.edu/~kriz/cifar.html",
            size_bytes=170_498_071,
            sha256="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
            terms="no licence is stated; its page asks to cite Krizhevsky (2009)",
        ),
        Archive(
            kind="dogs-vs-cats",
            address="https://download.microsoft.com/download/3/E/1/3E1C3F21-ECDB-4869-8368-6DEBA77B919F/"
            "kagglecatsanddogs_5340.zip",
            page="https://www.microsoft.com/en-us/download/details.aspx?id=54765",
            size_bytes=824_887_076,
            sha256="b7974bd00a84a99921f36ee4403f089853777b5ae8d151c76a86e64900334af9",
            terms="Microsoft Research licence, in the archive; cite Elson et al. (2007), Asirra",
        ),
    ]
}
