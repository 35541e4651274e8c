# SPDX-License-Identifier: MIT
#
# Reads every #include below the working directory and complains about each arrow between rooms
# that the table below does not have. Input: the names of all sources and headers, one a line.
# Output: one line a complaint, FILE:LINE: WHAT. Status 1 if there was any.
#
# A header is known to belong to one of these, its "owner":
#   a room     its path begins with it; of the headers that rooms share, each has a name of its own
#   a library  by the name that it is included by
#   generated  *.skel.h and *.lskel.h belong to libbpf, *.pb-c.h to protobuf-c
# What has no owner is refused: a new library is a decision, made here and in docs/dependencies.md.

BEGIN {
	# room or part of it: what it may include. The longest match counts. A room may always
	# include itself. event.h and layout.h come with the census, whose numbers they name.
	may["runtime/"] = "libc contract api sanitizer"
	may["probe/"] = "libc contract census census-fill probe elfutils seccomp zlib zstd probe/bpf/"
	may["probe/ebpf/"] = "libc contract census probe probe/ probe/bpf/ libbpf"
	# Of libbpf, bpf programs use the kernel's half, which is another thing.
	may["probe/bpf/"] = "contract linux libbpf-kernel"
	may["check/"] = "libc census event layout json-c"
	may["pprof/"] = "libc census event layout protobuf-c zlib json-c"
	may["serve/"] = "libc census event layout pprof/ microhttpd"
	may["serve/findings/"] = "libc census probe check/ pprof/"
	may["serve/inside/"] = "libc api census probe serve/ serve/findings/"
	may["serve/include/"] = "libc api"
	may["tui/"] = "libc census event layout curses"
	may["cli/"] = "libc libcap contract census probe check/ pprof/ serve/ serve/findings/ tui/"
	may["examples/"] = "libc api http-parser"
	may["bench/"] = "libc contract api census census-fill probe check/ pprof/ tui/ runtime/ probe/ json-c"
	may["tests/"] = "libc contract api census census-fill probe check/ pprof/ serve/ tui/ cli/ runtime/" \
		" probe/ probe/ebpf/ examples/ cmocka vterm http-parser zlib zstd protobuf-c json-c elfutils curses libbpf sanitizer"
	may["tests/fuzz/"] = may["tests/"] " tests/ probe/bpf/"
	may["tests/check/"] = "libc contract census census-fill check/ cmocka json-c"
	may["tests/pprof/"] = "libc contract census census-fill pprof/ cmocka zlib protobuf-c json-c"
	may["tests/tui/"] = "libc contract census census-fill probe tui/ cmocka vterm"
	may["tests/runtime/"] = "libc contract api runtime/ cmocka sanitizer"

	# Headers that rooms share, each by the name that the table uses.
	shared["runtime/include/loiter/event.h"] = "event"
	shared["runtime/include/loiter/layout.h"] = "layout"
	shared["runtime/include/loiter/gate.h"] = "gate"
	shared["probe/census.h"] = "census"
	shared["probe/timeline.h"] = "census"
	shared["probe/lifeline.h"] = "census"
	shared["probe/census_fill.h"] = "census-fill"
	shared["probe/probe.h"] = "probe"
	shared["probe/record.h"] = "probe"
	shared["probe/helper.h"] = "probe"
	shared["serve/include/loiter/pprof.h"] = "api"

	# Libraries: a pattern for the name in the #include.
	library["^bpf/bpf_(helpers|tracing|core_read|endian)\\.h$"] = "libbpf-kernel"
	library["^bpf/usdt\\.bpf\\.h$"] = "libbpf-kernel"
	library["^(bpf/(bpf|libbpf|btf)\\.h|.*\\.l?skel\\.h)$"] = "libbpf"
	library["^vmlinux\\.h$"] = "linux"
	library["^(elfutils/.*|dwarf\\.h|libelf\\.h|gelf\\.h)$"] = "elfutils"
	library["^(ncursesw?/)?(curses|ncurses|term|panel|menu|form)\\.h$"] = "curses"
	library["^(protobuf-c/.*|.*\\.pb-c\\.h)$"] = "protobuf-c"
	library["^seccomp\\.h$"] = "seccomp"
	library["^zlib\\.h$"] = "zlib"
	library["^zstd\\.h$"] = "zstd"
	library["^json-c/.*"] = "json-c"
	library["^microhttpd\\.h$"] = "microhttpd"
	library["^http_parser\\.h$"] = "http-parser"
	library["^cmocka\\.h$"] = "cmocka"
	library["^vterm(_keycodes)?\\.h$"] = "vterm"
	library["^sanitizer/.*"] = "sanitizer"
	library["^(linux|asm|asm-generic)/.*"] = "linux"
	library["^(sys|arpa|net|netinet|rpc|bits)/.*"] = "libc"
	library["^initializer_list$"] = "libc" # what C++ brings along

	# libc and the compiler; what is not a pattern above.
	n = split("alloca argp assert complex cpuid ctype dirent dlfcn elf endian err errno execinfo fcntl " \
		"features fenv float fnmatch ftw getopt glob grp iconv ifaddrs immintrin inttypes " \
		"iso646 langinfo libgen libintl limits link locale malloc math mntent net netdb " \
		"nl_types paths poll pthread pty pwd regex resolv sched search semaphore setjmp " \
		"signal spawn stdalign stdarg stdatomic stdbool stddef stdint stdio stdio_ext " \
		"stdlib stdnoreturn string strings syscall sysexits syslog termios threads time " \
		"ucontext uchar unistd utime utmp wait wchar wctype wordexp x86intrin", names, " ")
	for (i = 1; i <= n; i++)
		library["^" names[i] "\\.h$"] = "libc"

	# One file each, outside of tests, so that a change of the library is a change of one file.
	only_one["curses"] = only_one["protobuf-c"] = only_one["microhttpd"] = 1
	# Where else quoted names are looked for.
	include_folders = "runtime/src/ probe/ check/ pprof/ serve/ tui/ cli/ tests/"
	# Whoever may include what is named on the right may include what is on the left.
	implies["event"] = implies["layout"] = implies["gate"] = "contract"
	implies["linux"] = "libc"
}

function complain(text)
{
	print text
	complaints++
}

# The longest prefix of `path` that is a key of may[].
function place_of(path,    place, best)
{
	best = ""
	for (place in may)
		if (index(path, place) == 1 && length(place) > length(best))
			best = place
	return best
}

function folder_of(path)
{
	return path ~ /\// ? substr(path, 1, match(path, /\/[^\/]*$/)) : ""
}

# "a/b/../c.h" as "a/c.h"
function normal(path)
{
	gsub(/\/\.\//, "/", path)
	while (match(path, /[^\/.][^\/]*\/\.\.\//))
		path = substr(path, 1, RSTART - 1) substr(path, RSTART + RLENGTH)
	return path
}

# The first of the `folders`, blanks between them and "." for the root, that has a header `name`.
function find_in(folders, name,    folder, n, i, candidate)
{
	n = split(folders, folder, " ")
	for (i = 1; i <= n; i++) {
		candidate = folder[i] == "." ? name : normal(folder[i] name)
		if (candidate in is_ours)
			return candidate
	}
	return ""
}

# The header of ours that `file` means by `name`, or "". Names in brackets are looked for from the
# root and among the public headers of the runtime; quoted ones also around the file, and then in
# every room, so that none escapes us because of an -I.
function find_ours(file, name, quoted,    room, tested)
{
	if (!quoted)
		return find_in(". runtime/include/ serve/include/", name)
	room = substr(file, 1, index(file, "/"))
	tested = ""
	if (room == "tests/" && match(file, /^tests\/[^\/]*\//))
		tested = substr(file, 7, RLENGTH - 6)
	return find_in(folder_of(file) " " place_of(file) " " room " " room "src/ " tested " " \
		tested "src/ . runtime/include/ " include_folders, name)
}

function owner_of_library(name,    pattern)
{
	if (name == "sys/capability.h") # a library's, among those of libc
		return "libcap"
	for (pattern in library)
		if (name ~ pattern)
			return library[pattern]
	return ""
}

# Whether `list`, blanks between the words, has `word`, directly or through implies[].
function has(list, word,    words, n, i)
{
	n = split(list, words, " ")
	for (i = 1; i <= n; i++)
		if (words[i] == word || words[i] == implies[word])
			return 1
	return 0
}

function check_include(file, line, name, quoted,    place, ours, owner)
{
	place = place_of(file)
	if (place == "") {
		complain(file ":" line ": no room of the table has this file")
		return
	}
	ours = find_ours(file, name, quoted)
	if (ours != "") {
		if (ours in shared)
			owner = shared[ours]
		else if (ours ~ /^runtime\/include\//)
			owner = "api"
		else if (place_of(ours) == place)
			return
		else if (ours ~ /^tests\//)
			owner = "tests/"
		else
			owner = place_of(ours)
		# tests/ has rooms of its own; helpers directly in it are for all of them.
		if (owner == "tests/" && file ~ /^tests\//)
			return
	} else {
		owner = owner_of_library(name)
		if (owner == "") {
			complain(file ":" line ": <" name "> belongs to no library we know")
			return
		}
	}
	if (!has(may[place], owner))
		complain(file ":" line ": " place " must not include " name " (" owner ")")
	if ((owner in only_one) && file !~ /^tests\// && !((owner, file) in counted)) {
		counted[owner, file] = 1
		if (owner in first_file)
			complain(file ":" line ": only one file may include " owner ", and " \
				first_file[owner] " does")
		else
			first_file[owner] = file
	}
}

{
	files[++file_count] = $0
	is_ours[$0] = 1
}

END {
	for (f = 1; f <= file_count; f++) {
		line = 0
		while ((getline text < files[f]) > 0) {
			line++
			if (text !~ /^[ \t]*#[ \t]*include[ \t]/)
				continue
			if (match(text, /[<"][^>"]+[>"]/)) {
				check_include(files[f], line, substr(text, RSTART + 1, RLENGTH - 2),
					substr(text, RSTART, 1) == "\"")
				includes++
			} else {
				complain(files[f] ":" line ": an #include that we cannot read")
			}
		}
		close(files[f])
	}
	printf "%d files, %d includes, %d complaints\n", file_count, includes, complaints
	exit complaints > 0 || includes == 0
}
