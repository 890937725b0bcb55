"""Named faults of the sync core, for mutants.sh: mutants.py names; mutants.py apply NAME SOURCE-FOLDER."""
import pathlib
import sys

# (name, file below src/sync, text that stands there exactly once, what stands there instead)
MUTANTS = [
]


def apply(name, folder):
    for known, file, search, replacement in MUTANTS:
        if known == name:
            path = pathlib.Path(folder) / "sync" / file
            text = path.read_text()
            if text.count(search) != 1:
                sys.exit(f"{name}: the text stands {text.count(search)} times in {path}, not once")
            path.write_text(text.replace(search, replacement))
            return
    sys.exit(f"no mutant of the name {name}")


def main():
    if sys.argv[1:] == ["names"]:
        names = [mutant[0] for mutant in MUTANTS]
        if len(set(names)) != len(names):
            sys.exit("two mutants have one name")
        print("\n".join(names))
    elif len(sys.argv) == 4 and sys.argv[1] == "apply":
        apply(sys.argv[2], sys.argv[3])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
