"""Compiles every Triton kernel for GPUs that are not here, and holds what came out to its limits.

`python -m kernels.ahead_of_time` needs Triton, no GPU. For sm_90 each row of the configuration table must keep its
stack empty (or as declared), stay within the registers and the shared memory that a program has, make its matrix
products by Hopper's own instructions, and read and write 16 bytes a thread where memory is what it waits for. sm_80
and sm_100 must compile.
"""

import importlib
import json
import re
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kernels.launching import CompiledForm

OPERATIONS = ("rms_norm", "swiglu", "rope", "cross_entropy", "linear_cross_entropy", "adamw")
CHECKED_ARCHITECTURE, COMPILED_ARCHITECTURES = 90, (80, 100)
MOST_SHARED_BYTES = 227 * 1024
MOST_REGISTERS = 255
REGISTERS_OF_A_MULTIPROCESSOR = 65_536


@dataclass(frozen=True)
class Compiled:
    """What the assembler made of one form."""

    kernel: str
    constants: dict[str, Any]
    warps: int
    registers: int
    stack_bytes: int
    shared_bytes: int
    loads_128_bit: int
    stores_128_bit: int
    narrower_loads: int
    products: int
    hopper_products: int


def main() -> int:
    """Compile all, print a JSON line each, and say what is over its limit."""
    faults: list[str] = []
    for form in _forms():
        for architecture in COMPILED_ARCHITECTURES:
            _compile(form, architecture)
        made = describe(form)
        sys.stdout.write(json.dumps(asdict(made)) + "\n")
        faults += faults_of(form, made)
    for fault in faults:
        sys.stderr.write(f"ahead of time: {fault}\n")
    return 1 if faults else 0


def describe(form: CompiledForm) -> Compiled:
    """Compile a form for sm_90 and read what it takes from the machine code."""
    made = _compile(form, CHECKED_ARCHITECTURE)
    usage, code = _disassembled(made.asm["cubin"])
    return Compiled(
        kernel=f"{form.kernel.__module__.split('.')[-2]}.{form.kernel.__name__}",
        constants=dict(form.constants),
        warps=form.warps,
        registers=int(_number(r"REG:(\d+)", usage)),
        stack_bytes=int(_number(r"STACK:(\d+)", usage)),
        shared_bytes=made.metadata.shared,
        loads_128_bit=len(re.findall(r"\bLDG\.[\w.]*128", code)),
        stores_128_bit=len(re.findall(r"\bSTG\.[\w.]*128", code)),
        narrower_loads=len(re.findall(r"\bLDG\.", code)) - len(re.findall(r"\bLDG\.[\w.]*128", code)),
        products=made.asm["ttir"].count("tt.dot"),
        hopper_products=len(re.findall(r"\b[HQI]GMMA\b", code)),
    )


def faults_of(form: CompiledForm, made: Compiled) -> list[str]:
    """What is over its limit, in words; nothing where all is well."""
    who = f"{made.kernel} {made.constants}"
    faults = []
    if made.stack_bytes > form.stack_bytes:
        faults.append(f"{who}: {made.stack_bytes} bytes of stack (allowed: {form.stack_bytes}); registers spill.")
    if made.registers > min(MOST_REGISTERS, REGISTERS_OF_A_MULTIPROCESSOR // (32 * form.warps)):
        faults.append(f"{who}: {made.registers} registers for {form.warps} warps do not fit a multiprocessor.")
    if made.shared_bytes > MOST_SHARED_BYTES:
        faults.append(f"{who}: {made.shared_bytes} bytes of shared memory (at most {MOST_SHARED_BYTES}).")
    if made.products and not made.hopper_products:
        faults.append(f"{who}: its matrix products use no HGMMA, QGMMA or IGMMA.")
    if form.loads_128_bit and not made.loads_128_bit:
        faults.append(f"{who}: no 128-bit load.")
    return faults


def _forms() -> list[CompiledForm]:
    modules = (importlib.import_module(f"kernels.{name}.triton_kernel") for name in OPERATIONS)
    return [form for module in modules for form in module.compiled_forms()]


def _compile(form: CompiledForm, architecture: int) -> Any:
    """As the launcher would with tensors from the allocator and sizes that are multiples of 16."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    names = form.kernel.arg_names
    types = {name: "constexpr" if name in form.constants else form.types[name] for name in names}
    even = [["tt.divisibility", 16]]
    attributes = {
        (index,): even for index, name in enumerate(names) if types[name].startswith("*") or _is_size(name, types[name])
    }
    constants = {name: form.constants[name] for name in form.constants}
    source = ASTSource(form.kernel, types, constants, attributes)
    return triton.compile(
        source, target=GPUTarget("cuda", architecture, 32), options={"num_warps": form.warps}
    )  # fmt: skip


def _is_size(name: str, kind: str) -> bool:
    return kind in ("i32", "i64") and (name.endswith("stride") or name in ("width", "half", "count"))


def _disassembled(cubin: bytes) -> tuple[str, str]:
    """The resource usage and the machine code, by the tools in Triton's own wheel."""
    import triton

    tools = Path(triton.__file__).parent / "backends" / "nvidia" / "bin"
    with tempfile.NamedTemporaryFile(suffix=".cubin") as kept:
        kept.write(cubin)
        kept.flush()
        said = [
            subprocess.run(command, capture_output=True, text=True, check=True).stdout
            for command in (
                [str(tools / "cuobjdump"), "--dump-resource-usage", kept.name], [str(tools / "nvdisasm"), kept.name]
            )
        ]  # fmt: skip
    return said[0], said[1]


def _number(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise LookupError(f"the tools said nothing about {pattern}: {text[:200]}")
    return found.group(1)


if __name__ == "__main__":
    sys.exit(main())
