# SPDX-License-Identifier: BSD-2-Clause
# esbuild: a Go program, its own threads and scheduler.
file -L "$(command -v esbuild)" | grep -oE 'ELF 64-bit'
mkdir src; for i in $(seq 200); do echo "export const f$i = x => { if (x > $i) { return x * $i } else { return $i } };" >"src/m$i.js"; done
for i in $(seq 200); do echo "import { f$i } from './m$i.js'; console.log(f$i($i));"; done >src/main.js
esbuild src/main.js --bundle --minify --outfile=out.js --log-level=warning; echo "status $?"; md5sum out.js
node out.js | md5sum; echo 'let x: number = 1; enum E { A, B }; console.log(x, E.B)' | esbuild --loader=ts | md5sum
echo 'let x = ;' | esbuild 2>&1 | grep -c error; GOMAXPROCS=8 esbuild src/main.js --bundle --sourcemap=inline --target=es2015 | md5sum
GOMAXPROCS=1 GOGC=5 esbuild src/main.js --bundle | md5sum; for i in 1 2 3 4; do esbuild src/main.js --bundle --minify | md5sum & done; wait
