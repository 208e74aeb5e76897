"""An interpreter of PTX: runs compiled CUDA kernels without a GPU, and finds what they do wrong."""

from .module import Kernel, Module
from .report import Access, Fault, Report
from .syntax import PtxError

__all__ = ["Access", "Fault", "Kernel", "Module", "PtxError", "Report"]
