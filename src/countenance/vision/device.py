"""
What the networks run on: the processor, or a card that this build of ONNX Runtime can use.

The rates of a pack were measured on processors, with 32-bit floats. A card that computes with those
too is taken by itself where there is one; one that may round more only when it is named.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from countenance.errors import Unavailable, UsageError

AUTO = "auto"
CPU = "cpu"


@dataclass(frozen=True, slots=True)
class _Device:
    """A provider of ONNX Runtime, what it is told, and whether it computes as processors do."""

    provider: str
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    exact: bool = False


# https://onnxruntime.ai/docs/execution-providers, in the order in which they are taken.
_DEVICES: Mapping[str, _Device] = {
    # Its newer cards would round to 10 bits within a product.
    "cuda": _Device("CUDAExecutionProvider", {"use_tf32": "0"}, exact=True),
    "migraphx": _Device("MIGraphXExecutionProvider", exact=True),
    "coreml": _Device("CoreMLExecutionProvider"),
    "openvino": _Device("OpenVINOExecutionProvider"),
    "directml": _Device("DmlExecutionProvider"),
    CPU: _Device("CPUExecutionProvider", exact=True),
}

DEVICES = (AUTO, *_DEVICES)
"""What the setting `device` may say."""

_NAMES = {one.provider: name for name, one in _DEVICES.items()}

Provider = tuple[str, dict[str, str]]
"""A provider by its name, and its options, as ONNX Runtime takes them."""


def providers_for(device: str, available: Sequence[str]) -> list[Provider]:
    """
    What a session is to run on, the best first, where ONNX Runtime has the providers `available`.

    The processor is last of all: it takes what a card cannot. Raises `UsageError` if there is no
    such device, and `Unavailable` if this build of ONNX Runtime cannot use it.
    """
    if device not in DEVICES:
        raise UsageError(f"device: {device}: no such device; there are {', '.join(DEVICES)}")
    if device != AUTO and _DEVICES[device].provider not in available:
        raise Unavailable(
            f"device: this build of ONNX Runtime cannot use {device}",
            hint="install the one that can, such as onnxruntime-gpu; or leave the setting out",
        )
    if device == AUTO:
        exact = (one for one in _DEVICES.values() if one.exact and one.provider in available)
        chosen = next(exact, _DEVICES[CPU])
    else:
        chosen = _DEVICES[device]
    wanted = [chosen] if chosen.provider == _DEVICES[CPU].provider else [chosen, _DEVICES[CPU]]
    return [(one.provider, dict(one.options)) for one in wanted]


def name_of(provider: str) -> str:
    """The device of a provider: what a session says that it really runs on."""
    return _NAMES.get(provider, provider)
