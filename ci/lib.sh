# SPDX-License-Identifier: BSD-2-Clause
# Shared by the ci/ scripts: where we are, packages, building.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "${0##*/}: $*"
	exit 2
}

# Install what of ci/deps is missing.  Root or sudo is needed only then.
install_deps() {
	local missing=() name rest as=() have
	# One question for all: this runs before every boot.
	have=$(awk '!/^(#|$)/ { print $1 }' "$top/ci/deps" |
	    xargs dpkg-query -W -f '${db:Status-Status} ${Package}\n' \
		2>/dev/null || true)
	while read -r name rest; do
		case $name in '' | \#*) continue ;; esac
		[[ $'\n'$have$'\n' == *$'\n'"installed $name"$'\n'* ]] ||
		    { [ "$name" = npm ] && command -v npm >/dev/null; } ||
		    missing+=("$name")
	done <"$top/ci/deps"
	((${#missing[@]} == 0)) && return
	say "installing: ${missing[*]}"
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null ||
		    die "packages are missing (${missing[*]}): run as root once, or install sudo"
		as=(sudo)
	fi
	"${as[@]}" apt-get update -qq
	DEBIAN_FRONTEND=noninteractive "${as[@]}" apt-get install -y -qq \
	    --no-install-recommends "${missing[@]}" >/dev/null
}

# build PRESET TARGET...: configure once, then build with progress.
build() {
	local preset=$1 dir=$top/build/$1
	shift
	if [ ! -f "$dir/build.ninja" ]; then
		say "configuring $preset"
		(cd "$top" && cmake --preset "$preset" >"$dir.log" 2>&1) || {
			cat "$dir.log" >&2
			die "configuring $preset failed"
		}
	fi
	if ninja -C "$dir" -n "$@" | grep -q 'no work to do'; then
		return
	fi
	say "building $preset"
	NINJA_STATUS='[%f/%t] ' ninja -C "$dir" "$@" >&2
}
