#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Installs into a folder of its own, moves it (nothing may remember where it was), and uses it as an
# outside project does: through find_package() and pkg-config, shared, static, in C++, by dlopen().
# The shared library exports what the headers declare and nothing else, and `loiter check` of the
# installed tool finds the runtime, the creation site and the blocked line in each of the programs.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$LTR_SOURCE/tests/install
faults=0 checks=0
complain() {
	printf 'FAILED: %s\n' "$*"
	faults=$((faults + 1))
}

# said WHAT COMMAND...: runs it quietly; what it says is shown when it fails.
said() {
	local what=$1
	shift
	checks=$((checks + 1))
	"$@" >"$work/said" 2>&1 || {
		complain "$what (status $?): $*"
		cat "$work/said"
		return 1
	}
}

said "installing" cmake --install "$LTR_BUILD" --prefix "$work/first" || exit 1
prefix=$work/moved
mv "$work/first" "$prefix"
libdir=$(dirname "$(find "$prefix" -name libloiter.a)")
export PKG_CONFIG_PATH=$libdir/pkgconfig
unset LD_LIBRARY_PATH

# --- what was installed ---------------------------------------------------------------------------
for file in bin/loiter include/loiter.h include/loiter/channel.h include/loiter/event.h \
	include/loiter/layout.h include/loiter/gate.h; do
	checks=$((checks + 1))
	[[ -f $prefix/$file ]] || complain "$file is not installed"
done
mkdir "$work/sources"
cp -r "$LTR_SOURCE/runtime/include/." "$LTR_SOURCE/serve/include/." "$work/sources"
said "headers differ from the source's" diff -r "$work/sources" "$prefix/include"
if grep -rIl "$LTR_SOURCE\|$work/first" "$libdir/cmake" "$libdir/pkgconfig"; then
	complain "these files remember where they came from"
fi

# --- versions -------------------------------------------------------------------------------------
version=$(pkg-config --modversion loiter)
soname=$(readelf -d "$libdir/libloiter.so" | sed -n 's/.*soname: \[\(.*\)\]/\1/p')
checks=$((checks + 1))
[[ $soname == "libloiter.so.${version%.*}" ]] || complain "soname $soname in version $version"
[[ $(readlink -f "$libdir/$soname") == "$libdir/libloiter.so.$version" ]] ||
	complain "$soname is not libloiter.so.$version"

# --- symbols --------------------------------------------------------------------------------------
# What the headers declare, as the compiler understands them. They use some ltr__ functions in
# macros; those belong to the list, others do not.
while IFS= read -r header; do
	printf '#include <%s>\n' "$header"
done < <(cd "$prefix/include" && find . -name '*.h' -printf '%P\n' | sort) >"$work/all.c"
gcc -std=gnu17 -fsyntax-only -aux-info "$work/declared" "-I$prefix/include" "$work/all.c"
declared() { # PATTERN: in the headers whose names it matches
	grep -E "^/\* $prefix/include/($1):" "$work/declared" |
		sed -n 's|^[^*]*\*[^*]*\*/ extern .*[ *]\(ltr_[a-z0-9_]*\) (.*|\1|p'
}
exports() { # LIBRARY: what was expected of it, one a line, and nothing else
	nm -D --defined-only "$libdir/$1" | awk '{ print $NF }' | sort >"$work/exported"
	checks=$((checks + 1))
	diff <(sort -u) "$work/exported" ||
		complain "$1 exports something else than the headers declare (<: only declared)"
	if grep -v '^ltr_' "$work/exported"; then
		complain "$1 has names outside of ltr_"
	fi
}
own='loiter/pprof.h'
others=$(cd "$prefix/include" && find . -name '*.h' ! -path "./$own" -printf '%P|')
checks=$((checks + 1))
(($(declared "${others%|}" | wc -l) > 30)) || complain "only $(declared "${others%|}") declared"
# An object, for those who look from outside.
{ declared "${others%|}" && echo ltr_layout; } | exports libloiter.so
declared "$own" | exports libloiter-pprof.so
checks=$((checks + 1))
(($(declared "$own" | wc -l) >= 4)) || complain "only $(declared "$own") declared in $own"

# --- an outside project ---------------------------------------------------------------------------
cp -r "$here/project" "$work/project"
said "find_package" cmake -S "$work/project" -B "$work/project/build" -DCMAKE_BUILD_TYPE=Debug \
	"-DCMAKE_PREFIX_PATH=$prefix" "-DCPLUSPLUS_SOURCE=$LTR_SOURCE/tests/runtime/cplusplus.cc" \
	"-DSERVED_SOURCE=$LTR_SOURCE/examples/served.c" ||
	exit 1
said "building with CMake" cmake --build "$work/project/build" || exit 1
sed 's/loiter 0\.1 REQUIRED/loiter 0.0 REQUIRED/' -i "$work/project/CMakeLists.txt"
checks=$((checks + 1))
if cmake -S "$work/project" -B "$work/refused" "-DCMAKE_PREFIX_PATH=$prefix" >/dev/null 2>&1; then
	complain "find_package(loiter 0.0) accepts version $version"
fi

cd "$work/project"
flags=(-g -Wall -Wextra -Werror)
# shellcheck disable=SC2046 # pkg-config's words are words
{
	said "pkg-config, shared" gcc "${flags[@]}" leaky.c $(pkg-config --cflags --libs loiter) \
		"-Wl,-rpath,$libdir" -o pc_shared
	# The library alone static, as --libs --static cannot say, and everything static.
	said "pkg-config, the archive" gcc "${flags[@]}" leaky.c $(pkg-config --cflags loiter) \
		"$(pkg-config --variable=libdir loiter)/libloiter.a" -pthread -rdynamic -o pc_archive
	said "pkg-config, static" gcc "${flags[@]}" leaky.c \
		$(pkg-config --cflags loiter) -static $(pkg-config --libs --static loiter) \
		-o pc_static
	said "pkg-config, a program that serves itself" gcc "${flags[@]}" \
		"$LTR_SOURCE/examples/served.c" $(pkg-config --cflags --libs loiter loiter-pprof) \
		"-Wl,-rpath,$libdir" -o pc_served
	said "the program that loads" gcc "${flags[@]}" "$here/loaded.c" -o loaded
}
said "dlopen()" ./loaded "$libdir/libloiter.so"
said "C++" build/with_cplusplus
# Into files, since a grep that has seen enough would end ldd by a SIGPIPE.
ldd build/with_shared >shared_needs
grep -q "$libdir/$soname" shared_needs || complain "with_shared has no $soname: $(<shared_needs)"
ldd build/with_static >static_needs
if grep libloiter static_needs; then
	complain "with_static needs a shared library"
fi

# --- a program that serves itself -------------------------------------------------------------------
for program in ./pc_served build/with_pprof; do
	checks=$((checks + 1))
	: >served
	"$program" 127.0.0.1:0 >served 2>&1 &
	pid=$!
	until grep -q '^http' served || ! kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
	curl -sS -m 60 -o goroutines "$(head -n 1 served)/debug/pprof/goroutine?debug=1" || true
	grep -q '^goroutine profile: total [1-9]' goroutines && grep -q 'served\.c:[0-9]' goroutines ||
		complain "$program does not serve itself: $(cat served goroutines)"
	kill "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
done

# --- the tool on it -------------------------------------------------------------------------------
created=leaky.c:$(grep -n '/\* created' leaky.c | cut -d: -f1)
blocked=leaky.c:$(grep -n '/\* blocked' leaky.c | cut -d: -f1)
for program in build/with_shared build/with_static ./pc_shared ./pc_archive ./pc_static; do
	[[ -x $program ]] || continue # has been complained about
	checks=$((checks + 1))
	status=0
	"$prefix/bin/loiter" check --grace 200ms -o report -- "$program" >out 2>err </dev/null ||
		status=$?
	if [[ $status != 23 ]] || ! grep -q "1 goroutine.*created at .*$created" report ||
		! grep -q "$blocked" report || ! grep -q '^sum 3$' out; then
		complain "check of $program: status $status, not: created at $created, blocked at $blocked"
		cat out err report
	fi
done

# Events, with stacks: by eBPF on the probed functions in the shared object, and through its rings.
# Three waits of the main goroutine's friends, at the line where they wait, and no runtime frames.
for way in ebpf shm; do
	checks=$((checks + 1))
	if ! "$prefix/bin/loiter" profile --type wait --via "$way" -o wait.pb.gz \
		-- build/with_shared >out 2>err </dev/null; then
		if [[ $way == ebpf ]] && grep -q 'is refused' err; then
			echo "skipped: the part with eBPF: $(<err)"
			continue
		fi
		complain "profile --via $way: $(<err)"
		continue
	fi
	go tool pprof -sample_index=0 -top -lines -nodefraction=0 wait.pb.gz >pprof 2>&1 ||
		complain "go tool pprof: $(<pprof)"
	if ! grep -q "waits_for_ever .*$blocked" pprof || grep -Eq 'ltr__(park|recv)' pprof; then
		complain "profile --via $way: no wait at $blocked, or frames of the runtime"
		cat pprof err
	fi
done

echo "$checks checks, $faults faults"
((faults == 0))
