# SPDX-License-Identifier: MIT
"""The nodes: what each is for, its parameters, and how they become the core's numbers."""
