"""An enrolment: picture, quality in words, consent, reference."""
