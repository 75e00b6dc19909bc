"""Registration by phase correlation, at the place where eo-learn 1.3 had it."""

from ..registration import ThunderRegistrationTask

__all__ = ["ThunderRegistrationTask"]
