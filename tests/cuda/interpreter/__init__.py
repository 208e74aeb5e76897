"""An interpreter of PTX: runs compiled CUDA kernels without a GPU, and finds what they do wrong."""

from .launch import Inside
from .module import Kernel, Module
from .report import Access, Fault, Report
from .syntax import PtxError

__all__ = ["Access", "Fault", "Inside", "Kernel", "Module", "PtxError", "Report"]
