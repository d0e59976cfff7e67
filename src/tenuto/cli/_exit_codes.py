# SPDX-License-Identifier: MIT
"""What the command line tells scripts by its exit code."""

USAGE, DEVICE, FILE, GAPS = 2, 3, 4, 5
