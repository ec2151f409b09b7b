#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Virtqueues with devices that keep the rules, and that do not."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)) + "/..")
from check import check_program

check_program("check_virtq")
