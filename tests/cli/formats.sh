#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# loiter check's reports for machines, read by those that machines use, and what fails a run.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

leak=("$fake" hello - leak 2 return 7)
clean=("$fake" hello - return 7)
all=(--format text -o "$scratch/r.txt" --format json -o "$scratch/r.json"
	--format junit -o "$scratch/r.xml" --format sarif -o "$scratch/r.sarif"
	--format github -o "$scratch/r.github")

# parses WHAT: the reports of the last run are what their formats want. Prints what they hold.
parses() {
	checks=$((checks + 1))
	python3 - "$scratch" <<'PYTHON' || fail "$1: a report cannot be read"
import json, sys, xml.etree.ElementTree as xml
folder = sys.argv[1]
report = json.load(open(folder + "/r.json"))
sarif = json.load(open(folder + "/r.sarif"))
suites = xml.parse(folder + "/r.xml").getroot()
assert suites.tag == "testsuites"
cases = [case for suite in suites for case in suite]
failed = [case for case in cases if len(case) and case[0].tag == "failure"]
errors = [case for case in cases if len(case) and case[0].tag == "error"]
for suite in suites:
    assert int(suite.get("tests")) == len(suite) > 0
assert int(suites.get("tests")) == len(cases)
assert int(suites.get("failures")) == len(failed)
assert int(suites.get("errors")) == len(errors)
results = sarif["runs"][0]["results"]
fails = [finding for finding in report["findings"] if finding["fails"]]
assert len(results) == len(report["findings"])
assert len([r for r in results if r["level"] == "error"]) == len(fails)
assert len(failed) + len(errors) == len(fails)
lines = open(folder + "/r.github").read().splitlines()
assert len(lines) == len(report["findings"])
assert all(line.startswith(("::error ", "::warning ")) for line in lines)
open(folder + "/counts", "w").write(f"{len(failed)} {len(errors)} {len(cases)}")
PYTHON
	equal "$1: failures, errors, cases" "$2" "$(cat "$scratch/counts")"
}

if command -v python3 >/dev/null; then
	loiter_is 23 "" check --grace 0 "${all[@]}" -- "${leak[@]}"
	parses "a leak" "1 0 1"
	contains "GitHub" "^::error file=.*fake.c,line=[0-9]+,title=loiter%3A 2 goroutines never exited::" \
		"$scratch/r.github"
	loiter_is 7 "" check "${all[@]}" -- "${clean[@]}"
	parses "a clean run" "0 0 1"
	contains "a clean run" "^loiter: clean" "$scratch/r.txt"
	loiter_is 24 "" check "${all[@]}" -- "$fake" hello - kill 9
	parses "a killed program" "0 1 1"
	loiter_is 23 "" check --grace 0 "${all[@]}" -- \
		sh -c "$fake hello - leak 1 return 0; $fake hello - return 0; $fake hello - _exit 0; true"
	parses "three programs" "1 1 3"
	loiter_is 7 "" check --grace 0 --fail-on deadlock "${all[@]}" -- "${leak[@]}"
	parses "a leak that does not count" "0 0 1"
	loiter_is 23 "" check --grace 0 "${all[@]}" -- "$LTR_BUILD/tests/cli/fake" hello - leak 1 deadlock -
	parses "a deadlock" "2 0 2" # one for each place
	if [[ -x $LTR_BUILD/tests/cli/cases ]]; then
		loiter_is 23 "" check --grace 0 "${all[@]}" -- "$LTR_BUILD/tests/cli/cases" hostile
		parses "a hostile name" "1 0 1"
	fi
else
	printf 'left out: the formats are not parsed, there is no python3\n'
fi

# Without -o: standard error, where people read; the machines' formats also when it is clean.
loiter_is 23 '"format":"loiter check"' check --grace 0 --format json -- "${leak[@]}"
loiter_is 7 "<testsuites" check --format junit -- "${clean[@]}"
loiter_is 7 "" check --format text -- "${clean[@]}"
loiter_is 23 "^loiter: 2 goroutines never exited" \
	check --grace 0 --format text --format json -o "$scratch/x" -- "${leak[@]}"
lacks "text and json" "loiter check" "$scratch/err"
loiter_is 7 "" check --format json -o - -- "${clean[@]}"
contains "-o -" "loiter check" "$scratch/out"

# What fails a run.
loiter_is 7 "^loiter: 2 goroutines never exited" check --grace 0 --fail-on deadlock -- "${leak[@]}"
loiter_is 7 "never exited" check --grace 0 --fail-on deadlock,leaked,suspect -- "${leak[@]}"
loiter_is 23 "never exited" check --grace 0 --fail-on never-exited -- "${leak[@]}"
loiter_is 23 "deadlock" check --fail-on deadlock -- "$fake" hello - leak 2 deadlock -
loiter_is 24 "killed by signal" check --fail-on deadlock -- "$fake" hello - kill 9
for grades in "" poem "deadlock," ",deadlock" "never exited" inconclusive deadlock,poem DEADLOCK; do
	one_sentence_is 64 "--fail-on wants a list" check "--fail-on=$grades" -- "${clean[@]}"
done

# Wrong usage.
one_sentence_is 64 "no report format 'xml'" check --format xml -- "${clean[@]}"
one_sentence_is 64 "is a second -o" check -o a -o b -- "${clean[@]}"
one_sentence_is 64 "two reports cannot go to $scratch/a" check --format json -o "$scratch/a" \
	--format sarif -o "$scratch/a" -- "${clean[@]}"
one_sentence_is 64 "8 reports at most" check --format json --format json --format json \
	--format json --format json --format json --format json --format json --format json \
	-- "${clean[@]}"
[[ ! -e $scratch/a ]] || fail "wrong usage writes a file"

# A full disk: one that cannot be written does not keep the others back, and is never clean.
one_sentence_is 24 "cannot write the report to /dev/full: No space left" \
	check --format json -o /dev/full --format sarif -o "$scratch/b" -- "${clean[@]}"
contains "the other report" '"version":"2.1.0"' "$scratch/b"
loiter_is 23 "cannot write the report to /dev/full" \
	check --grace 0 --format json -o /dev/full -- "${leak[@]}"
contains "what found no other place" "^loiter: 2 goroutines never exited" "$scratch/err"
loiter_is 24 "cannot write the report to /dev/full" \
	check --grace 0 --fail-on deadlock --format junit -o /dev/full -- "${leak[@]}"
printf 'before\n' >"$scratch/old"
chmod 400 "$scratch/old"
loiter_is 64 "--fail-on wants" check --fail-on x -o "$scratch/old" -- "${clean[@]}"
equal "wrong usage leaves the old report" before "$(cat "$scratch/old")"
finish
