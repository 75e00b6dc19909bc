"""Input from services whose packages are extras."""
