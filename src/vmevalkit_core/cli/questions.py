"""`questions list` and `questions check`: what a folder of task pairs holds."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from vmevalkit_core.cli.catalog import questions_or_samples
from vmevalkit_core.terminal import out

if TYPE_CHECKING:
    from vmevalkit_core.survey import TaskReport


def list_questions(path: Path | None, *, domains: list[str], as_json: bool) -> int:
    """Every task pair below a folder, and those that cannot be used."""
    from vmevalkit_core.questions import QuestionProblem
    from vmevalkit_core.scan import scan

    found = list(scan(questions_or_samples(path), domains=domains))
    problems = [one for one in found if isinstance(one, QuestionProblem)]
    tasks = [one for one in found if not isinstance(one, QuestionProblem)]
    if as_json:
        listed = [{"domain": one.domain, "id": one.id, "files": sorted(one.sources())} for one in tasks]
        out.dump({"task_pairs": listed, "problems": [problem._asdict() for problem in problems]})
    else:
        rows = [(one.domain, one.id, ", ".join(one.sources())) for one in tasks]
        out.say(out.table(("DOMAIN", "TASK", "FILES"), rows))
    for problem in problems:
        out.note(f"Problem: {problem.path} {problem.reason}; {problem.hint}")
    return 1 if problems else 0


def check_questions(path: Path | None, *, domains: list[str], as_json: bool) -> int:
    """Open every file of every task pair; 1 when one cannot be used."""
    from vmevalkit_core.survey import survey

    reports = list(survey(questions_or_samples(path), domains=domains))
    bad = sum(bool(one.problems) for one in reports)
    if as_json:
        out.dump([_facts(one) for one in reports])
        return int(bool(bad))
    for report in reports:
        for problem in report.problems:
            out.say(out.paragraph(f"{problem.path} {problem.reason}", rest="  "))
            if problem.hint:
                out.say(out.paragraph(problem.hint, first="  ", rest="  "))
    _tell_notes(reports)
    good = [one for one in reports if not one.problems]
    found = f"{out.count(len(good), 'task pair')} in {out.count(len({one.domain for one in good}), 'domain')}"
    # Counted as folders: some are of one task pair, some of a whole domain.
    out.say(f"{found} can be used, {out.count(bad, 'folder')} cannot." if bad else f"{found}: all can be used.")
    return int(bool(bad))


def _tell_notes(reports: list[TaskReport]) -> None:
    """What is odd and dealt with: each kind once, with how often and one example."""
    number = Counter(note for one in reports for note in one.notes)
    example = {note: f"{one.domain}/{one.id}" for one in reversed(reports) for note in one.notes}
    if number:
        rows = [(count, example[note], note) for note, count in number.most_common()]
        out.say(out.table(("TIMES", "FOR EXAMPLE", "NOTE"), rows) + "\n")


def _facts(report: TaskReport) -> dict[str, object]:
    facts = asdict(report)
    facts["problems"] = [problem._asdict() for problem in report.problems]
    return facts
