from .prediction import PredictionTask as PredictionTask
from .sampling import BaseSamplingTask as BaseSamplingTask
from .sampling import FractionSamplingTask as FractionSamplingTask
from .sampling import expand_to_grids as expand_to_grids
from .sampling import get_mask_of_samples as get_mask_of_samples
from .sampling import sample_by_values as sample_by_values

__all__ = [
    "BaseSamplingTask",
    "FractionSamplingTask",
    "PredictionTask",
    "expand_to_grids",
    "get_mask_of_samples",
    "sample_by_values",
]
