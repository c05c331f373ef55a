"""The files that lint looks at: all that stand in the tree, but what the build made."""

import os

LEFT_OUT = {".git", "build", "__pycache__"}


def files(*endings):
    for folder, folders, names in os.walk("."):
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT)
        for name in sorted(set(names) - LEFT_OUT):
            if not endings or name.endswith(endings):
                yield os.path.normpath(os.path.join(folder, name))


def text(path):
    """The lines of a text file; None for anything else."""
    with open(path, "rb") as file:
        content = file.read()
    if b"\0" in content:
        return None
    return content.decode("utf-8", "replace").splitlines()
