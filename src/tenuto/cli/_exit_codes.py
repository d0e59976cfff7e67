# SPDX-License-Identifier: MIT
"""What the command line tells scripts by its exit code."""

DIFFERENT, USAGE, DEVICE, FILE, GAPS = 1, 2, 3, 4, 5
