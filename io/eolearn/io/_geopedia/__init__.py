"""How Geopedia is asked: sessions, tables and images."""
