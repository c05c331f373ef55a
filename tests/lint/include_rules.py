"""Who may include whom, by the include graph (docs: architecture, "Layout"): base <- record <- contract <- modules and core; a
module never includes another module or the core; only module_table.c names modules; programs use base and record alone."""

import os
import re
import sys

import tree

# Part: what it may include besides itself and the system's headers. A part is a folder, or one file at the top of agent/.
MAY_INCLUDE = {
    "agent/base": [],
    "agent/record": ["agent/base"],
    "agent/contract": ["agent/base", "agent/record"],
    "agent/core": ["agent/base", "agent/record", "agent/contract", "agent/core/store"],
    "agent/core/store": ["agent/base", "agent/record"],
    "agent/cli": ["agent/base", "agent/record"],
    "agent/eventdoc": ["agent/base", "agent/record"],
    "agent/module_table.h": ["agent/contract"],
    "agent/module_table.c": ["agent/module_table.h", "agent/contract", "modules"],
    "agent/sekishod.c": ["agent/module_table.h", "agent/base", "agent/record", "agent/contract", "agent/core"],
    "modules/*": ["agent/base", "agent/record", "agent/contract"],
}

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)')


def part_of(path):
    """"agent/core/control.c" -> "agent/core"; "agent/sekishod.c" is a part of its own, and so is the store."""
    if path.startswith("agent/core/store/"):
        return "agent/core/store"
    return "/".join(path.split("/")[:2])


def allowed_for(part):
    return MAY_INCLUDE.get("modules/*" if part.startswith("modules/") else part)


def resolve(path, name):
    """The file that #include "name" in path means, or None."""
    for folder in (os.path.dirname(path), "agent", "modules"):
        candidate = os.path.normpath(os.path.join(folder, name))
        if os.path.exists(candidate):
            return candidate
    return None


def includes(path):
    for number, line in enumerate(tree.text(path) or [], 1):
        found = INCLUDE.match(line)
        if found and found.group(1):
            yield number, found.group(1)


def permitted(part, other):
    if other == part:
        return True
    return any(other == name or (name == "modules" and other.startswith("modules/")) for name in allowed_for(part))


def check_file(path, graph):
    part = part_of(path)
    if allowed_for(part) is None:
        yield f"{path}: its part {part} is not in the table of tests/lint/include_rules.py"
        return
    for number, name in includes(path):
        target = resolve(path, name)
        if target is None:
            yield f'{path}:{number}: no file "{name}" in agent/, modules/ or beside it'
            continue
        graph.setdefault(path, []).append(target)
        if not permitted(part, part_of(target)):
            yield f'{path}:{number}: {part} may not include "{name}"'


def cycle_from(path, graph, trail):
    if path in trail:
        return trail[trail.index(path):] + [path]
    for target in graph.get(path, []):
        found = cycle_from(target, graph, trail + [path])
        if found:
            return found
    return None


def module_names():
    return sorted(name for name in os.listdir("modules") if os.path.isdir(os.path.join("modules", name))) \
        if os.path.isdir("modules") else []


def check_names(path):
    """Outside a module only module_table.c says the name of its struct or of its folder."""
    for module in module_names():
        if path == "agent/module_table.c" or path.startswith(f"modules/{module}/"):
            continue
        for number, line in enumerate(tree.text(path) or [], 1):
            if re.search(rf'\b{module}_module\b|"{module}/', line):
                yield f"{path}:{number}: names the module {module}; only agent/module_table.c may"


def main():
    faults, graph = [], {}
    sources = [path for path in tree.files(".c", ".h") if path.startswith(("agent/", "modules/"))]
    for path in sources:
        faults += check_file(path, graph)
        faults += check_names(path)
    for path in sources:
        cycle = cycle_from(path, graph, [])
        if cycle and cycle[0] == path:
            faults.append("includes in a circle: " + " -> ".join(cycle))
    print("".join(fault + "\n" for fault in faults), end="")
    return 1 if faults or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
