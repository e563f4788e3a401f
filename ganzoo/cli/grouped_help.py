"""Help of commands with many options: in groups, by what they are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

GROUPS: Mapping[str, str] = {
    "Components": "model loss lipschitz conditioner augment regularizer",
    "Data": "dataset dataset_path image_size data_root download cache split",
    "Search": "space trials metric sampler sampler_seed pruner",
    "Grid": "seeds budget evals retry cell_timeout",
    "Where cells run": "engine jobs address",
    "Training": "steps optimizer lr batch_size seed init_from on_nan diagnose restart start",
    "Scores": "eval_every samples features inception_weights no_scores metrics reference write_reference names "
    "protocol checkpoint",
    "Weights": "step best raw",
    "Images": "count label labels truncation per_class interpolate code course fps scale no_caption as_folder closest",
    "Rows and columns": "group_by only sort columns",
    "Machine": "device precision",
    "Settings": "file assignments",
    "Measurement": "against repeats seconds",
    "Output": "out auto_resume observer shape dry_run is_long as_json follow_links help",
}
"""Title -> names of the options as click passes them, in the order in which groups are shown."""
FEWEST = 9
"""Options from which on a command shows them in groups."""


class GroupedCommand(click.Command):
    """A command whose help shows its options in groups; those that no group names come last."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options of each group under its title."""
        options = [param for param in self.get_params(ctx) if isinstance(param, click.Option)]
        shown = [(_name(option), record) for option in options if (record := option.get_help_record(ctx))]
        if len(shown) < FEWEST:
            super().format_options(ctx, formatter)
            return
        for title, names in _all_groups([name for name, _ in shown]).items():
            if records := [record for name, record in shown if name in names]:
                with formatter.section(title):
                    formatter.write_dl(records, col_max=28)


def _name(option: click.Option) -> str:
    return "help" if "--help" in option.opts else option.name or ""


def _all_groups(names: Sequence[str]) -> dict[str, list[str]]:
    """Return the groups with the options of a command that no group names."""
    groups = {title: words.split() for title, words in GROUPS.items()}
    known = {name for members in groups.values() for name in members}
    others = {"Other": [name for name in names if name not in known]}
    output = groups.pop("Output")
    return {**groups, **others, "Output": output}
