"""How meteoblue is asked, and what its answers hold."""
