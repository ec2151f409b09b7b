#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What PCI devices may say of themselves, and what we make of it."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)) + "/..")
from check import check_program

check_program("check_pci")
