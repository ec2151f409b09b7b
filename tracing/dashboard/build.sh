#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Build the page: build.sh SOURCE OUTPUT WORK STAMP.  Packages come from npm by
# the lock file into WORK; what is served comes to OUTPUT.  Without npm or the
# registry there is one line and no page; the next build tries again.
set -u
source=$1 output=$2 work=$3 stamp=$4
without() {
	echo "dashboard: not built: $1; traced has no page" >&2
	rm -rf "$output"
	exit 0
}
command -v npm >/dev/null || without "there is no npm"
command -v node >/dev/null || without "there is no node"
mkdir -p "$work" || exit 1
if ! cmp -s "$source/package-lock.json" "$work/installed" ||
    [ ! -d "$work/node_modules/esbuild" ]; then
	cp "$source/package.json" "$source/package-lock.json" "$work/" || exit 1
	rm -f "$work/installed"
	(cd "$work" && npm ci --ignore-scripts --no-audit --no-fund) \
	    >"$work/npm.log" 2>&1 || without "npm ci failed, see $work/npm.log"
	cp "$source/package-lock.json" "$work/installed"
fi
mkdir -p "$output" || exit 1
NODE_PATH=$work/node_modules "$work/node_modules/.bin/esbuild" \
    "$source/src/main.js" --bundle --minify --format=esm --target=es2022 \
    --log-level=warning --legal-comments=eof --outfile="$output/app.js" &&
    cp "$source/index.html" "$output/" && touch "$stamp"
