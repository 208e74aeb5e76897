"""Kernels as parts of other kernels: code that is optimised and translated where it is used.

Numba compiles whatever a compiled function calls like a function of its own: it optimises it,
translates it to machine code, makes wrappers by which Python and C could call it, and only then
links it into its callers, in which all of it is optimised anew. A part goes without: only its
LLVM code is made, once for each signature, and kept for further callers, on disk as well.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding
from numba.core import compiler, typed_passes
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.registry import CPUDispatcher

from .passes import NumbersTyping, OwnMinMax

__all__ = ["Compiler", "Kernel", "Part", "rebuilt", "reduced"]


class _Library(JITCodeLibrary):
    """Code for linking alone: whatever it is linked into is optimised with it."""

    def _optimize_functions(self, module: Any) -> None:
        return

    def _optimize_final_module(self) -> None:
        return

    def _finalize_final_module(self) -> None:
        self._verify_declare_only_symbols()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        return 0

    def serialize_using_object_code(self) -> tuple[str, str, bytes]:
        return self.serialize_using_bitcode()


@register_pass(mutates_CFG=True, analysis_only=False)
class _Lowering(typed_passes.NativeLowering):
    """Make the code of a part, and let kernels that are typed next find it."""

    _name = "numconv_part_lowering"

    def run_pass(self, state: Any) -> bool:
        state.library = _Library(state.targetctx.codegen(), state.func_id.func_qualname)
        # No wrappers; and no executable, of which there is none.
        state.flags.no_cpython_wrapper = True
        state.flags.no_cfunc_wrapper = True
        state.flags.no_compile = True
        super().run_pass(state)
        lowered = state["cr"]._replace(cfunc=object())
        state.targetctx.insert_user_function(lowered.cfunc, lowered.fndesc, [state.library])
        state["cr"] = lowered
        return True


# They look for closures, for `with`, for `literally` and its like, and for whole arrays.
_UNNEEDED = (
    *("WithLifting", "InlineClosureLikes", "RewriteDynamicRaises", "FindLiterallyCalls"),
    *("LiteralUnroll", "MakeFunctionToJitFunction", "LiteralPropagationSubPipelinePass"),
    *("NopythonRewrites", "DumpParforDiagnostics"),
)


class Compiler(compiler.CompilerBase):
    """Numba's way to compile, without what no kernel needs."""

    _lowering: type[typed_passes.NativeLowering] = typed_passes.NativeLowering

    def define_pipelines(self) -> list[PassManager]:
        builder, manager = compiler.DefaultPassBuilder, PassManager("kernel")
        ours = {
            typed_passes.NopythonTypeInference: NumbersTyping,
            typed_passes.NativeLowering: self._lowering,
        }
        untyped = builder.define_untyped_pipeline(self.state).passes
        typed = builder.define_typed_pipeline(self.state).passes
        lowering = builder.define_nopython_lowering_pipeline(self.state).passes
        for made, why in (*untyped, (OwnMinMax, "min and max in place"), *typed, *lowering):
            if made.__name__ not in _UNNEEDED:
                manager.add_pass(ours.get(made, made), why)
        manager.finalize()
        return [manager]


class _PartCompiler(Compiler):
    _lowering = _Lowering


class Part(CPUDispatcher):
    """A function that other compiled ones call, and nobody else."""

    def __init__(self, function: Any, options: dict[str, Any]) -> None:
        super().__init__(function, targetoptions=options, pipeline_class=_PartCompiler)

    def add_overload(self, cres: Any) -> None:
        # Numba's would also offer it to Python, and keep all that it knows of the source.
        self.overloads[tuple(cres.signature.args)] = cres._replace(type_annotation="")


class Kernel(CPUDispatcher):
    """A function to call from Python, which is a part of those that call it."""

    def __init__(self, function: Any, options: dict[str, Any]) -> None:
        super().__init__(function, targetoptions=options, pipeline_class=Compiler)
        self.part = Part(function, dict(options))

    def get_call_template(self, args: Any, kws: Any) -> Any:
        return self.part.get_call_template(args, kws)

    def get_overload(self, sig: Any) -> Any:
        return self.part.get_overload(sig)


def reduced(result: Any) -> Any:
    """Return what of a compiled function is to be kept on disk: all but what Numba says of it."""
    return result._replace(type_annotation="")._reduce()


def rebuilt(target_context: Any, payload: tuple[Any, ...]) -> Any:
    """Return the part of which `payload` was kept on disk."""
    (name, _, code), fndesc, env, signature, objectmode, lifted, annotation, reload, envs = payload
    library = _Library(target_context.codegen(), name)
    library._final_module = llvmlite.binding.parse_bitcode(code)
    library._finalize_final_module()
    return compiler.CompileResult(
        target_context=target_context,
        typing_context=target_context.typing_context,
        library=library,
        environment=env,
        entry_point=object(),
        fndesc=fndesc,
        type_annotation=annotation,
        signature=signature,
        objectmode=objectmode,
        lifted=lifted,
        typing_error=None,
        call_helper=None,
        metadata=None,
        reload_init=reload,
        referenced_envs=envs,
    )
