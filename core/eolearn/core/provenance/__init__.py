"""How a saved patch came to be, and a script that makes it again.

``SaveTask(..., provenance=True)`` keeps a record in ``provenance.json``, in the folder of the patch.
"""

from .records import Provenance, ProvenanceNode, ProvenanceRecord, load_provenance
from .script import provenance_script

__all__ = ["Provenance", "ProvenanceNode", "ProvenanceRecord", "load_provenance", "provenance_script"]
