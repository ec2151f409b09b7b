#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
import sys
