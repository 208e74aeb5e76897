"""NVIDIA's driver: the GPUs of this machine, their memory, and every launch on them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import extremes, strided
from .array import DeviceArray, Shape, strides_of
from .compile import Capability, Kernel, cubin
from .device import Launch

# Of a block, that need not be asked for.
SHARED_BYTES = 48 * 1024


class Gpu:
    """A GPU, as its number says."""

    def __init__(self, index: int) -> None:
        from cuda.bindings import driver
        from cuda.core import Device

        self.index = index
        self._driver: Any = driver
        self._gpu = Device(index)
        with self.current():
            self.name = str(self._gpu.name)
            self.processors = int(self._gpu.properties.multiprocessor_count)
            self._own = _capability(self._gpu)
        self._streams: dict[int, Any] = {}
        self._kernels: dict[tuple[Kernel, str], Any] = {}

    @property
    def capability(self) -> Capability:
        return least_capability()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Gpu) and other.index == self.index

    def __hash__(self) -> int:
        return hash(("gpu", self.index))

    @contextmanager
    def current(self) -> Iterator[None]:
        """Make this GPU the current one of the Python thread, and then the one that was again."""
        before = self._driver.cuCtxGetCurrent()[1]
        self._gpu.set_current()
        try:
            yield
        finally:
            if int(before):
                self._driver.cuCtxSetCurrent(before)

    def _is_current(self) -> bool:
        """Return whether nothing needs to be done for this GPU to be the current one."""
        error, index = self._driver.cuCtxGetDevice()
        return int(error) == 0 and int(index) == self.index

    def _stream(self, handle: int) -> Any:
        stream = self._streams.get(handle)
        if stream is None:
            stream = self._streams[handle] = _stream(handle)
        return stream

    def empty(self, shape: Shape, dtype: np.dtype[Any], stream: int = 0) -> DeviceArray:
        nbytes = max(prod(shape) * dtype.itemsize, 1)
        with self.current():
            buffer = self._gpu.memory_resource.allocate(nbytes, stream=self._stream(stream))
        strides = strides_of(shape, dtype)
        return DeviceArray(int(buffer.handle), shape, strides, dtype, self, stream, buffer)

    def upload(self, array: NDArray[Any], stream: int | None = None) -> DeviceArray:
        array = np.ascontiguousarray(array)
        on = stream or 0
        made = self.empty(array.shape, array.dtype, on)
        self._transfer(made.data, array.ctypes.data, array.nbytes, on, to_host=False)
        if stream is None:
            made.owner = _Shared(self, made.owner)
        return made

    def download(self, array: DeviceArray) -> NDArray[Any]:
        source = array if array.contiguous else array.copy()
        made = np.empty(array.shape, array.dtype)
        self._transfer(source.data, made.ctypes.data, made.nbytes, array.stream, to_host=True)
        return made

    def _transfer(self, here: int, host: int, nbytes: int, stream: int, *, to_host: bool) -> None:
        driver = self._driver
        if nbytes == 0:
            return
        with self.current():
            if to_host:
                _must_be_zero(*driver.cuMemcpyDtoHAsync(host, here, nbytes, stream))
            else:
                _must_be_zero(*driver.cuMemcpyHtoDAsync(here, host, nbytes, stream))
            _must_be_zero(*driver.cuStreamSynchronize(stream))

    def copy(self, target: DeviceArray, source: DeviceArray) -> None:
        strided.copy(self, target, source)

    def extremes(self, array: DeviceArray) -> tuple[int, int]:
        return extremes.extremes(self, array)

    def wait(self, stream: int, other: int) -> None:
        with self.current():
            self._stream(stream).wait(self._stream(other))

    def finish(self) -> None:
        with self.current():
            _must_be_zero(*self._driver.cuCtxSynchronize())

    def launcher(
        self,
        kernel: Kernel,
        dtype: str,
        grid: tuple[int, ...],
        block: tuple[int, ...],
        shared_bytes: int = 0,
    ) -> Launch:
        from cuda.core import LaunchConfig, launch

        loaded = self._load(kernel, dtype)
        if shared_bytes > SHARED_BYTES:
            self._allow_shared(loaded, shared_bytes)
        config = LaunchConfig(grid=grid, block=block, shmem_size=shared_bytes)

        streams, is_current = self._streams, self._is_current

        def run(stream: int, *arguments: Any) -> None:
            on = streams.get(stream) or self._stream(stream)
            if is_current():
                launch(on, config, loaded, *arguments)
            else:
                with self.current():
                    launch(on, config, loaded, *arguments)

        return run

    def _allow_shared(self, loaded: Any, shared_bytes: int) -> None:
        driver = self._driver
        attribute = driver.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
        gpu = driver.CUdevice(self.index)
        _must_be_zero(*driver.cuKernelSetAttribute(attribute, shared_bytes, loaded.handle, gpu))

    def _load(self, kernel: Kernel, dtype: str) -> Any:
        loaded = self._kernels.get((kernel, dtype))
        if loaded is None:
            from cuda.core import ObjectCode

            code, entry = cubin(kernel, dtype, self._own)
            with self.current():
                loaded = ObjectCode.from_cubin(code).get_kernel(entry)
            self._kernels[kernel, dtype] = loaded
        return loaded


class _Shared:
    """Memory that launches on any stream may use: it is freed when all of them are done."""

    def __init__(self, place: Gpu, buffer: Any) -> None:
        self._place, self._buffer = place, buffer

    def __del__(self) -> None:
        # The driver frees it once the stream of its making is there, and knows of no other.
        if not sys.is_finalizing():
            with suppress(Exception):
                self._place.finish()


def _stream(handle: int) -> Any:
    from cuda.core import LEGACY_DEFAULT_STREAM, PER_THREAD_DEFAULT_STREAM, Stream

    # The numbers of the streams that have no handle, as the driver and __cuda_array_interface__
    # have them.
    named = {0: LEGACY_DEFAULT_STREAM, 1: LEGACY_DEFAULT_STREAM, 2: PER_THREAD_DEFAULT_STREAM}
    return named.get(handle) or Stream.from_handle(handle)


def _capability(device: Any) -> Capability:
    major, minor = device.compute_capability
    return int(major), int(minor)


@cache
def least_capability() -> Capability:
    """Return the compute capability that all GPUs of this machine have."""
    from cuda.core import Device

    return min(map(_capability, Device.get_all_devices()))


@cache
def gpu(index: int) -> Gpu:
    """Return the GPU with this number."""
    return Gpu(index)


def current_gpu() -> Gpu:
    """Return the GPU that is current in this Python thread, or the first one."""
    from cuda.bindings import driver

    error, index = driver.cuCtxGetDevice()
    return gpu(0 if int(error) else int(index))


def gpu_of(address: int) -> Gpu:
    """Return the GPU in whose memory an address is."""
    from cuda.bindings import driver

    attribute = driver.CUpointer_attribute.CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL
    error, index = driver.cuPointerGetAttribute(attribute, address)
    _must_be_zero(error)
    return gpu(int(index))


def _must_be_zero(error: Any) -> None:
    if int(error):
        raise RuntimeError(f"CUDA: {error.name}")
