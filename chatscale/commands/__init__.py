"""The commands, one file each, as `command`. `chatscale/cli.py` names them and loads them when they are called."""
