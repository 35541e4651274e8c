#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Programs that misuse a channel's direction or type, or start a goroutine with the wrong argument,
# must not compile, and for the right reason.
set -u
source_file=$LTR_SOURCE/tests/runtime/reject/accepted.c
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
tested=0 failed=0

compile() {	# compiler file: what it says is in $work/said
	"$1" -std=gnu17 -fsyntax-only -I"$LTR_SOURCE/runtime/include" "$2" >"$work/said" 2>&1
}

# reject 'LINE' 'CHANGED LINE' 'what the compiler has to say (a regular expression)'
reject() {
	local compiler
	grep -qF "	$1" "$source_file" || { echo "no line '$1'"; failed=$((failed + 1)); return; }
	while IFS= read -r line; do
		if [ "$line" = "	$1" ]; then printf '\t%s\n' "$2"; else printf '%s\n' "$line"; fi
	done <"$source_file" >"$work/bad.c"
	for compiler in gcc clang; do
		tested=$((tested + 1))
		if compile "$compiler" "$work/bad.c"; then
			echo "$compiler accepts: $2"; failed=$((failed + 1))
		elif ! grep -E 'error' "$work/said" | grep -Eq "$3"; then
			echo "$compiler rejects '$2' but does not say '$3':"; cat "$work/said"
			failed=$((failed + 1))
		fi
	done
}

for compiler in gcc clang; do
	tested=$((tested + 1))
	compile "$compiler" "$source_file" || { cat "$work/said"; failed=$((failed + 1)); }
done

reject 'ltr_send(out, 1);' 'ltr_send(in, 1);' "can_send"
reject 'ltr_recv(in, &n);' 'ltr_recv(out, &n);' "can_receive"
reject 'ltr_close(out);' 'ltr_close(in);' "can_send"
reject 'out = c.sender;' 'out = c.receiver;' "incompatible"
reject 'out = c.sender;' 'out = in;' "incompatible"
reject 'in = c.receiver;' 'in = c;' "incompatible"
reject 'in = c.receiver;' 'c = (numbers){.sender = in};' "incompatible|initializ"
reject 'ltr_select(LTR_NOW, LTR_SEND(out, 1), LTR_RECV(in, &n));' \
	'ltr_select(LTR_NOW, LTR_SEND(in, 1));' "can_send"
reject 'ltr_select(LTR_NOW, LTR_SEND(out, 1), LTR_RECV(in, &n));' \
	'ltr_select(LTR_NOW, LTR_RECV(out, &n));' "can_receive"
reject 'ltr_select(LTR_NOW, LTR_SEND(out, 1), LTR_RECV(in, &n));' \
	'ltr_select(LTR_NOW, LTR_RECV(in, &text));' "incompatible"
reject 'ltr_send(c, 1);' 'ltr_send(c, "text");' "integer from pointer|pointer to integer"
reject 'ltr_send(c, 1);' 'ltr_send(c, p);' "incompatible"
reject 'ltr_recv(c, &n);' 'ltr_recv(c, &text);' "incompatible"
reject 'ltr_recv(c, &n);' 'ltr_recv(c, n);' "pointer from integer|integer to pointer"
reject 'ltr_send(w, "text");' 'ltr_send(w, 1);' "pointer from integer|integer to pointer"
reject 'ltr_send(ps, p);' 'ltr_send(ps, 1);' "invalid initializer|incompatible"
reject 'ltr_recv(ps, &p);' 'ltr_recv(ps, &n);' "incompatible"
reject 'ltr_go(takes_point, p);' 'ltr_go(takes_point, n);' "incompatible"
reject 'ltr_go(takes_point, p);' 'ltr_go(takes_point, &p);' "incompatible"
reject 'ltr_go(takes_point, p);' 'ltr_go(takes_point);' "incompatible"
reject 'ltr_go(takes_nothing);' 'ltr_go(takes_nothing, p);' "incompatible"

reject 'ltr_send(c, 1, context);' 'ltr_send(c, 1, &n);' "integer from pointer|pointer to integer"
reject 'ltr_send(c, 1, context);' 'ltr_send(c, 1, NULL);' "integer from pointer|pointer to integer"
reject 'ltr_sleep(LTR_SECOND, context);' 'ltr_sleep(LTR_SECOND, LTR_SECOND);' \
	"pointer from integer|integer to pointer"
reject 'ltr_select(context, LTR_RECV(ltr_context_done(context), NULL));' \
	'ltr_select(context, LTR_SEND(ltr_context_done(context), 0));' "can_send"
reject 'ltr_select(context, LTR_RECV(ltr_context_done(context), NULL));' \
	'ltr_select(&group, LTR_RECV(ltr_context_done(context), NULL));' \
	"integer from pointer|pointer to integer"
reject 'ltr_group_go(&group, takes_point_in_group, p);' \
	'ltr_group_go(&group, takes_point_in_group, n);' "incompatible"
reject 'ltr_group_go(&group, takes_point_in_group, p);' \
	'ltr_group_go(&group, takes_point, p);' "incompatible"
reject 'ltr_group_go(&group, takes_nothing_in_group);' \
	'ltr_group_go(&group, takes_nothing_in_group, p);' "incompatible"
reject 'ltr_group_go(&group, takes_nothing_in_group);' \
	'ltr_group_go(context, takes_nothing_in_group);' "incompatible"

echo "$tested compilations, $failed wrong"
[ "$failed" -eq 0 ]
