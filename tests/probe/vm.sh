#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The eBPF side on an older kernel: Debian's 6.1 (no uprobe_multi, no nop that becomes a call) boots in an
# emulator, and the tests of batches, records, threads and CPU samples run in there, as root; then loiter
# itself records a program by each way, and reads that back. What may be skipped outside must not be skipped
# inside.
set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

: "${LTR_BUILD:?is set by ctest: the build folder}"
programs=$LTR_BUILD/tests/probe
scratch=$(mktemp -d)
root=$scratch/root
emulator=
trap '[[ -z $emulator ]] || kill "$emulator" 2>/dev/null || true; rm -rf "$scratch"' EXIT

[[ $(uname -m) == x86_64 ]] || skip "the kernel is one for x86-64"
command -v qemu-system-x86_64 >/dev/null || skip "no qemu-system-x86_64 (Debian: qemu-system-x86)"
command -v busybox >/dev/null || skip "no busybox (Debian: busybox-static)"
kernel=${LTR_VM_KERNEL:-}
for image in /boot/vmlinuz-6.1.*-amd64; do
	[[ -n $kernel || ! -r $image ]] || kernel=$image
done
[[ -r $kernel ]] || skip "no kernel 6.1: install linux-image-cloud-amd64, or say LTR_VM_KERNEL=IMAGE"

# put PROGRAM: it and the libraries that it is linked with
put() {
	local library
	cp "$1" "$root/test/"
	# A static one has none.
	for library in $(ldd "$1" 2>/dev/null | grep -o '/[^ ]*' || true); do
		mkdir -p "$root$(dirname "$library")"
		cp -Lu "$library" "$root$library"
	done
}

mkdir -p "$root/test"
put "$(command -v busybox)"
for program in ebpf live threads cpu; do put "$programs/test_$program"; done
for program in batch live thread cpu; do put "$programs/${program}_target"; done
put "$LTR_BUILD/loiter"
put "$LTR_BUILD/tests/cli/cases"

cat >"$root/init" <<'END'
#!/test/busybox sh
b=/test/busybox
$b mkdir -p /proc /sys /dev /tmp
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs dev /dev
$b mount -t tracefs tracefs /sys/kernel/tracing
echo "vm: kernel $($b uname -r)"
export BATCH_TARGET=/test/batch_target
export LIVE_TARGET=/test/live_target THREAD_TARGET=/test/thread_target CPU_TARGET=/test/cpu_target
for test in ebpf live threads cpu; do
	/test/test_$test
	echo "vm: $test ended with $?."
done
/test/cases stay-nil >/dev/null &
until /test/loiter dump -p $! 2>/dev/null | $b grep -q 'chan receive (nil chan)'; do :; done
for way in ebpf shm; do
	/test/loiter record --via $way --seconds 1s -p $! -o /tmp/$way.ltr
	echo "vm: record $way ended with $?."
	/test/loiter check /tmp/$way.ltr
	echo "vm: check $way ended with $?."
	/test/loiter dump --json /tmp/$way.ltr >/tmp/dump
	$b grep -o '"way_reason":"[^"]*"' /tmp/dump
	$b grep -o '"cpu_period_ns":[0-9]*' /tmp/dump
	$b grep -o '"threads_reason":"[^"]*"' /tmp/dump
done
$b poweroff -f
END
chmod +x "$root/init"
(cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1) >"$scratch/initrd"

# The emulator's own processor: a virtual machine in a virtual machine may be refused, or be none.
qemu-system-x86_64 -accel tcg -smp 2 -m 512 -display none -serial "file:$scratch/console" -no-reboot \
	-kernel "$kernel" -initrd "$scratch/initrd" -append "console=ttyS0 quiet panic=-1" </dev/null &
emulator=$!
wait "$emulator" || fail "the emulator ended with status $?"
emulator=

tr -d '\r' <"$scratch/console" >"$scratch/said"
contains_with -E "the kernel" '^vm: kernel 6\.1\.' "$scratch/said"
for test in ebpf live threads cpu "record ebpf" "record shm"; do
	contains_with -E "$test in there" "^vm: $test ended with 0\.$" "$scratch/said"
done
for way in ebpf shm; do
	contains_with -E "check in there" "^vm: check $way ended with 23\.$" "$scratch/said"
	contains_with -E "$way in there" "\"way_reason\":\"recorded through $way on " "$scratch/said"
done
! grep -q 'skipped' "$scratch/said" || fail "something was skipped in there"
((faults == 0)) || cat "$scratch/said"
finish
