"""Calibration: what a library's own decisions say of its bands."""

from typing import TYPE_CHECKING

from countenance.library.opened import Opened

if TYPE_CHECKING:
    from countenance.search.calibrate import OwnRates


class Calibration(Opened):
    """Counted from what people decided."""

    def calibrate(self) -> "OwnRates":
        """
        How often each band was right, and whether it keeps its promise. Counts alone, and nothing
        is changed; so it is no act, and not in the log.
        """
        from countenance.search.calibrate import calibrate

        return calibrate(
            stores=self._stores,
            lowest=self.pack.faces.match_px,
            false_hits=self._settings.false_hits,
        )
