#!/bin/sh
# Measures on the graphics card of this machine. Flags are those of measure.ts.
here=$(cd "$(dirname "$0")" && pwd)
# The loader of Vulkan that comes with this archive is used if the machine has none.
export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}/usr/lib/x86_64-linux-gnu:$here/lib"
exec "$here/node" "$here/measure.mjs" "$@"
