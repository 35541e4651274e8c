#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# go tool pprof opens every type in every form, and says what the fixture's census says.
set -eu

if ! go tool pprof -h >/dev/null 2>&1 && ! command -v go >/dev/null; then
	echo "skipped: no go (Debian: golang-go)"
	exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export HOME=$folder PPROF_TMPDIR=$folder PPROF_BINARY_PATH=$folder
types=$("$LTR_BUILD/tests/pprof/write_all" "$folder")

pprof() { go tool pprof "$@" 2>>"$folder/stderr"; }

# has NAME TEXT REGEX: the text has a line like that.
has() {
	if ! grep -Eq -- "$3" <<<"$2"; then
		printf '%s: no line like %s in:\n%s\n' "$1" "$3" "$2"
		exit 1
	fi
}

for type in $types; do
	for file in "$type.pb.gz" "$type-single.pb.gz" "$type-whole.pb.gz" "$type.debug1"; do
		for report in -top -traces -raw '-top -lines' -tags '-peek .'; do
			[ "$report $file" = "-tags $type.debug1" ] && continue # it has none
			case "$type $report" in # nobody waits for one there
			mutex\ -tags | mutex\ -peek*) continue ;;
			esac
			# shellcheck disable=SC2086
			text=$(pprof $report "$file") || {
				echo "go tool pprof $report $file failed:"
				cat stderr
				exit 1
			}
			[ -n "$text" ] || { echo "go tool pprof $report $file printed nothing"; exit 1; }
		done
	done
done

text=$(pprof -top goroutine.pb.gz)
has top "$text" '^Type: goroutine$'
has top "$text" '^Showing nodes accounting for 14, 100% of 14 total$'
has top "$text" '^ +3 21\.43% .* reply$'
text=$(pprof -top -lines goroutine.pb.gz)
has lines "$text" '^ +3 .* reply /src/httpd\.c:87$'
text=$(pprof -top -tagfocus 'tenant=b' goroutine.pb.gz)
has tagfocus "$text" '^ +1 .* reply$'
text=$(pprof -top -tagfocus 'go::goroutine_state=chan send' goroutine.pb.gz)
has tagfocus "$text" '^Showing nodes accounting for 3, '
text=$(pprof -traces goroutine-single.pb.gz)
has traces "$text" '^ *go::goroutine: +10$'
text=$(pprof -comments goroutine.pb.gz)
has comments "$text" 'not the whole truth: 12 records lost'
text=$(pprof -top -diff_base goroutine.pb.gz goroutine.pb.gz)
has diff "$text" 'accounting for 0,'
text=$(pprof -raw goroutine.pb.gz)
has raw "$text" '1: 0x400000/0x500000/0x1000 /usr/bin/httpd 0123456789abcdef0123456789abcdef01234567 \[FN\]\[FL\]\[LN\]\[IN\]'

# Of two processes: what both have is added up, and labels take them apart.
text=$(pprof -top merged.pb.gz)
has merged "$text" '^Showing nodes accounting for 28, 100% of 28 total$'
has merged "$text" '^ +6 21\.43% .* reply$'
has merged "$text" '^loiter: process 4712 \(/usr/bin/httpd --port 80\): not the whole truth'
text=$(pprof -top -tagfocus pid=4712 merged.pb.gz)
has merged "$text" '^Showing nodes accounting for 14, 50\.00% of 28 total$'
text=$(pprof -top -tagfocus process=httpd merged.pb.gz)
has merged "$text" '^Showing nodes accounting for 28, '
text=$(pprof -tags merged.pb.gz)
has merged "$text" '^ *process: Total 28\.0'
has merged "$text" '^ +14\.0 \(50\.00%\): 4712'
text=$(pprof -raw merged.pb.gz)
has merged "$text" '^1: 0x400000/0x500000/0x1000 /usr/bin/httpd '
[ "$(grep -c '/usr/bin/httpd [0-9a-f]' <<<"$text")" = 1 ] || { echo "two mappings of one file"; exit 1; }

text=$(pprof -top wait.pb.gz)
has wait "$text" '^Type: delay$'
has wait "$text" '^ +540s .* reply$'
text=$(pprof -top -sample_index=waits wait.pb.gz)
has waits "$text" '^Type: waits$'
has waits "$text" '^ +3 .* reply$'

text=$(pprof -top block.pb.gz)
has block "$text" '^Type: delay$'
has block "$text" '^ +540s .* reply$'
text=$(pprof -raw mutex.pb.gz)
has mutex "$text" 'contentions/count delay/nanoseconds'
text=$(pprof -top sched.pb.gz)
has sched "$text" ' 500ms total$'
text=$(pprof -top wall.pb.gz)
has wall "$text" '^Type: wall$'
has wall "$text" ' 550\.75s total$'
text=$(pprof -top -lines create.pb.gz)
has create "$text" '^ +8 57\.14% .* accept_connections /src/httpd\.c:123$'
text=$(pprof -top -lines cpu.pb.gz)
has cpu "$text" '^Type: cpu$'
has cpu "$text" '^Duration: 5s, Total samples = 40ms '
has cpu "$text" '^ +30ms 75\.00% .* reply /src/httpd\.c:82$'
text=$(pprof -top goroutineleak.pb.gz)
has goroutineleak "$text" '^Type: goroutineleak$'
has goroutineleak "$text" '^Showing nodes accounting for 3, 100% of 3 total$'
has goroutineleak "$text" '^ +3   100% .* reply$'
text=$(pprof -peek '^reply$' goroutineleak.pb.gz)
has goroutineleak "$text" '^ +3   100% +\|   serve$'
text=$(pprof -traces goroutineleak-single.pb.gz)
has goroutineleak "$text" '^ *go::goroutine: +12$'
text=$(pprof -top -tagfocus 'tenant=a' goroutineleak.pb.gz)
has goroutineleak "$text" '^Showing nodes accounting for 2, '
text=$(pprof -top -diff_base goroutineleak.pb.gz goroutineleak.pb.gz)
has goroutineleak "$text" 'accounting for 0,'
text=$(pprof -top goroutineleak.debug1)
has goroutineleak "$text" ' 3 total$'
has folded "$(cat wait.folded)" '^serve;reply 540000000000$'
has folded "$(cat goroutine.folded)" '^serve;handle;parse 1$'

# What an ended goroutine has waited has its name still; in mutex, it is that of who unlocked.
text=$(pprof -top -tagfocus 'name=^waiter$' wait-ended.pb.gz)
has ended "$text" '^Showing nodes accounting for 5s, '
text=$(pprof -top -tagfocus 'name=^holder$' mutex-ended.pb.gz)
has ended "$text" '^ +3s .* reply$'
text=$(pprof -tags wall-ended.pb.gz)
has ended "$text" '^ +10\.0s .*: holder$'
has ended "$text" '^ +7\.0s .*: waiter$'

# The text forms have addresses alone; the totals are the same.
text=$(pprof -top goroutine.debug1)
has debug1 "$text" '14 total$'
text=$(pprof -raw goroutine.debug1)
has debug1 "$text" '^ +2: [0-9 ]+$'
text=$(pprof -top wait.debug1)
has debug1 "$text" '^Type: delay$'
has debug1 "$text" ' 550\.50s total$'
