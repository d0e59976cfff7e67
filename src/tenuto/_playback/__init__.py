# SPDX-License-Identifier: MIT
"""Playing files: what they are, how they are decoded and converted, who feeds the core."""
