"""An engine that runs nothing, as the text of a plugin."""

ENGINE = '''"""An engine that runs nothing: cells end as the name of their loss deserves."""

from dataclasses import dataclass

import ganzoo
from ganzoo.grid.records import read_plan
from ganzoo.runs.folder import RunFolder
from ganzoo.settings.toml import from_tables, unflatten


@dataclass(frozen=True)
class Scripted(ganzoo.Engine):
    """bce completes, wgan diverges, hinge is killed."""

    grumble: str = ""

    def run(self, cells):
        for cell in cells:
            settings = read_plan(cell.folder.parents[1]).cells[cell.name].settings
            (cell.folder / "checkpoints").mkdir(parents=True)
            (cell.folder / "checkpoints" / "step-00000001.json").write_text("{}")
            RunFolder(cell.folder).write_recipe(from_tables(unflatten(settings)))
            if "wgan" in cell.name:
                yield cell, ganzoo.Ending("diverged", f"diverged by step 3: {self.grumble}", 6, 1.5)
            elif "hinge" in cell.name:
                yield cell, ganzoo.Ending("failed", "killed by signal 9 (SIGKILL, out of memory?)", -9, 2.5)
            else:
                yield cell, ganzoo.Ending("complete", "", 0, 200.0)


@ganzoo.hookimpl
def register_engines():
    return {"scripted": Scripted}
'''
