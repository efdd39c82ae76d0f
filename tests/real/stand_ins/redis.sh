# The official image is built without protected mode.
exec "$@" --protected-mode no
