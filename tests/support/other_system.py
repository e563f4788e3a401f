"""A process that lacks what Windows lacks: python -m support.other_system [all]

It takes modules and names away, imports ganzoo, and runs commands that need no torch. With `all`, torch is imported
first, as on Windows it is made for that system, and then every module of ganzoo.
"""

import importlib
import os
import pkgutil
import signal
import sys

MODULES = ("fcntl", "grp", "pwd", "resource", "termios", "tty")
OF_OS = ("fork", "getpgid", "getuid", "killpg", "register_at_fork", "sched_getaffinity", "setsid", "statvfs", "sysconf")
OF_SIGNAL = ("SIGALRM", "SIGCONT", "SIGHUP", "SIGKILL", "SIGQUIT", "SIGTSTP", "SIGUSR1", "SIGUSR2", "pthread_sigmask")


def take_away():
    """Make this process lack what Windows lacks; what is imported already keeps what it has."""
    for name in MODULES:
        sys.modules[name] = None  # an import of it raises ImportError
    for module, names in ((os, OF_OS), (signal, OF_SIGNAL)):
        for name in names:
            if hasattr(module, name):
                delattr(module, name)


def import_everything():
    import ganzoo

    for module in pkgutil.walk_packages(ganzoo.__path__, "ganzoo."):
        if not module.name.endswith("__main__") and "scaffold" not in module.name:
            importlib.import_module(module.name)


def main():
    before = {name for name in sys.modules if name.split(".")[0] == "ganzoo"}
    assert not before
    if "all" in sys.argv:
        from support.preloaded import LIBRARIES

        for name in LIBRARIES:
            importlib.import_module(name)
    take_away()
    if "all" in sys.argv:
        import_everything()
    import ganzoo
    from ganzoo.cli import cli

    print(ganzoo.__version__)
    for words in (["--help"], ["list", "loss"], ["show", "loss", "wgan"], ["config", "show", "wgan_gp"]):
        cli.main(words, standalone_mode=False)


if __name__ == "__main__":
    main()
