"""How an EOPatch lies in a folder: a module a format, one for what lies where, one for saving all or nothing."""
