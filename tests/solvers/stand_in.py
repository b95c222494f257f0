"""A program that speaks the protocol of the ``ipopt`` executable.

It reads an NL file, solves it with the IPOPT of the CasADi wheel and writes a solution file, so
that the whole pipe is tested where there is no executable: NL writer, command line, options file,
log, solution file. It is no part of IPOPT; the ways in which a program can fail are modes of it.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import time
from pathlib import Path

WORDS = {
    "Solve_Succeeded": (0, "Optimal Solution Found"),
    "Solved_To_Acceptable_Level": (1, "Solved To Acceptable Level."),
    "Infeasible_Problem_Detected": (
        200,
        "Converged to a locally infeasible point. Problem may be infeasible.",
    ),
    "Diverging_Iterates": (300, "Iterates diverging; problem might be unbounded."),
    "Maximum_Iterations_Exceeded": (400, "Maximum Number of Iterations Exceeded."),
    "Maximum_WallTime_Exceeded": (402, "Maximum Wallclock Time Exceeded."),
    "Maximum_CpuTime_Exceeded": (401, "Maximum CPU Time Exceeded."),
    "Invalid_Number_Detected": (
        503,
        "Invalid number in NLP function or derivative detected.",
    ),
}


def options(arguments: list[str]) -> dict[str, object]:
    """Return the options of the command line and of the file that it names."""
    pairs = [each.split("=", 1) for each in arguments if "=" in each]
    found = {name: text.strip("\"'") for name, text in pairs}
    file = found.pop("option_file_name", None)
    if file:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
        found.update(line.split(None, 1) for line in lines)
    found.pop("print_level", None)
    typed: dict[str, object] = {}
    for name, text in found.items():
        for kind in (int, float, str):
            with contextlib.suppress(ValueError):
                typed[name] = kind(text)
                break
    return typed


def write(file: Path, words: str, code: int, duals: list[float], point: list[float]) -> None:
    """Write a solution file."""
    m, n = len(duals), len(point)
    lines = [f"Ipopt 3.14.0: {words}", "", "Options", 3, 1, 1, 0, m, m, n, n]
    lines += [*map(repr, duals), *map(repr, point), f"objno 0 {code}"]
    file.write_text("\n".join(map(str, lines)) + "\n", encoding="utf-8")


def solve(stem: Path, arguments: list[str]) -> int:
    import casadi

    problem = casadi.NlpBuilder()
    problem.import_nl(str(stem.with_suffix(".nl")))
    x, g = casadi.vertcat(*problem.x), casadi.vertcat(*problem.g)
    chosen = {f"ipopt.{name}": setting for name, setting in options(arguments).items()}
    quiet = {"ipopt.print_level": 0, "ipopt.sb": "yes", "print_time": False}
    nlp = {"x": x, "f": problem.f, "g": g}
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            solver = casadi.nlpsol("s", "ipopt", nlp, chosen | quiet)
    except RuntimeError as error:
        name = re.search(r"No such IPOPT option: (\S+)", str(error))
        print(f'Read Option: "{name.group(1)}". It is not a valid option.' if name else error)
        return 1
    limits = {"lbx": problem.x_lb, "ubx": problem.x_ub, "lbg": problem.g_lb, "ubg": problem.g_ub}
    found = solver(x0=problem.x_init, **limits)
    stats = solver.stats()
    code, words = WORDS.get(stats["return_status"], (504, stats["return_status"]))
    print(f"Number of Iterations....: {stats['iter_count']}")
    print(f"EXIT: {words}")
    write(
        stem.with_suffix(".sol"),
        words,
        code,
        found["lam_g"].full().ravel().tolist(),
        found["x"].full().ravel().tolist(),
    )
    return 0


def main(mode: str, arguments: list[str]) -> int:
    if arguments == ["--version"]:
        print("Ipopt 3.14.0 (stand-in), ASL(20231111)" if mode != "not ipopt" else "cbc 2.10")
        return 0
    stem = Path(arguments[0]).with_suffix("")
    if mode == "crash":
        print("Segmentation fault", file=sys.stderr)
        return 139
    if mode == "hang":
        time.sleep(60)
    if mode == "rubbish":
        print("\x00\x01 12 apples\n 3 2")
        stem.with_suffix(".sol").write_text("no solution here", encoding="utf-8")
        return 0
    if mode == "no solution file":
        return 0
    if mode == "lie":
        header = stem.with_suffix(".nl").read_text(encoding="utf-8").splitlines()[1].split()
        n, m = int(header[0]), int(header[1])
        write(stem.with_suffix(".sol"), "Optimal Solution Found", 0, [0.0] * m, [0.0] * n)
        return 0
    if mode == "libraries":
        print("Number of Iterations....: 0\n", os.environ.get("LD_LIBRARY_PATH"))
        return 1
    return solve(stem, arguments)


def install(folder: Path, mode: str = "solve") -> Path:
    """Put the program into a folder as ``ipopt``, and return its path."""
    script = Path(__file__).resolve()
    code = f"import runpy, sys; run = runpy.run_path({str(script)!r}); "
    code += f"sys.exit(run['main']({mode!r}, sys.argv[1:]))"
    folder.mkdir(parents=True, exist_ok=True)
    if os.name == "nt":
        (folder / "ipopt.py").write_text(code, encoding="utf-8")
        program = folder / "ipopt.bat"
        program.write_text(f'@"{sys.executable}" "{folder / "ipopt.py"}" %*\n', encoding="utf-8")
        return program
    program = folder / "ipopt"
    program.write_text(f"#!{sys.executable}\n{code}\n", encoding="utf-8")
    program.chmod(0o755)
    return program
