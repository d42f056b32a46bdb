"""A pyproject.toml and a command line with what they can't have."""

from tests.fault.malformed.case import Case, files

TOML: dict[str, tuple[bytes, str]] = {
    "a bracket missing": (b"[tool.report\n", "not valid TOML"),
    "a quote missing": (b'[tool.report]\nauthor = "A\n', "not valid TOML"),
    "a key twice": (b'[tool.report]\nauthor = "A"\nauthor = "B"\n', "not valid TOML"),
    "no UTF-8": (b'[tool.report]\nauthor = "\xff"\n', "UTF-8"),
    "UTF-16": ("[tool.report]\n".encode("utf-16"), "UTF-8"),
    "a byte order mark": (b"\xef\xbb\xbf[tool.report]\n", "byte order mark"),
    "a null": (b"[tool.report]\n\0", "not valid TOML"),
    "a table that is a number": (b"[tool]\nreport = 1\n", "[tool.report] must be a table"),
    "a list of tables": (b"[[tool.report]]\n", "[tool.report] must be a table"),
    "no table": (b"[tool.other]\n", "no pyproject.toml with a [tool.report] table"),
    "a tool that is text": (b'tool = "report"\n', "no pyproject.toml with a [tool.report] table"),
    "an unknown key": (b'[tool.report]\nauthr = "A"\n', "did you mean author"),
    "a number for a name": (b"[tool.report]\nauthor = 1\n", "author must be text"),
    "a list for a course": (b'[tool.report]\ncourse = ["a"]\n', "course must be text"),
    "an infinite id": (b"[tool.report]\nid = inf\n", "id must be text"),
    "a time for a date": (b"[tool.report]\ndate = 07:32:00\n", "date is no date"),
    "a profile that is none": (b'[tool.report]\nprofile = "fast"\n', "'fast'"),
    "parameters in a list": (b"[tool.report]\nparameters = []\n", "table per experiment"),
    "parameters of a number": (b"[tool.report.parameters]\nwalk = 1\n", "table per experiment"),
    "parameters of nobody": (b'[tool.report.parameters."nobody-*"]\nepochs = 1\n', "nobody-*"),
    "deep tables": (b"[tool.report]\ntitle = " + b"{a = " * 5000 + b"1" + b"}" * 5000, "pyproject.toml"),
    "deep lists": (b"[tool.report]\ntitle = " + b"[" * 50_000 + b"]" * 50_000, "pyproject.toml"),
    "a long number": (b"[tool.report]\ntitle = " + b"9" * 100_000, "pyproject.toml"),
    "many dots": (b"[tool.report]\n" + b".".join([b"a"] * 2000) + b" = 1\n", "unknown key"),
}
# Met by what plans, as a parameter's type is the experiment's.
PARAMETERS: dict[str, tuple[bytes, str]] = {
    "an unknown parameter": (b"epoch = 1", "did you mean epochs"),
    "text for a number": (b'epochs = "many"', "not a whole number"),
    "a list for a number": (b"epochs = [1, 2]", "not a whole number"),
    "a table for a number": (b"epochs = {a = 1}", "not a whole number"),
    "a fraction for a count": (b"epochs = 1.5", "not a whole number"),
    "not a number": (b"wait_s = nan", "not a finite number"),
    "infinity": (b"wait_s = inf", "not a finite number"),
    "a date for a number": (b"epochs = 2026-01-01", "not a whole number"),
    "a huge number": (b"epochs = 0x" + b"f" * 5000, "epochs"),
}
COMMANDS: dict[str, tuple[tuple[str, ...], str]] = {
    "a parameter without a value": (("run", "walk", "--set", "epochs"), "has no value"),
    "a parameter of nobody": (("run", "walk", "--set", "nothing=1"), "'nothing'"),
    "a number of 10,000 digits": (("run", "walk", "--set", "epochs=" + "9" * 10_000), "epochs"),
    "a null in a name": (("run", "walk\x1b[31m"), "unknown experiment"),
    "an unknown format": (("build", "paper", "--to", "odt"), "'odt'"),
    "no format": (("build", "paper", "--to", ","), "names no format"),
    "a document outside": (("build", "../paper"), "unknown document"),
    "an experiment outside": (("show", "../walk"), "unknown experiment"),
    "a data folder that isn't there": (("run", "walk", "--data", "nowhere"), "nowhere"),
    "a profile that is none": (("status", "--profile", "fast"), "'fast'"),
}


def cases() -> list[Case]:
    found = [
        Case(f"settings: {name}", ("status",), files({"pyproject.toml": text}), (says,))
        for name, (text, says) in TOML.items()
    ]
    for name, (text, says) in PARAMETERS.items():
        table = files({"pyproject.toml": b"[tool.report.parameters.walk]\n" + text + b"\n"})
        found.append(Case(f"settings: {name}", ("status",), table, (says,), start="walk"))
    for name, (command, says) in COMMANDS.items():
        found.append(Case(f"command: {name}", command, files({}), (says,), start="walk"))
    building = files({"build": b"a file"})
    found += [
        Case(f"settings: a file called build, {command[0]}", command, building, ("build",), start="source")
        for command in (("run", "walk", "--force"), ("build", "paper"))
    ]
    date = files({"pyproject.toml": b'[tool.report]\ndate = "soon"\n'})
    found.append(Case("settings: a date that is none", ("build", "paper"), date, ("'soon'",)))
    return found
