from .eoexecutor import EOExecutorVisualization as EOExecutorVisualization
from .eopatch import MatplotlibVisualization as MatplotlibVisualization
from .eopatch import PlotBackend as PlotBackend
from .eopatch import PlotConfig as PlotConfig
from .eopatch import plot_eopatch as plot_eopatch
from .eoworkflow import EOWorkflowVisualization as EOWorkflowVisualization
from .quicklook import plot_quicklook as plot_quicklook
from .utils import plot_confusion_matrix as plot_confusion_matrix
