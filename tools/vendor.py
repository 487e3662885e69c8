"""
Checks the vendored files of the web against their list.

    python tools/vendor.py check [FOLDER]

Every file beside a `vendor.toml` is in it, with the SHA-256 of its bytes, its package's version and
its licence. Anything else is a finding, and the exit status is 1.
"""

import hashlib
import sys
import tomllib
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "src" / "countenance" / "web" / "static" / "vendor"
LIST = "vendor.toml"
NEEDED = ("name", "version", "licence", "licence_file", "home")


def findings(folder: Path) -> list[str]:
    """What is not as the list says, in words; nothing if all is well."""
    packages = tomllib.loads((folder / LIST).read_text(encoding="utf-8"))["package"]
    listed = {file["name"]: file["sha256"] for one in packages for file in one["file"]}
    here = {file.name for file in folder.iterdir()} - {LIST}
    return [
        *(f"{one['name']}: no {what}" for one in packages for what in NEEDED if what not in one),
        *(f"{one['name']}: no licence" for one in packages if one["licence_file"] not in listed),
        *(f"{name}: in no package of the list" for name in sorted(here - set(listed))),
        *(f"{name}: listed, and not here" for name in sorted(set(listed) - here)),
        *(
            f"{name}: not the bytes that are listed"
            for name in sorted(here & set(listed))
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != listed[name]
        ),
    ]


def main(words: list[str]) -> int:
    """Run the command in `words`, and give the exit status."""
    if words[:1] != ["check"] or len(words) > 2:  # noqa: PLR2004  the command, and a folder
        print(__doc__, file=sys.stderr)
        return 2
    found = findings(Path(words[1]) if words[1:] else FOLDER)
    for line in found:
        print(f"vendor: {line}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
