# SPDX-License-Identifier: MIT
"""How a Python function gets onto the audio thread: read, compiled, tried, kept.

- `source`: reads the function's syntax tree and refuses, with the line, what cannot run there.
- `program`: the result, and the shape a kernel must have.
- `vocabulary`: what a kernel may call, and what to say about everything else.
- `compiler`: Numba to machine code, and a look at what came out.
- `trial`: runs it before anybody hears it, and measures what it costs.
- `store`: machine code on the disk, loaded without Numba.
- `pointer`: code that was compiled elsewhere.
"""
