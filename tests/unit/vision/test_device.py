"""What the networks run on, of what this build of ONNX Runtime can use: no card is needed here."""

import pytest

from countenance.errors import Unavailable, UsageError
from countenance.vision.device import AUTO, CPU, DEVICES, Provider, name_of, providers_for
from countenance.vision.session import providers_here

PROCESSOR: Provider = ("CPUExecutionProvider", {})
NVIDIA: Provider = ("CUDAExecutionProvider", {"use_tf32": "0"})
EVERY = (
    *("CoreMLExecutionProvider", "DmlExecutionProvider", "OpenVINOExecutionProvider"),
    *("MIGraphXExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"),
)


@pytest.mark.parametrize(
    ("device", "available", "taken"),
    [
        (AUTO, ["CPUExecutionProvider"], [PROCESSOR]),
        (AUTO, ["CUDAExecutionProvider", "CPUExecutionProvider"], [NVIDIA, PROCESSOR]),
        (AUTO, EVERY, [NVIDIA, PROCESSOR]),
        (CPU, EVERY, [PROCESSOR]),
        ("cuda", EVERY, [NVIDIA, PROCESSOR]),
        ("coreml", EVERY, [("CoreMLExecutionProvider", {}), PROCESSOR]),
    ],
)
def test_the_best_that_is_there_is_taken(
    device: str, available: list[str], taken: list[tuple[str, dict[str, str]]]
) -> None:
    """A card before the processor, which is always last; a processor alone where it is named."""
    assert providers_for(device, available) == taken


@pytest.mark.parametrize("rounds", ["coreml", "openvino", "directml"])
def test_what_may_round_more_is_never_taken_by_itself(rounds: str) -> None:
    """The rates of the packs were measured with 32-bit floats."""
    ((provider, _), _) = providers_for(rounds, EVERY)
    assert providers_for(AUTO, [provider, "CPUExecutionProvider"]) == [PROCESSOR]


def test_a_card_that_cannot_be_used_is_said() -> None:
    """Whoever names one is not given another in silence."""
    with pytest.raises(Unavailable, match="cannot use cuda"):
        providers_for("cuda", ["CPUExecutionProvider"])
    with pytest.raises(UsageError, match=r"gpu: no such device; there are auto, cuda, .*cpu"):
        providers_for("gpu", EVERY)


def test_names_lead_back() -> None:
    """What a session says that it runs on is said in our word; an unknown one in its own."""
    for device in DEVICES[1:]:
        ((provider, _), *_) = providers_for(device, EVERY)
        assert name_of(provider) == device
    assert name_of("AzureExecutionProvider") == "AzureExecutionProvider"


def test_the_providers_are_asked_of_onnx_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here there is a processor at least; and with a build for a card, the card."""
    assert providers_here(CPU) == [PROCESSOR]
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: list(EVERY))
    assert providers_here(AUTO) == [NVIDIA, PROCESSOR]
