"""
ONNX Runtime, as we use it: one session a model, on the CPU, quiet, with a known number of threads.

A session may be used by several threads at once; its weights are in memory once.
"""

import os
from pathlib import Path

import numpy as np

from countenance.errors import Error, VerificationError
from countenance.vision.types import Float32, Pixels

# Official builds of ONNX Runtime report to Microsoft, from the import on: the device, the models,
# the runs. This stops it, and only before the import; nothing is sent and no identifier is kept.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors


class Session:
    """
    A network, loaded.

    `threads` is the number of threads that one run may use. They do not spin while they wait.

    Raises `VerificationError` if the file is not a network that ONNX Runtime can load.
    """

    def __init__(self, model: Path, *, threads: int = 1) -> None:
        self._name = model.name
        try:
            self._session = onnxruntime.InferenceSession(
                str(model), _options(threads), providers=["CPUExecutionProvider"]
            )
        except _ORT_ERRORS as exc:
            raise VerificationError(f"{model}: ONNX Runtime cannot load it: {exc}") from exc
        (self._input,) = self._session.get_inputs()

    @property
    def batch(self) -> int | None:
        """How many images one run takes: exactly that many, or any number if `None`."""
        first = self._input.shape[0]
        return first if isinstance(first, int) else None

    @property
    def size(self) -> tuple[int, int] | None:
        """The height and width of the images it takes: exactly those, or any if `None`."""
        height, width = self._input.shape[2:4]
        return (height, width) if isinstance(height, int) and isinstance(width, int) else None

    def run(self, images: Float32 | Pixels) -> list[Float32]:
        """
        The network's outputs, in its own order, for a batch of `images` as it takes them.

        Raises `Error` if ONNX Runtime fails, as it does for a shape the network does not take.
        """
        try:
            outputs = self._session.run(None, {self._input.name: images})
        except _ORT_ERRORS as exc:
            raise Error(f"{self._name}: ONNX Runtime failed: {exc}") from exc
        return [np.asarray(output, np.float32) for output in outputs]


# ------------------------------------------------------------------------------------------------

# ONNX Runtime's errors have no common root but Exception.
_ORT_ERRORS: tuple[type[Exception], ...] = (
    ort_errors.EPFail,
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NoModel,
    ort_errors.NoSuchFile,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
    RuntimeError,
    ValueError,
)

_ERRORS_ONLY = 3


def _options(threads: int) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # All optimisations of the graph are on by default. dlib's network, CPU ms an image of 16: 4.9,
    # and 7.2 without the layout of channels in blocks; one image alone 5.5 to 6.6, two threads 5.8.
    # A memory pattern is kept for each input shape seen, and pictures come in every shape: two
    # threads over four shapes peaked at 821 MB with patterns and at 663 MB without, at no cost.
    # The arena stays: without it each run pays the page faults again, 300 ms instead of 180.
    options.enable_mem_pattern = False
    return options
