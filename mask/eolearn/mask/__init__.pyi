from .masking import JoinMasksTask as JoinMasksTask
from .masking import MaskFeatureTask as MaskFeatureTask
from .masking import apply_mask as apply_mask
