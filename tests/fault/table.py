"""The table at the end of `make fault`: a line for each promise, with how often it was kept and what was counted."""

from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from typing import Any

BUGS = "deliberate bugs, caught"
# In the order in which they are promised. A test that fits no line gets one of its own.
LINES = {
    "killed at random": "test_random_kills",
    "killed at a named point of a checkpoint or commit": "test_kills_at_named_points",
    "killed again during recovery": "test_kills_during_recovery",
    "stopped with Ctrl-C": "test_interrupts",
    "run again, in a store of its own": "test_reruns",
    "training that diverges": "test_divergence",
    "every change of the disk failing once, then recovered": "test_failing_changes",
    "disk or memory full, disk read-only": "test_a_disk_that_fills_up* test_a_disk_that_is_full* "
    "test_a_build_folder_* test_a_limit_* test_memory_that_runs_out test_room_that_gc_makes",
    "a build killed at every change of the disk": "test_a_killed_build_leaves_a_page",
    "power lost, old or new state found": "test_losses_of_power",
    "malformed inputs": "test_malformed_input",
    "hostile pages": "test_hostile_pages test_hostile_pages_on_the_command_line",
    "documents and tables made at random": "test_generated_documents test_generated_tables",
    "16 processes on one key": "test_one_key",
    "8 processes on 8 keys, and killed holders of a key": "test_eight_keys test_a_killed_holder_*",
    "keys that change with what decides a result": "test_what_matters",
    "keys that stay, whatever else changes": "test_what_does_not_matter",
    "random edits of code and of what it reads": "test_random_edits test_random_edits_by_the_program",
    "stored runs with changed bytes": "test_changed_runs",
    "forged reports found": "test_a_number_of_* test_a_number_with_* test_a_stored_metric test_a_sentence_or_* "
    "test_predictions_with_*",
    "honest reports, by this renderer and by others": "test_an_untouched_report test_another_renderer",
    BUGS: "*_noticed test_the_suite_finds_bugs",
    "checks of these tests themselves": "test_the_number_of_* test_a_change_repeats_* test_what_is_said_* "
    "test_the_table test_every_line_*",
}


def lines(found: Mapping[str, Mapping[str, Any]], wanted: Collection[str]) -> list[str]:
    """Return the table of the records `found`, by case; `wanted` are all cases there are."""
    told = []
    left = set(wanted)
    for what, patterns in LINES.items():
        cases = {case for case in left if any(fnmatchcase(_test(case), each) for each in patterns.split())}
        left -= cases
        if cases:
            told.append(_line(what, cases, found))
    for test in sorted({_test(case) for case in left}):
        what = test.removeprefix("test_").replace("_", " ")
        told.append(_line(what, {case for case in left if _test(case) == test}, found))
    minutes = sum(record["seconds"] for record in found.values()) / 60
    return [*told, f"{minutes:.0f} minutes of work in all, shared by the processes that did it"]


def _test(case: str) -> str:
    return case.partition("::")[2].partition("[")[0]


def _line(what: str, cases: Collection[str], found: Mapping[str, Mapping[str, Any]]) -> str:
    records = [found[case] for case in cases if case in found]
    passed = sum(record["outcome"] == "passed" for record in records)
    skipped = sum(record["outcome"] == "skipped" for record in records)
    figures = sorted(map(_bug, cases)) if what == BUGS else _figures(records)
    figures += [f"skipped {skipped}"] if skipped else []
    return f"{passed:4} of {len(cases):4}  {what}" + (f": {', '.join(figures)}" if figures else "")


def _bug(case: str) -> str:
    """Return what is wrong in a program whose fault the case finds."""
    _, _, which = case.partition("[")
    name = _test(case).removeprefix("test_").removesuffix("_noticed").removesuffix("_is").removesuffix("_are")
    return which.removesuffix("]") or name.replace("_", " ")


def _figures(records: Collection[Mapping[str, Any]]) -> list[str]:
    """Sum up what the cases counted; of a figure whose name begins with "most" the highest is shown."""
    names = dict.fromkeys(name for record in records for name in record["figures"])
    values = {name: [record["figures"][name] for record in records if name in record["figures"]] for name in names}
    return [f"{name} {(max if name.startswith('most ') else sum)(values[name]):g}" for name in sorted(names)]
