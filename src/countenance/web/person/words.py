"""Words for what the library answers with its own: in the language of the page."""

from collections.abc import Mapping

from countenance.enrol.enrol import Judged
from countenance.vision.quality import Quality
from countenance.web.languages import Language, message

QUALITIES: Mapping[Quality, str] = {
    Quality.NO_FACE: message("We found no face in the picture. Hold the camera in front of you."),
    Quality.TWO_FACES: message("There is more than one face in the picture. We need yours alone."),
    Quality.TOO_SMALL: message("Your face is too small in the picture. Come closer."),
    Quality.TOO_DARK: message("The picture is too dark. Turn towards the light."),
    Quality.TOO_BRIGHT: message("The picture is too bright. Turn away from the strong light."),
    Quality.TURNED_AWAY: message("Your face is turned away. Look straight into the camera."),
    Quality.BLURRED: message("The picture is blurred. Hold the camera still."),
    Quality.COVERED: message("Part of your face seems to be covered. Take off glasses or a mask."),
}

UNREADABLE = message("The file cannot be read as a picture. Choose a photo in JPEG, PNG or HEIC.")


def sentences(judged: Judged, language: Language) -> list[str]:
    """What is to be said of one picture, for who gave it."""
    if not judged.qualities:
        return [] if judged.accepted else [language.say(UNREADABLE)]
    return [language.say(QUALITIES[one]) for one in judged.qualities]
