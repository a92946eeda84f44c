"""The commands, their options and help; what they do is in the modules beside this one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from vmevalkit_core._version import __version__
from vmevalkit_core.cli.arguments import (
    Adopt,
    AllowGone,
    AllowUnpriced,
    AsJson,
    Concurrency,
    Domains,
    DryRun,
    Experiment,
    Interceptors,
    KeepChanged,
    Limit,
    MaxCost,
    ModelName,
    Models,
    OptionTexts,
    Output,
    QuestionsOrConfig,
    QuestionsPath,
    RerunChanged,
    Resubmit,
    Results,
    RetryFailed,
    Samples,
    Seed,
    Tasks,
    Unfit,
    Verify,
    Yes,
)


class _Commands(TyperGroup):
    """The commands; one that is interrupted before it listens to Ctrl-C itself says so, where Typer says nothing."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise typer.Abort from error


HELP = "Run any image-to-video model on visual-reasoning puzzles: one checkable folder for each video."
app = typer.Typer(
    cls=_Commands,
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    # No colours: --install-completion is all that would have any, and it does not know NO_COLOR.
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80, "color": False},
)
models_app = typer.Typer(help="The catalog of models.", no_args_is_help=True, rich_markup_mode=None)
plugins_app = typer.Typer(help="The installed plugins.", no_args_is_help=True, rich_markup_mode=None)
questions_app = typer.Typer(help="Folders of task pairs.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(models_app, name="models")
app.add_typer(plugins_app, name="plugins")
app.add_typer(questions_app, name="questions")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"vmeval {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[bool, typer.Option("--version", callback=_version, help="Print the version.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    # --debug is taken out before Typer sees it, so that it may stand anywhere; it is here for the help.
    pass


@app.command()
def run(
    ctx: typer.Context,
    *,
    questions: QuestionsOrConfig = None,
    models: Models = None,
    experiment: Experiment = "default",
    output: Output = Path("data/outputs"),
    domains: Domains = None,
    tasks: Tasks = None,
    limit: Limit = None,
    samples: Samples = 1,
    seed: Seed = 0,
    options: OptionTexts = None,
    concurrency: Concurrency = 8,
    max_cost: MaxCost = None,
    allow_unpriced: AllowUnpriced = False,
    retry_failed: RetryFailed = False,
    rerun_changed: RerunChanged = False,
    keep_changed: KeepChanged = False,
    resubmit_uncertain: Resubmit = False,
    adopt: Adopt = None,
    interceptors: Interceptors = None,
    allow_gone: AllowGone = False,
    verify: Verify = False,
    unfit: Unfit = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Run models on task pairs; what is finished is not done again.

    The settings may stand in a file CONFIG.yaml, by their names here: questions, models, experiment, output, domains,
    tasks, limit, samples, seed, options, concurrency, max_cost, allow_unpriced, retry_failed, rerun_changed,
    keep_changed, with, allow_gone, verify, unfit. Relative paths in it begin in the current folder. The command line
    counts for more than the file, the file for more than the environment, the environment for more than a file .env.
    """
    given = dict(locals())
    del given["ctx"]
    from vmevalkit_core.cli.run import RunCommand
    from vmevalkit_core.cli.settings import resolved

    raise typer.Exit(RunCommand(**resolved(ctx, given))())


@app.command()
def status(
    path: Results = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Name every unfinished run; a terminal shows 20 of each state else.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """How far the runs in a folder are, what the unfinished ones wait for, and what they cost."""
    from vmevalkit_core.cli.inspect import show_status

    raise typer.Exit(show_status(path, everything=everything, as_json=as_json))


@app.command()
def validate(path: Results = None, as_json: AsJson = False) -> None:
    """Check every record and decode every clip in a folder."""
    from vmevalkit_core.cli.inspect import show_verdict

    raise typer.Exit(show_verdict(path, as_json=as_json))


@app.command()
def cancel(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A folder of results: an experiment, a model, a run.")],
    models: Annotated[
        list[str] | None,
        typer.Option("-m", "--model", metavar="FILE.py:CLASS", help="A model from a file; installed ones are found."),
    ] = None,
    give_up: Annotated[
        bool, typer.Option("--give-up", help="Let go of jobs that stay, or whose video cannot be had, as well.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False,
    as_json: AsJson = False,
) -> None:
    """Cancel the jobs of a folder that providers still work on; what is finished is left to be collected."""
    from vmevalkit_core.cli.cancel import cancel as cancel_jobs

    raise typer.Exit(cancel_jobs(path, files=models or (), give_up=give_up, yes=yes, as_json=as_json))


@app.command()
def doctor(
    output: Output = Path("data/outputs"),
    online: Annotated[
        bool, typer.Option("--online", help="Also ask each vendor whose key is set, by one call that costs nothing.")
    ] = False,
    models: Annotated[
        list[str] | None,
        typer.Option("-m", "--model", metavar="FILE.py:CLASS", help="A model from a file; installed ones are found."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check this machine: versions, plugins, keys, video, devices, disk; exit 1 on a problem."""
    from vmevalkit_core.cli.doctor import examine

    raise typer.Exit(examine(output, files=models or (), online=online, as_json=as_json))


@models_app.command("list")
def models_list(as_json: AsJson = False) -> None:
    """List the models of all plugins."""
    from vmevalkit_core.cli.listing import list_models

    raise typer.Exit(list_models(as_json=as_json))


@models_app.command("show")
def models_show(name: ModelName, as_json: AsJson = False) -> None:
    """Show one model with its options."""
    from vmevalkit_core.cli.show import show_model

    raise typer.Exit(show_model(name, as_json=as_json))


@plugins_app.command("list")
def plugins_list(as_json: AsJson = False) -> None:
    """List the plugins and what is wrong with them."""
    from vmevalkit_core.cli.listing import list_plugins

    raise typer.Exit(list_plugins(as_json=as_json))


@plugins_app.command("new")
def plugins_new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the vendor or the model family, such as acme.")],
    local: Annotated[
        bool, typer.Option("--local/--api", help="A model with weights on this machine, or one behind an API.")
    ] = False,
    into: Annotated[Path, typer.Option("--into", metavar="FOLDER", help="Where the package's folder goes.")] = Path(),
) -> None:
    """Write the package of a new plugin: it installs, passes its tests and lints clean as it is."""
    from vmevalkit_core.cli.new import new_plugin

    raise typer.Exit(new_plugin(name, "local" if local else "api", into))


@questions_app.command("list")
def questions_list(path: QuestionsPath = None, domains: Domains = None, as_json: AsJson = False) -> None:
    """List the task pairs in a folder."""
    from vmevalkit_core.cli.questions import list_questions

    raise typer.Exit(list_questions(path, domains=domains or [], as_json=as_json))


@questions_app.command("check")
def questions_check(path: QuestionsPath = None, domains: Domains = None, as_json: AsJson = False) -> None:
    """Open every file of every task pair; say what is wrong and what is odd."""
    from vmevalkit_core.cli.questions import check_questions

    raise typer.Exit(check_questions(path, domains=domains or [], as_json=as_json))
