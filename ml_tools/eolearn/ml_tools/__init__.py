"""From EOPatches to samples for machine learning, and from models back to maps."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
