"""Writes the vectors of refusals: ``python -m tests.vectors.invalid [CHAPTER...]``."""

import sys

from tests.vectors.invalid.catalogue import CHAPTERS, build_chapter, get_path


def main() -> None:
    """Write the chapters that are named, or all."""
    for chapter in sys.argv[1:] or CHAPTERS:
        get_path(chapter).write_text(build_chapter(chapter), encoding="utf-8")


if __name__ == "__main__":
    main()
