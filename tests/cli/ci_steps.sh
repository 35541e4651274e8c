#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The steps of docs/ci.md for GitHub and GitLab, taken from that page and run as a service would: in a fresh
# checkout of a project that was built with the installed libloiter, with an empty environment, as a user
# without any capability. A clean project passes; one with a leak fails, and the reports that the services
# are told to read are there and are what they read.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

python3 -c 'import yaml' 2>/dev/null || {
	printf 'skipped: there is no yaml for python3\n'
	exit 77
}
page=$LTR_SOURCE/docs/ci.md
prefix=$scratch/prefix
cmake --install "$LTR_BUILD" --prefix "$prefix" >"$scratch/log" 2>&1 || {
	cat "$scratch/log"
	fail "cannot be installed"
}
libdir=$(dirname "$(find "$prefix" -name libloiter.a)")

# steps SERVICE: its commands, one file each, $scratch/SERVICE.0 and so on; and what is to be kept
python3 - "$page" "$scratch" <<'PYTHON'
import re, sys, yaml
page, folder = sys.argv[1:]
text = open(page).read()
for heading, name in (("GitHub Actions", "github"), ("GitLab CI", "gitlab")):
    block = re.search(r"^## " + heading + r"\n```yaml\n(.*?)^```", text, re.S | re.M).group(1)
    job = yaml.safe_load(block)
    if name == "github":
        steps = job["jobs"]["leaks"]["steps"]
        commands = [step["run"] for step in steps if "run" in step]
        kept = [step["with"]["sarif_file"] for step in steps if "sarif_file" in step.get("with", {})]
        assert any(step.get("if") == "always()" for step in steps if "with" in step)
    else:
        commands = job["leaks"]["script"]
        kept = [job["leaks"]["artifacts"]["reports"]["junit"]]
        assert job["leaks"]["artifacts"]["when"] == "always"
    assert len(commands) == 2 and len(kept) == 1, (commands, kept)
    for number, command in enumerate(commands):
        open(f"{folder}/{name}.{number}", "w").write(command + "\n")
    open(f"{folder}/{name}.kept", "w").write(kept[0])
# How the baseline comes to be is on the page as well.
open(folder + "/baseline", "w").write(
    re.search(r"^(loiter check --write-baseline .*?) +#", text, re.M).group(1) + "\n")
PYTHON
equal "what the page says" 6 "$(find "$scratch" -name 'git*.[0-9k]*' | wc -l)"

# checkout FOLDER CASE: a project whose `make test` runs a program that behaves like that
checkout() {
	mkdir "$1"
	cat >"$1/test.c" <<'C'
#include <loiter.h>
#include <string.h>

LTR_CHAN(answers, int);

static void ask(answers_sender *answer)
{
	ltr_send(*answer, 42);
}

static int run(int argc, char **argv)
{
	answers answer = ltr_make(answers, 0);
	int leak = argc > 1 && strcmp(argv[1], "leak") == 0;

	ltr_go(ask, answer.sender);
	if (!leak)
		ltr_recv(answer, NULL);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
C
	cat >"$1/Makefile" <<MAKE
all: test-program
test-program: test.c
	$CC -std=gnu17 -g -I$prefix/include -o \$@ test.c $libdir/libloiter.a -lpthread -lm
test: test-program
	./test-program $2
.PHONY: all test
MAKE
}
CC=${CC:-cc}

# As somebody without rights, if we have some to give away.
as=()
if ((EUID == 0)); then
	as=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all)
fi

# step FILE FOLDER: as a service runs it; its status is in $status, what it says in $scratch/said
step() {
	status=0
	(cd "$2" && timeout 300 "${as[@]}" env -i PATH="$prefix/bin:/usr/bin:/bin" HOME="$2" \
		bash -eo pipefail "$1") >"$scratch/said" 2>&1 </dev/null || status=$?
}

chmod 755 "$scratch"
for service in github gitlab; do
	for case in clean leak; do
		work=$scratch/$service-$case
		checkout "$work" "$case"
		kept=$work/$(<"$scratch/$service.kept")
		# The page's baseline, made once from a run that was clean, is in the repository.
		sed -i "s|./test-program $case|./test-program clean|" "$work/Makefile"
		((EUID == 0)) && chown -R 65534:65534 "$work"
		step "$scratch/baseline" "$work"
		equal "$service, $case: the baseline" 0 "$status"
		((status == 0)) || cat "$scratch/said"
		contains "$service, $case: the baseline" "^loiter baseline 1$" "$work/loiter.baseline"
		sed -i "s|./test-program clean|./test-program $case|" "$work/Makefile"
		step "$scratch/$service.0" "$work"
		equal "$service, $case: make" 0 "$status"
		step "$scratch/$service.1" "$work"
		if [[ $case == clean ]]; then
			equal "$service, clean: status" 0 "$status"
		else
			equal "$service, leak: status" 23 "$status"
			contains "$service: what people read" "^loiter: 1 goroutine (leaked|never exited): created at test.c:[0-9]+ \(run\)$" \
				"$scratch/said"
		fi
		if [[ ! -s $kept ]]; then
			fail "$service, $case: there is no $kept"
			cat "$scratch/said"
			continue
		fi
		python3 - "$service" "$case" "$kept" <<'PYTHON' || fail "$service, $case: the report is not what is read"
import json, sys, xml.etree.ElementTree as xml
service, case, kept = sys.argv[1:]
if service == "github":
    results = json.load(open(kept))["runs"][0]["results"]
    assert len(results) == (case == "leak"), results
    for result in results:
        location = result["locations"][0]["physicalLocation"]
        assert location["artifactLocation"]["uri"] == "test.c", location
        assert location["region"]["startLine"] == 16, location
else:
    suites = xml.parse(kept).getroot()
    assert int(suites.get("failures")) == (case == "leak")
PYTHON
	done
done
work=$scratch/github-leak
step "$scratch/github.1" "$work"
contains "GitHub's annotation" "^::error file=test.c,line=16,title=loiter" "$scratch/said"
finish
