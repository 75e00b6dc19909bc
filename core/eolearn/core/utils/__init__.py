"""Parts that the modules of eo-learn share, and helpers for people who write their own tasks."""
