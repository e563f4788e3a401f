"""`python -m ganzoo` is `ganzoo`."""

from ganzoo.runs.interrupts import end_on_signals


def main() -> None:
    """Run the command line, which imports much: signals are obeyed from before that on."""
    end_on_signals()
    from ganzoo.cli import main as run_command_line

    run_command_line()


if __name__ == "__main__":
    main()
