from .coregistration import ECCRegistrationTask, get_gradient

__all__ = ["ECCRegistrationTask", "get_gradient"]
