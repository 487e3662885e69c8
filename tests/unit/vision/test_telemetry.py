import subprocess
import sys
from pathlib import Path


def test_loading_the_networks_runtime_reports_to_nobody(tmp_path: Path) -> None:
    """By default ONNX Runtime keeps an identifier of the machine and a queue of reports to send."""
    subprocess.run(
        [sys.executable, "-c", "import countenance.vision.session"],
        check=True,
        env={"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)},
    )
    assert list(tmp_path.iterdir()) == []
