"""The arguments and options of the commands: names, variables and help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Results = Annotated[
    Path | None,
    typer.Argument(
        metavar="PATH",
        envvar="VMEVAL_OUTPUT",
        help="A folder of results: all of them, an experiment, a model, a run; default data/outputs.",
    ),
]


def _complete_live(incomplete: str) -> list[str]:
    from vmevalkit_core.cli.completion import model_names

    return model_names(incomplete, gone=False)


def _complete_all(incomplete: str) -> list[str]:
    from vmevalkit_core.cli.completion import model_names

    return model_names(incomplete, gone=True)


Many = list[str] | None
QuestionsPath = Annotated[
    Path | None,
    typer.Argument(
        metavar="QUESTIONS",
        envvar="VMEVAL_QUESTIONS",
        help="Folder of task pairs; default data/questions, else the samples.",
    ),
]
QuestionsOrConfig = Annotated[
    Path | None,
    typer.Argument(
        metavar="QUESTIONS|CONFIG.yaml",
        envvar="VMEVAL_QUESTIONS",
        help="Folder of task pairs, default data/questions, else the samples; or a file with these settings.",
    ),
]
Models = Annotated[
    Many,
    typer.Option(
        "-m",
        "--model",
        metavar="MODEL",
        envvar="VMEVAL_MODELS",
        autocompletion=_complete_live,
        help="A model, or FILE.py:CLASS; may be repeated.",
    ),
]
ModelName = Annotated[
    str, typer.Argument(metavar="MODEL", autocompletion=_complete_all, help="A model, or FILE.py:CLASS.")
]
Experiment = Annotated[
    str,
    typer.Option(
        "-e", "--experiment", metavar="NAME", envvar="VMEVAL_EXPERIMENT", help="Folder of one study, below the output."
    ),
]
Output = Annotated[
    Path,
    typer.Option(
        "-o",
        "--output",
        metavar="FOLDER",
        envvar="VMEVAL_OUTPUT",
        readable=False,  # what is wrong with it, the plan says with a hint
        help="Folder of all results.",
    ),
]
Domains = Annotated[
    Many,
    typer.Option("--domain", metavar="DOMAIN", envvar="VMEVAL_DOMAINS", help="Only this domain; may be repeated."),
]
Tasks = Annotated[Many, typer.Option("--task", metavar="ID", help="Only this task, ID or DOMAIN/ID; may be repeated.")]
Limit = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", envvar="VMEVAL_LIMIT", help="At most this many task pairs of each domain."),
]
Samples = Annotated[
    int, typer.Option(min=1, max=10_000, metavar="N", envvar="VMEVAL_SAMPLES", help="Clips for each task pair.")
]
Seed = Annotated[int, typer.Option(metavar="N", envvar="VMEVAL_SEED", help="Seed of sample 0; sample k uses SEED + k.")]
OptionTexts = Annotated[
    Many,
    typer.Option(
        "-p", "--option", metavar="KEY=VALUE", help="An option, of one model as MODEL:KEY=VALUE; may be repeated."
    ),
]
Concurrency = Annotated[
    int, typer.Option(min=1, metavar="N", envvar="VMEVAL_CONCURRENCY", help="Runs at once, for each account.")
]
MaxCost = Annotated[
    str | None,
    typer.Option(metavar="USD", envvar="VMEVAL_MAX_COST", help="What the experiment may cost in all; then it stops."),
]
AllowUnpriced = Annotated[
    bool, typer.Option("--allow-unpriced", help="Send runs whose price is unknown under --max-cost.")
]
RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="Try failed runs again.")]
RerunChanged = Annotated[bool, typer.Option("--rerun-changed", help="Run again what was asked differently.")]
KeepChanged = Annotated[bool, typer.Option("--keep-changed", help="Keep what was asked differently.")]
Resubmit = Annotated[bool, typer.Option("--resubmit-uncertain", help="Send again what may have been billed.")]
Adopt = Annotated[
    Many, typer.Option("--adopt", metavar="RUN_ID=JOB_ID", help="The job of a run, as you found it at the vendor.")
]
Interceptors = Annotated[Many, typer.Option("--with", metavar="NAME", help="An interceptor to switch on.")]
AllowGone = Annotated[bool, typer.Option("--allow-gone", help="Try models that are gone.")]
Verify = Annotated[bool, typer.Option("--verify", help="Hash and decode finished clips first.")]
Unfit = Annotated[bool, typer.Option("--unfit", help="Also cut clips back to the question's own frame.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan, and where each setting is from.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before paid runs.")]
